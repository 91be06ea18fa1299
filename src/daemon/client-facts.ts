/**
 * What `lab add` needs of the configuration, told by the daemon, which has it read already: the client then loads neither YAML nor schema.
 * The configuration is the one that the client would load itself, with the client's own environment over it. Where a person has to be told
 * something, or the files changed just now, nothing is said and the client looks for itself.
 */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type ClientFacts, factsOf } from '../config/client-facts.ts';
import type { ConfigSource } from '../config/config-source.ts';
import type { LabPaths } from '../config/lab-paths.ts';
import { listConfigLeaves } from '../config/schema.ts';
import { LabError } from '../errors/lab-error.ts';
import { createCommittedConfigSource } from '../git/committed-config.ts';

/** The facts for a client with that environment; null where it has to look for itself. */
export type FactsReader = (environment: Readonly<Record<string, string>>) => ClientFacts | null;

/** How many environments are remembered; shells rarely differ in what they set of the lab's. */
const rememberedSources = 8;

/** A file that changed so shortly ago may change again without a new time: some file systems count in whole seconds. */
const tickMs = 2500;

/** A reader of the facts of a lab. Its configurations follow their files; `freshMs` is how long a file that changed counts as fresh. */
export function createFactsReader(paths: LabPaths, freshMs: number = tickMs): FactsReader {
  const names = listConfigLeaves().map(({ environment }) => environment);
  const sources = new Map<string, ConfigSource>();
  const sourceOf = (environment: Readonly<Record<string, string>>): ConfigSource => {
    const set = names.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]]));
    const key = JSON.stringify(set);
    const known = sources.get(key);
    if (known !== undefined) return known;
    const source = createCommittedConfigSource(paths.root, { environment: Object.fromEntries(set) }, () =>
      existsSync(join(paths.state, 'meta.json')),
    );
    const [oldest] = sources.keys();
    if (oldest !== undefined && sources.size >= rememberedSources) sources.delete(oldest);
    sources.set(key, source);
    return source;
  };
  return (environment) => {
    try {
      if (['lab.yaml', 'lab.local.yaml'].some((name) => isFresh(join(paths.root, name), freshMs))) return null;
      const source = sourceOf(environment);
      const config = source.current();
      return source.problem() === null ? factsOf(config) : null;
    } catch (error) {
      // The client meets the same and says it in its own words.
      if (error instanceof LabError) return null;
      throw error;
    }
  };
}

function isFresh(path: string, freshMs: number): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  // The absolute difference: a clock that was set back leaves files in the future.
  return found !== undefined && Math.abs(Date.now() - found.ctimeMs) < freshMs;
}
