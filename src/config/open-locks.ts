/**
 * The four locks around frozen files, and the switch that opens one. Only tests of the source repository can set it, to show what each lock
 * stops alone: the published package has no src/scenarios, and there the variable does nothing.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from './package-root.ts';

/**
 * `hooks`: git refuses commits and pushes; `check`: an experiment's commit is looked at before it is queued; `worker`: the door of the
 * queue, the run's checkout and the scorer; `sandbox`: what processes of agents and runs can reach.
 */
export type LockName = 'hooks' | 'check' | 'worker' | 'sandbox';

/** All locks, in the order in which a change meets them. */
export const lockNames: readonly LockName[] = ['hooks', 'check', 'worker', 'sandbox'];

/** Whether a test has opened this lock (LAB_TEST_OPEN_LOCKS, names with commas). False in every installed package. */
export function isLockOpen(name: LockName, environment: NodeJS.ProcessEnv = process.env): boolean {
  const opened = environment.LAB_TEST_OPEN_LOCKS;
  if (opened === undefined || opened === '') return false;
  return opened.split(',').includes(name) && existsSync(join(packageRoot(), 'src', 'scenarios'));
}
