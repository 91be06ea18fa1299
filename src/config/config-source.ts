/**
 * A configuration for a process that lives long: read again when what it is made of changed. What cannot be read changes nothing; the last
 * good configuration stays and the problem is told. Where a configuration comes from is decided elsewhere (git/committed-config.ts).
 */
import { LabError, messageOf } from '../errors/lab-error.ts';
import type { LabConfig } from './schema.ts';

/** A configuration that follows its files. */
export interface ConfigSource {
  current(): LabConfig;
  /** What is wrong with the files as they are now; null where nothing is. */
  problem(): string | null;
}

/** How a configuration is found. */
export interface ConfigParts {
  /** Changes whenever the configuration may have; a few small reads, since it is asked often. */
  stamp(): string;
  /** The configuration as it is now. Throws LabError (config) where it is broken. */
  load(): LabConfig;
  /** What a person should know besides; null where nothing. */
  note(): string | null;
}

/** Opens a configuration. Throws LabError (config) where it is broken to begin with. */
export function createConfigSource({ stamp, load, note }: ConfigParts): ConfigSource {
  let known: string | null = stamp();
  let config = load();
  let problem: string | null = null;
  const refresh = () => {
    const now = stamp();
    if (now === known) return;
    try {
      config = load();
      problem = null;
      known = now;
    } catch (error) {
      problem = `${messageOf(error)}; the configuration from before stays in force`;
      // A broken text stays broken until it is changed; whatever else went wrong (git could not be started) is tried again.
      known = error instanceof LabError && error.kind === 'config' ? now : null;
    }
  };
  return {
    current() {
      refresh();
      return config;
    },
    problem() {
      refresh();
      return problem ?? note();
    },
  };
}
