/** The configuration for a command: main's committed lab.yaml counts, and where the root checkout's differs, one line on stderr says so. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LabPaths } from '../config/lab-paths.ts';
import type { LabConfig } from '../config/schema.ts';
import { openLabConfig } from '../git/committed-config.ts';

let told = false;

/**
 * The configuration of the lab, with `flags` over it. Tells once per process where lab.yaml in the root checkout says something else than
 * main, but not while META_MODE is open: then a human is at work on it. Throws LabError (config) where the configuration is wrong.
 */
export function openConfig(paths: LabPaths, flags: Record<string, string> = {}): LabConfig {
  const { config, note } = openLabConfig(paths.root, { environment: process.env, flags });
  // The file alone, not rules/meta-state.ts: this is read by the light client.
  if (note !== null && !told && !existsSync(join(paths.state, 'meta.json'))) {
    told = true;
    process.stderr.write(`note: ${note}\n`);
  }
  return config;
}
