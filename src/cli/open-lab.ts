/** What the views and verbs of records begin with: the lab of this folder, its main branch, and the way to have the recorder write. */
import { userInfo } from 'node:os';
import { findLab, type LabPaths } from '../config/lab-paths.ts';
import type { LabConfig } from '../config/schema.ts';
import { resolveMainBranch } from '../git/repository.ts';
import { runGitResult } from '../git/run-git.ts';
import type { RecordingContext } from '../pipeline/record-idea.ts';
import { createLabGate } from './lab-gate.ts';
import { openConfig } from './open-config.ts';

/** The lab that owns the present folder. */
export interface OpenLab {
  paths: LabPaths;
  config: LabConfig;
  /** Name of the main branch. */
  main: string;
}

/** Opens the lab of the present folder; starts no daemon. Throws LabError where there is none or its configuration is wrong. */
export async function openLab(): Promise<OpenLab> {
  const paths = findLab(process.cwd());
  const config = openConfig(paths);
  return { paths, config, main: await resolveMainBranch(paths.root, config.main) };
}

/** Creates what it takes to have something recorded; the daemon starts with the first record. What delays it is told on stderr. */
export function createRecording({ paths, config, main }: OpenLab): RecordingContext {
  return {
    paths,
    main,
    gate: createLabGate(paths, config),
    // Never aborted: Ctrl-C ends this process, and the daemon has either all of a record or nothing.
    signal: new AbortController().signal,
    tell: (line) => void process.stderr.write(`${line}\n`),
  };
}

/** Who the person at the keyboard is: git's user.name, else $USER, else the name of the account. */
export async function readPersonName(root: string): Promise<string> {
  const { exitCode, stdout } = await runGitResult(root, ['config', 'user.name']);
  const name = exitCode === 0 ? stdout.toString('utf8').trim() : '';
  return name || process.env.USER || userInfo().username;
}
