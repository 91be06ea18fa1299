/**
 * The mode `setup`: the smallest way from nothing, or from a clone, to one run of the unmodified code that has both numbers. Each step says
 * whether it was done or was so already; asked again it does nothing twice.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type LabPaths, labPaths } from '../../config/lab-paths.ts';
import type { LabConfig } from '../../config/schema.ts';
import { LabError } from '../../errors/lab-error.ts';
import { resolveMainBranch } from '../../git/repository.ts';
import { runGitResult } from '../../git/run-git.ts';
import { type KernelLock, tryLock, waitForLock } from '../../lab/kernel-lock.ts';
import type { LabGate } from '../../pipeline/lab-gate.ts';
import { readHardware } from '../intake/hardware.ts';
import type { BaselineRun } from './baseline-numbers.ts';
import { checkUv, prepareData, prepareEnvironment, type SetupSounds } from './environment-steps.ts';
import { findRepository, type RepositoryRequest } from './find-repository.ts';
import { judgeHardware } from './judge-hardware.ts';
import { measureBaseline } from './measure-baseline.ts';
import { failStep, type SetupReport, type SetupStep, type SetupStepReport, type StepOutcome } from './setup-steps.ts';

/** What the mode is given by whoever can reach the rest of the lab. */
export interface SetupPorts extends SetupSounds {
  /** Hears of each step as it ends. */
  onStep(report: SetupStepReport): void;
  /** Makes a lab of a repository; gives one line about it. Throws LabError where it cannot. */
  adopt(root: string): Promise<string>;
  openConfig(paths: LabPaths): LabConfig;
  createGate(paths: LabPaths, config: LabConfig): LabGate;
}

/** What is asked for. */
export interface SetupRequest extends RepositoryRequest {
  /** Whether prepare.py may run where its data is missing. */
  prepare: boolean;
}

/**
 * Runs the steps to the first failure or to both numbers. A second one in the same lab waits for the first and then finds all done. Throws
 * what no step can tell; an abort ends it before the next step, or in the middle of one that takes long.
 */
export async function setUp(request: SetupRequest, ports: SetupPorts): Promise<SetupReport> {
  const { signal } = ports;
  const steps: SetupStepReport[] = [];
  const take = (step: SetupStep, outcome: StepOutcome): boolean => {
    // What a stop has ended did not fail.
    if (outcome.state === 'failed') signal.throwIfAborted();
    const report = { step, ...outcome };
    steps.push(report);
    ports.onStep(report);
    // No further step begins; after the last there is none.
    if (step !== 'baseline') signal.throwIfAborted();
    return outcome.state !== 'failed';
  };
  signal.throwIfAborted();
  const repository = await findRepository(request, ports.tell, signal);
  const { root } = repository;
  const end = (baseline: BaselineRun | null = null): SetupReport => ({ root, steps, baseline });
  if (!take('repository', repository.outcome) || root === null) return end();
  const isLab = existsSync(join(root, 'lab.yaml'));
  const paths = labPaths(root);
  // Before adoption: a lab that nothing can run in would only be in the way.
  if (!take('uv', await checkUv(root, isLab ? ports.openConfig(paths) : null))) return end();
  if (!take('lab', isLab ? { state: 'already', text: `${root} is a lab` } : await adopt(root, ports))) return end();
  const lock = await lockSetup(paths, ports);
  try {
    const config = ports.openConfig(paths);
    if (!take('environment', await prepareEnvironment(paths, config, ports))) return end();
    if (!take('hardware', judgeHardware(await readHardware(), config, root))) return end();
    if (!take('data', await prepareData(paths, config, request.prepare, ports))) return end();
    const main = await resolveMainBranch(root, config.main);
    const edited = await listEdited(root);
    if (edited.length > 0)
      ports.tell(`note: ${edited.join(', ')} differ from the last commit; the run takes what ${main} has`);
    const gate = ports.createGate(paths, config);
    const { outcome, baseline } = await measureBaseline({ ...ports, paths, config, main, gate });
    take('baseline', outcome);
    return end(baseline);
  } finally {
    lock.release();
  }
}

/** Keeps a second set-up from the same downloads and a second baseline. After adoption only: before it .lab/ is nothing that git passes over. */
async function lockSetup(paths: LabPaths, { tell, signal }: SetupSounds): Promise<KernelLock> {
  mkdirSync(paths.state, { recursive: true });
  const file = join(paths.state, 'setup.lock');
  const lock = await tryLock(file);
  if (lock !== null) return lock;
  tell('another `lab autoresearch setup` is at work in this lab; waiting for it');
  return await waitForLock(file, { signal });
}

/** Files of the run's own that are not as committed. */
async function listEdited(root: string): Promise<string[]> {
  const result = await runGitResult(root, [
    'diff',
    '--name-only',
    '-z',
    'HEAD',
    '--',
    'train.py',
    'prepare.py',
    'lab.yaml',
  ]);
  return result.stdout
    .toString('utf8')
    .split('\0')
    .filter((path) => path !== '');
}

async function adopt(root: string, ports: SetupPorts): Promise<StepOutcome> {
  try {
    return { state: 'done', text: await ports.adopt(root) };
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    return failStep(error.message, error.hints);
  }
}
