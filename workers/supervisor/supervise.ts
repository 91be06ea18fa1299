/**
 * One attempt from its plan to its `exit` file. Every fact is on disk before the next thing happens, so that a supervisor which
 * is killed anywhere can be replaced: the next one skips steps that ended, adopts the one that runs, and never starts one twice.
 */
import type { ChildProcess } from 'node:child_process';
import { appendFileSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StepResult } from '../../src/domain/run.ts';
import { messageOf } from '../../src/errors/lab-error.ts';
import { type KernelLock, tryLock } from '../../src/lab/kernel-lock.ts';
import { reachPoint } from '../../src/lab/named-point.ts';
import { maskSecrets } from '../mask-secrets.ts';
import { findMarked, isAlive, type ProcessIdentity, readBootId, readIdentity } from '../process-tree.ts';
import {
  attemptPath,
  isDiskFull,
  readJsonFile,
  readTextFile,
  stepPath,
  writeJsonSafely,
  writePatiently,
} from './attempt-files.ts';
import { waitForDevice } from './device-turn.ts';
import { cutLog } from './log-limit.ts';
import { createMemorySampler, type MemorySampler } from './memory-sampler.ts';
import { wasPaused } from './pause.ts';
import {
  type ExitReason,
  type PlannedStep,
  parsePlan,
  type StartedRecord,
  type SupervisorExit,
  type SupervisorPlan,
} from './plan.ts';
import { clearLeftovers, findSurvivors } from './run-tree.ts';
import { noteLeftovers, noteScoreInputs, readSupervisorFlags } from './score-watch.ts';
import { lostStepResult, type StepEnd, watchStep } from './step.ts';
import { describeLimit, readKillRequest, readStepStop } from './step-stop.ts';
import { readStepExit, readStepStart, spawnStep, stepResultOf, wrapperLostCode } from './step-wrapper.ts';

type Note = (line: string) => void;

interface Attempt {
  dir: string;
  plan: SupervisorPlan;
  sampler: MemorySampler;
  note: Note;
  /** True where an earlier supervisor may have left something. */
  isTakeover: boolean;
  /** The device, while we hold it ourselves; an adopted step's tree holds it without us. */
  device: KernelLock | null;
  started: StartedRecord | null;
}

/** Supervises an attempt to its end. `busy`: another supervisor has it. Throws LabError on a broken plan, and system errors that no waiting mends. */
export async function supervise(attemptDir: string, note: Note): Promise<'ended' | 'busy'> {
  const own = await takeAttempt(attemptDir);
  if (own === null) return 'busy';
  reachPoint('supervisor-locked');
  if (existsSync(attemptPath(attemptDir, 'exit'))) return 'ended';
  const plan = parsePlan(readJsonFile(attemptPath(attemptDir, 'plan')));
  const supervisors = await writePatiently('the list of supervisors', () => countSupervisor(attemptDir), note);
  const started = readJsonFile(attemptPath(attemptDir, 'started')) as StartedRecord | null;
  const startedAtMs = started === null ? Date.now() : Date.parse(started.at);
  const { deviceClass, gpuUuid } = plan;
  const sampler = createMemorySampler(attemptDir, { deviceClass, gpuUuid, startedAtMs, note });
  const attempt: Attempt = { dir: attemptDir, plan, sampler, note, isTakeover: supervisors > 1, device: null, started };

  const outcome =
    started !== null && started.bootId !== readBootId() ? judgeAfterBoot(attempt) : await runSteps(attempt);
  // The last step may have ended while no supervisor lived.
  if (attempt.isTakeover) await clearLeftovers(plan.marker, null, note);
  // Nothing of the run lives any more. Its outcome needs no device, and a takeover from here on starts nothing.
  attempt.device?.release();
  attempt.device = null;
  rmSync(attemptPath(attemptDir, 'stdin'), { force: true });
  await cutLogs(attempt);
  await writePatiently('masked logs', () => maskSecrets(attemptDir, pickSecrets(plan.secretNames)), note);
  reachPoint('before-exit');
  const exit: SupervisorExit = {
    schema: 1,
    reason: outcome.reason,
    steps: outcome.steps,
    ...sampler.readPeak(),
    startedAt: attempt.started?.at ?? null,
    endedAt: new Date().toISOString(),
    supervisors,
    problem: outcome.problem,
    limit: describeLimit(
      plan.steps.find(({ name }) => name === outcome.steps.at(-1)?.name),
      outcome.reason,
    ),
    flags: [...readSupervisorFlags(attemptDir, plan, note), ...(wasPaused(attemptDir) ? ['paused'] : [])],
  };
  await writePatiently('exit', () => writeJsonSafely(attemptPath(attemptDir, 'exit'), exit), note);
  return 'ended';
}

/** Cuts what is longer than its step's limit; where a log was not written to meanwhile, cutting again changes nothing. */
async function cutLogs({ dir, plan, note }: Attempt): Promise<void> {
  for (const { log, maxLogBytes } of plan.steps) {
    if (maxLogBytes === null) continue;
    const leftOut = await writePatiently(log, () => cutLog(join(dir, log), maxLogBytes), note);
    if (leftOut > 0) note(`${log}: ${leftOut} bytes were left out`);
  }
}

/** The secrets of the run, as far as this supervisor was given them. */
function pickSecrets(names: string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}

interface Outcome {
  reason: ExitReason;
  steps: StepResult[];
  problem: string | null;
}

/** Takes the attempt's lock. Whoever only looks whether it is held takes it for a moment, so a busy one is tried again for a while. */
async function takeAttempt(attemptDir: string): Promise<KernelLock | null> {
  for (let tries = 0; ; tries++) {
    const own = await tryLock(attemptPath(attemptDir, 'lock'));
    if (own !== null || tries === 20) return own;
    await sleep(50);
  }
}

async function runSteps(attempt: Attempt): Promise<Outcome> {
  const { dir, plan, note } = attempt;
  const steps: StepResult[] = [];
  for (const step of plan.steps) {
    if (readStepStart(dir, step.name) === null) {
      if (attempt.device === null) {
        const turn = await waitForDevice(dir, plan, step, note);
        if (turn.kind === 'killed') return { reason: 'killed', steps, problem: null };
        if (turn.kind === 'locked') attempt.device = turn.lock;
      }
      if (readKillRequest(dir, plan) !== null) return { reason: 'killed', steps, problem: null };
    }
    const end = await runStep(attempt, step);
    steps.push(end.result);
    if (end.lost) {
      const problem = `the ${step.name} step ended without an exit code: its wrapper was killed`;
      return { reason: end.stop ?? 'interrupted', steps, problem };
    }
    if (end.stop !== null) return { reason: end.stop, steps, problem: null };
    if (end.result.exitCode !== 0) break;
  }
  return { reason: 'completed', steps, problem: null };
}

/** Runs, adopts or skips one step, and ends what it left behind. Starts nothing unless the device is held. */
async function runStep(attempt: Attempt, step: PlannedStep): Promise<StepEnd> {
  const { dir, plan, sampler, note, device } = attempt;
  let ended: Promise<void> | null = null;
  if (device !== null && readStepStart(dir, step.name) === null) {
    reachPoint('device-locked');
    await ensureStarted(attempt);
    reachPoint('started-written');
    // We hold the device, so no wrapper of a dead supervisor lives; whatever of the run does has outlived its step.
    if (attempt.isTakeover) {
      const killed = await clearLeftovers(plan.marker, null, note);
      // Train ended while no supervisor lived; where it went on to this step, nobody had asked it to end.
      if (step.name === 'score' && killed.length > 0) await noteLeftovers(dir, killed, note);
    }
    if (step.name === 'score') await noteScoreInputs(dir, plan, note);
    ended = (await startStep(attempt, step, device.fd)).ended;
  }
  const start = await waitForStart(attempt, step);
  if (start === null) {
    return { result: lostStepResult(dir, step, Date.now()), stop: null, lost: true };
  }
  const alreadyEnded = readStepExit(dir, step.name);
  if (alreadyEnded !== null && ended === null) {
    const result = stepResultOf(step.name, alreadyEnded.code, start.startedAtMs, alreadyEnded.endedAtMs);
    // Its leftovers are not looked for here: what is alive by now may be the next step.
    return { result, stop: readStepStop(dir, step)?.reason ?? null, lost: false };
  }
  if (ended === null && isAlive(start.identity)) note(`adopting ${step.name} (process ${start.identity.pid})`);
  const end = await watchStep({ attemptDir: dir, plan, step, ...start, sampler, ended, note });
  reachPoint('step-exited');
  if (step.name === 'train' && end.stop === null && !end.lost) {
    const survivors = await findSurvivors(plan.marker, start.identity.pid);
    if (survivors.length > 0) await noteLeftovers(dir, survivors, note);
  }
  // What ran in a pid namespace of its own died with it, so that a process in the middle of an exec cannot slip through one look.
  const isContained = step.argv[0] === 'bwrap' && step.argv.includes('--unshare-pid');
  const looks = isContained && end.stop === null && !end.lost ? 1 : 2;
  await clearLeftovers(plan.marker, start.identity.pid, note, looks);
  return end;
}

/** Spawns the step's wrapper until one has made the pid file. The wrapper's end comes boxed: a bare promise would be awaited with the start. */
async function startStep(attempt: Attempt, step: PlannedStep, deviceFd: number): Promise<{ ended: Promise<void> }> {
  const { dir, plan, note } = attempt;
  const extraEnv: Record<string, string> = { LAB_RUN: plan.marker };
  for (const name of plan.secretNames) {
    const value = process.env[name];
    if (value === undefined) note(`${step.name}: ${name} is named as a secret and not set`);
    else extraEnv[name] = value;
  }
  for (;;) {
    const child = await writePatiently(step.log, () => trySpawn(attempt, step, extraEnv, deviceFd), note);
    // Node throws some of the system's refusals and reports others as an event; both end here.
    const outcome = child instanceof Error ? Promise.resolve(child) : watchChild(child);
    reachPoint('step-spawned');
    const shown = await Promise.race([outcome.then((end) => end), pidFileShows(dir, step)]);
    if (shown === 'shown' || readStepStart(dir, step.name) !== null) return { ended: outcome.then(() => undefined) };
    if (shown instanceof Error) {
      recordUnstartable(attempt, step, shown);
      return { ended: outcome.then(() => undefined) };
    }
    note(
      `${step.name}: its wrapper could not write ${step.name}.pid (exit code ${shown}, ${wrapperLostCode} is expected on a full disk); trying again`,
    );
    await sleep(1000);
  }
}

function trySpawn(
  { dir, plan }: Attempt,
  step: PlannedStep,
  env: Record<string, string>,
  deviceFd: number,
): ChildProcess | Error {
  const hasInput = plan.stdin && step.name === 'train';
  try {
    return spawnStep(dir, step, env, deviceFd, hasInput);
  } catch (error) {
    if (isDiskFull(error) || !(error instanceof Error)) throw error;
    return error;
  }
}

async function pidFileShows(dir: string, step: PlannedStep): Promise<'shown'> {
  while (readStepStart(dir, step.name) === null) await sleep(5);
  return 'shown';
}

/** Resolves to the exit code (null after a signal), or to the error of a spawn that failed. */
function watchChild(child: ChildProcess): Promise<number | null | Error> {
  return new Promise((resolve) => {
    child.once('error', resolve);
    child.once('exit', resolve);
  });
}

/** A step that the system refuses to start (an environment too large, say) failed like a command that cannot be executed. */
function recordUnstartable(attempt: Attempt, step: PlannedStep, error: Error): void {
  const identity = readIdentity(process.pid);
  appendFileSync(join(attempt.dir, step.log), `nightlab: cannot start the ${step.name} step: ${messageOf(error)}\n`);
  writeFileSync(stepPath(attempt.dir, step.name, 'exit'), '126 end\n');
  writeFileSync(stepPath(attempt.dir, step.name, 'pid'), `${process.pid}\n${identity?.start ?? ''}\nend\n`);
}

/** What the pid file says, waiting while its wrapper is still about to write it; null where it died over it. */
async function waitForStart(
  attempt: Attempt,
  step: PlannedStep,
): Promise<{ identity: ProcessIdentity; startedAtMs: number } | null> {
  for (;;) {
    const start = readStepStart(attempt.dir, step.name);
    if (start !== null && start !== 'unfinished') return start;
    if (findMarked(attempt.plan.marker).length === 0) {
      // It may have been written, and its wrapper gone, since it was read.
      const late = readStepStart(attempt.dir, step.name);
      return late === 'unfinished' ? null : late;
    }
    await sleep(20);
  }
}

async function ensureStarted(attempt: Attempt): Promise<void> {
  if (attempt.started !== null) return;
  const supervisor = readIdentity(process.pid);
  if (supervisor === null) throw new Error('the supervisor does not find its own process');
  const record: StartedRecord = { schema: 1, supervisor, bootId: readBootId(), at: new Date().toISOString() };
  await writePatiently('started', () => writeJsonSafely(attemptPath(attempt.dir, 'started'), record), attempt.note);
  attempt.started = record;
}

/** The machine was started anew since the run began: nothing of it can live. */
function judgeAfterBoot(attempt: Attempt): Outcome {
  const steps: StepResult[] = [];
  for (const step of attempt.plan.steps) {
    const start = readStepStart(attempt.dir, step.name);
    if (start === null || start === 'unfinished') break;
    const exit = readStepExit(attempt.dir, step.name);
    if (exit === null) steps.push(lostStepResult(attempt.dir, step, start.startedAtMs));
    else steps.push(stepResultOf(step.name, exit.code, start.startedAtMs, exit.endedAtMs));
  }
  return { reason: 'interrupted', steps, problem: 'the machine was restarted during the run' };
}

/** Enters this supervisor into the list and returns how many there have been. */
function countSupervisor(attemptDir: string): number {
  const path = attemptPath(attemptDir, 'supervisors');
  appendFileSync(path, `${JSON.stringify(readIdentity(process.pid))}\n`);
  return (readTextFile(path) ?? '').split('\n').filter((line) => line !== '').length;
}
