/**
 * The plan of an attempt: which command each step runs, with which environment, in which sandbox. Written once before the supervisor
 * starts; a restarted worker finds it and attaches instead of planning anew.
 */
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { LabPaths } from '../src/config/lab-paths.ts';
import { isLockOpen, lockNames } from '../src/config/open-locks.ts';
import { packageRoot } from '../src/config/package-root.ts';
import type { LabConfig } from '../src/config/schema.ts';
import { cardVariables } from '../src/domain/card-variables.ts';
import type { Job } from '../src/domain/job.ts';
import type { MeasuredBy } from '../src/domain/run.ts';
import { LabError } from '../src/errors/lab-error.ts';
import { sandboxArgv } from '../src/sandbox/bubblewrap.ts';
import { visibleHomePaths } from '../src/sandbox/home-paths.ts';
import { isInside, resolveSandboxSpec, type SandboxProbe } from '../src/sandbox/sandbox.ts';
import { listSecretFiles } from '../src/sandbox/secret-files.ts';
import { type Checkout, linkData, linkScorerData } from './checkout.ts';
import { defaultDeviceLockFolder } from './device-lock.ts';
import type { Device } from './device-probe.ts';
import { exportFrozen } from './frozen-files.ts';
import type { PlannedDevice, PlannedStep, SupervisorPlan } from './supervisor/plan.ts';

/** How an attempt gets its number: by the lab's scorer, from train's own output, or not at all. */
export type Scoring = 'score' | 'self' | 'none';

/** What must be known of an attempt after it ended: the content of setting.json. */
export interface AttemptSetting {
  schema: 1;
  measuredBy: MeasuredBy;
  scoring: Scoring;
  /** Only in attempts from before the device was chosen as late as the run begins. */
  device?: { id: string; class: 'cpu' | 'gpu'; model: string } | undefined;
  flags: string[];
  /** sha256 of job.json's bytes when the attempt was planned; null where the file could not be read, absent in attempts from before. */
  jobDigest?: string | null;
}

/** What a plan is made from. */
export interface PlanInput {
  paths: LabPaths;
  config: LabConfig;
  main: string;
  job: Job;
  attempt: number;
  /** The job's group. */
  group: string;
  folder: string;
  /** What it may be given: all of one class, never empty. */
  devices: Device[];
  /** The number of devices (it takes all), or 1 (it takes whichever is free first). */
  deviceCount: number;
  sandbox: SandboxProbe;
  /** Null where the job runs in place. */
  checkout: Checkout | null;
}

/** Plans an attempt; writes the scorer's files. Throws LabError (config) where a sandbox is required and there is none. */
export async function planRun(input: PlanInput): Promise<{ plan: SupervisorPlan; setting: AttemptSetting }> {
  const { config, job, attempt, folder, devices, paths, checkout } = input;
  const isSandboxed = ensureSandbox(input);
  const out = join(folder, 'out');
  mkdirSync(out, { recursive: true });
  const top = checkout?.path ?? job.here ?? paths.root;
  const cwd = checkout ? join(top, job.directory) : top;
  const marker = `${paths.id}/${job.number}.${attempt}`;
  const env = runEnvironment(input, out, marker);
  const shell = (command: string) => ['/bin/sh', '-c', command];
  const { logMb } = job.limits;
  const maxLogBytes = logMb === null ? null : Math.round(logMb * 1e6);
  const agentStep = (
    name: PlannedStep['name'],
    command: string,
    log: string,
    place: string,
    wallSeconds: number,
  ): PlannedStep => ({
    name,
    argv: isSandboxed
      ? [...sandboxFor(input, { cwd: place, writable: [top, out], readable: [] }), ...shell(command)]
      : shell(command),
    cwd: place,
    env,
    log,
    wallSeconds,
    idleSeconds: null,
    maxLogBytes,
  });

  const steps: PlannedStep[] = [];
  const prepare = checkout ? prepareCommand(config, top) : null;
  if (prepare !== null) steps.push(agentStep('prepare', prepare, 'prepare.log', top, config.run.prepareSeconds));
  const train = agentStep('train', job.command, 'run.log', cwd, job.wallSeconds);
  steps.push({ ...train, idleSeconds: job.limits.idleSeconds });
  const isUnscored = job.kind === 'task' || job.kind === 'check';
  const scoring: Scoring = isUnscored ? 'none' : config.commands.score === null ? 'self' : 'score';
  if (scoring === 'score' && config.commands.score !== null) {
    const score = await scoreStep(input, config.commands.score, { top, out, env, isSandboxed });
    steps.push({ ...score, idleSeconds: null, maxLogBytes });
  }

  const flags = [
    ...job.flags,
    ...(checkout?.flags ?? []),
    ...(job.here === null ? [] : ['here']),
    ...(isSandboxed ? [] : ['unsandboxed']),
    ...lockNames.filter((name) => isLockOpen(name)).map((name) => `lock-open:${name}`),
  ];
  const plan: SupervisorPlan = {
    schema: 1,
    job: job.number,
    attempt,
    marker,
    lockFolder: config.devices.lockFolder ?? defaultDeviceLockFolder(),
    devices: devices.map(planDevice),
    deviceCount: input.deviceCount,
    lab: paths.root,
    graceSeconds: config.run.graceSeconds,
    secretNames: job.secretNames.filter((name) => !neverPassed.test(name)),
    scoreReads: out,
    stdin: job.stdin,
    steps,
  };
  const setting: AttemptSetting = {
    schema: 1,
    measuredBy: config.metric,
    scoring,
    flags,
    jobDigest: digestFile(join(dirname(folder), 'job.json')),
  };
  return { plan, setting };
}

/** The device as the supervisor needs it: its lock, and the name by which libraries find its card. */
export function planDevice({ id, class: deviceClass, model, uuid, vendor, index }: Device): PlannedDevice {
  const card = (vendor === 'nvidia' || vendor === 'amd') && index !== null ? { vendor, index } : null;
  return { id, class: deviceClass, model, key: uuid ?? id, gpuUuid: deviceClass === 'gpu' ? uuid : null, card };
}

// Switches of the person at the keyboard and of the lab's own tests: with them a run could open what holds it.
const neverPassed = /^(?:LAB_TEST_.*|META_MODE)$/;

function digestFile(path: string): string | null {
  return existsSync(path) ? createHash('sha256').update(readFileSync(path)).digest('hex') : null;
}

function ensureSandbox({ config, sandbox, job }: PlanInput): boolean {
  if (config.sandbox === 'off' || isLockOpen('sandbox')) return false;
  if (job.here !== null) {
    if (config.sandbox !== 'required') return false;
    throw new LabError(
      'config',
      'a job with --here runs in place, which no sandbox can hold, but sandbox is "required"',
      {
        hints: ['queue it without --here, or set `sandbox: preferred` in lab.local.yaml'],
      },
    );
  }
  if (sandbox.kind === 'bubblewrap') return true;
  if (config.sandbox === 'preferred') return false;
  throw new LabError('config', `sandbox is "required", but this machine has none: ${sandbox.reason}`, {
    hints: [
      sandbox.mend === '' ? 'set `sandbox: preferred` in lab.local.yaml' : sandbox.mend,
      '`lab doctor` shows what is there',
    ],
  });
}

function prepareCommand(config: LabConfig, top: string): string | null {
  const parts: string[] = [];
  if (config.checkout.setup !== null) {
    const check = join(packageRoot(), 'dist', 'check-environment.js');
    parts.push(config.checkout.setup, `${quote(process.execPath)} ${quote(check)} ${quote(top)}`);
  }
  if (config.commands.prepare !== null) parts.push(config.commands.prepare);
  return parts.length === 0 ? null : parts.map((part) => `{ ${part}\n}`).join(' && ');
}

function runEnvironment({ job, group }: PlanInput, out: string, marker: string): Record<string, string> {
  // Which card a run gets is known only when it begins: the supervisor sets these names then, and jobs from before may hold some.
  const isLabs = (name: string) => neverPassed.test(name) || cardVariables.includes(name);
  const captured = Object.entries(job.env).filter(([name]) => !isLabs(name));
  return {
    ...Object.fromEntries(captured),
    LAB_JOB: String(job.number),
    LAB_RUN: marker,
    LAB_OUT: out,
    LAB_GROUP: group,
    ...(job.seed === null ? {} : { LAB_SEED: String(job.seed) }),
    // Progress must reach the log while the run lives, not when a buffer is full.
    PYTHONUNBUFFERED: '1',
  };
}

interface SandboxPlace {
  cwd: string;
  /** Folders that the step may write. */
  writable: string[];
  /** Folders of the lab's state that it sees besides. */
  readable: string[];
  /** True for the scorer, which alone sees checkout.scoreLinks. */
  isScorer?: boolean;
}

function sandboxFor(input: PlanInput, { cwd, writable, readable, isScorer = false }: SandboxPlace): string[] {
  const { paths, config, checkout, devices, job } = input;
  const home = homedir();
  const expand = (path: string) => (path.startsWith('~/') ? join(home, path.slice(2)) : path);
  const caches = config.checkout.caches.map(expand);
  for (const cache of caches) mkdirSync(cache, { recursive: true });
  const top = checkout?.path ?? paths.root;
  return sandboxArgv(
    resolveSandboxSpec({
      labRoot: paths.root,
      labState: paths.state,
      checkout: top,
      writable,
      readOnly: [
        ...(checkout?.frozen ?? []),
        ...(checkout?.linkTargets ?? []),
        ...(isScorer ? (checkout?.scoreTargets ?? []) : []),
        ...readable,
      ],
      home,
      homeVisible: [
        ...visibleHomePaths(job.env.PATH ?? '', home),
        ...config.sandboxRead.map(expand),
        // The check of the environment runs with the lab's own node, wherever that lies.
        ...(config.checkout.setup === null ? [] : [packageRoot(), dirname(dirname(process.execPath))]),
      ],
      hidden: [paths.runtime, ...listSecretFiles(paths.root), ...(isScorer ? [] : (checkout?.scoreTargets ?? []))],
      caches,
      gpu: devices[0]?.class === 'gpu',
      network: config.network === 'on',
      cwd,
    }),
  );
}

/**
 * The scorer, in a folder that holds main's frozen files and links to data and nothing else: what train left is in LAB_OUT, and no file that
 * the run wrote can stand in for one that the scorer imports. With `commands.model` the trained model is a program of its own (LAB_MODEL),
 * sandboxed and without the seed, so that the scorer runs none of the agent's code; without it the scorer itself is sandboxed, because
 * loading a model can run what is in it.
 */
async function scoreStep(
  input: PlanInput,
  score: string,
  run: { top: string; out: string; env: Record<string, string>; isSandboxed: boolean },
): Promise<Omit<PlannedStep, 'idleSeconds' | 'maxLogBytes'>> {
  const { paths, main, config, folder } = input;
  // With the lock open the scorer is what lies in the checkout, as in a lab without one.
  const isOpen = isLockOpen('worker');
  const scorer = isOpen ? run.top : join(folder, 'scorer');
  if (!isOpen) {
    // An earlier try may have left it half made.
    rmSync(scorer, { recursive: true, force: true });
    await exportFrozen(paths.root, main, config, scorer);
    linkScorerData(paths.root, scorer, config.checkout);
  } else if (input.job.here === null) {
    for (const link of config.checkout.scoreLinks)
      if (!existsSync(join(scorer, link))) linkData(paths.root, scorer, link, 'scoreLinks');
  }
  const env = scorerEnvironment(input, run.env);
  const step = { name: 'score' as const, cwd: scorer, log: 'score.log', wallSeconds: config.run.scoreSeconds };
  const shared = { ...env, LAB_CHECKOUT: run.top, PYTHONDONTWRITEBYTECODE: '1' };
  if (config.commands.model === null) {
    const readable = isOpen ? [run.out] : [run.top, run.out];
    const sandbox = run.isSandboxed
      ? sandboxFor(input, { cwd: scorer, writable: [scorer], readable, isScorer: true })
      : [];
    return { ...step, argv: [...sandbox, '/bin/sh', '-c', score], env: shared };
  }
  const launcher = join(folder, 'model.sh');
  writeModelLauncher(input, launcher, config.commands.model, run);
  // The seed is read by the scorer's shell, so that it stands in no plan and no other step's environment.
  const seed = quote(paths.scoreSeed);
  const withSeed = `if [ -r ${seed} ]; then LAB_SCORE_SEED=$(cat ${seed}); export LAB_SCORE_SEED; fi\n${score}`;
  return { ...step, argv: ['/bin/sh', '-c', withSeed], env: { ...shared, LAB_MODEL: launcher } };
}

/**
 * The scorer's environment: the run's LAB_ names, the lab's own user settings, and the caller's PATH without places that a run or an
 * experiment can write. Nothing else of the caller reaches it, because PYTHONHOME or a python3 of its own would be the scorer then.
 */
function scorerEnvironment({ paths, job }: PlanInput, runEnv: Record<string, string>): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && /^(?:HOME|USER|LOGNAME|LANG|LC_\w+|TZ|TMPDIR|LD_LIBRARY_PATH)$/.test(name))
      env[name] = value;
  }
  for (const name of ['LAB_JOB', 'LAB_RUN', 'LAB_OUT', 'LAB_GROUP', 'LAB_SEED', 'PYTHONUNBUFFERED']) {
    const value = runEnv[name];
    if (value !== undefined) env[name] = value;
  }
  const writable = [paths.state, paths.worktrees];
  const isSafe = (entry: string) => isAbsolute(entry) && !writable.some((folder) => isInside(resolve(entry), folder));
  env.PATH = (job.env.PATH ?? process.env.PATH ?? '').split(':').filter(isSafe).join(':');
  return env;
}

function writeModelLauncher(
  input: PlanInput,
  launcher: string,
  model: string,
  run: { top: string; out: string; env: Record<string, string>; isSandboxed: boolean },
): void {
  const command = ['/bin/sh', '-c', model];
  const argv = run.isSandboxed
    ? [...sandboxFor(input, { cwd: run.top, writable: [], readable: [run.top, run.out] }), ...command]
    : command;
  writeFileSync(launcher, formatModelLauncher(run, argv));
  chmodSync(launcher, 0o755);
}

/**
 * The script that starts the model. The model is the run's own program again: it gets the run's environment and what the supervisor gives
 * to each step when it begins, and nothing of the scorer's, the seed above all. Pure.
 */
export function formatModelLauncher(run: { top: string; env: Record<string, string> }, argv: string[]): string {
  const env = Object.entries(run.env).map(([name, value]) => quote(`${name}=${value}`));
  for (const name of ['LAB_SLOT', ...cardVariables]) {
    // To a scorer that hides its environment CUDA's name stands for no card. The others stay as they are: empty they would hide AMD's too.
    env.push(name === 'CUDA_VISIBLE_DEVICES' ? `"${name}=\${${name}-}"` : `\${${name}+"${name}=$${name}"}`);
  }
  const lines = [
    '#!/bin/sh',
    `cd ${quote(run.top)} || exit 1`,
    `exec env -i ${[...env, ...argv.map(quote)].join(' ')}`,
  ];
  return `${lines.join('\n')}\n`;
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
