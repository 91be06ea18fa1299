/**
 * The configuration of a lab as its files are right now, for a process that lives long: read again when lab.yaml or lab.local.yaml changed.
 * A broken file changes nothing; the last good configuration stays and the problem is told.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../errors/lab-error.ts';
import { type ConfigSources, loadConfig } from './load.ts';
import type { LabConfig } from './schema.ts';

/** A configuration that follows its files. */
export interface ConfigSource {
  current(): LabConfig;
  /** What is wrong with the files as they are now; null where nothing is. */
  problem(): string | null;
}

/** Opens the configuration of the lab at `root`. Throws LabError (config) where it is broken to begin with. */
export function createConfigSource(root: string, sources: ConfigSources): ConfigSource {
  let config = loadConfig(root, sources);
  let stamp = readStamp(root);
  let problem: string | null = null;
  const refresh = () => {
    const now = readStamp(root);
    if (now === stamp) return;
    stamp = now;
    try {
      config = loadConfig(root, sources);
      problem = null;
    } catch (error) {
      problem = `${messageOf(error)}; the configuration from before stays in force`;
    }
  };
  return {
    current() {
      refresh();
      return config;
    },
    problem() {
      refresh();
      return problem;
    },
  };
}

function readStamp(root: string): string {
  return ['lab.yaml', 'lab.local.yaml']
    .map((name) => {
      const found = statSync(join(root, name), { throwIfNoEntry: false });
      return found ? `${found.mtimeMs}:${found.size}:${found.ino}` : 'missing';
    })
    .join(' ');
}
