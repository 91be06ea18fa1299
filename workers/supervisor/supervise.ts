/**
 * One attempt from its plan to its `exit` file. Every fact is on disk before the next thing happens, so that a supervisor which
 * is killed anywhere can be replaced: the next one skips steps that ended, adopts the one that runs, and never starts one twice.
 */
import { appendFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StepResult } from '../../src/domain/run.ts';
import { type KernelLock, tryLock } from '../../src/lab/kernel-lock.ts';
import { reachPoint } from '../../src/lab/named-point.ts';
import { maskSecrets } from '../mask-secrets.ts';
import { findMarked, isAlive, readBootId, readIdentity } from '../process-tree.ts';
import { isGuardPassed } from '../tip-guard.ts';
import type { ArmedStep } from './armed-step.ts';
import { attemptPath, readJsonFile, readTextFile, writeJsonSafely, writePatiently } from './attempt-files.ts';
import { type HeldDevices, waitForDevices } from './device-turn.ts';
import { cutLog } from './log-limit.ts';
import { createMemorySampler, type MemorySampler } from './memory-sampler.ts';
import { wasPaused } from './pause.ts';
import {
  type ExitReason,
  type PlannedDevice,
  type PlannedStep,
  parsePlan,
  type StartedRecord,
  type SupervisorExit,
  type SupervisorPlan,
} from './plan.ts';
import { chooseEndMs, createRunClock, type StepBegin } from './run-clock.ts';
import type { RunMark } from './run-look.ts';
import { clearLeftovers, findSurvivors } from './run-tree.ts';
import { noteLeftovers, noteScoreInputs, readSupervisorFlags, waitForScoreRoom } from './score-watch.ts';
import { armFirstStep, startStep } from './start-step.ts';
import { type Begin, beginAttempt, endUnstarted, isWithdrawn, readStarted, withdrawAttempt } from './started.ts';
import { lostStepResult, type StepEnd, watchStep } from './step.ts';
import { describeLimit, readKillRequest, readStepStop } from './step-stop.ts';
import { readStepExit, readStepStart, stepResultOf } from './step-wrapper.ts';

type Note = (line: string) => void;

interface Attempt {
  dir: string;
  plan: SupervisorPlan;
  /** Null until it begins. */
  sampler: MemorySampler | null;
  note: Note;
  /** Values of the plan's secret names, as far as this supervisor was given them. */
  secrets: NodeJS.ProcessEnv;
  /** True where an earlier supervisor may have left something. */
  isTakeover: boolean;
  /** The devices, while we hold them ourselves; an adopted step's tree holds them without us. */
  held: HeldDevices | null;
  /** The first step where it stands ready and waits for its device. */
  armed: ArmedStep | null;
  started: StartedRecord | null;
}

/**
 * Supervises an attempt to its end. `busy`: another supervisor has it; `withdrawn`: it was taken back before it began, and nothing was run.
 * `secrets`: values by name, the own environment where not given. Throws LabError on a broken plan, and system errors that no waiting mends.
 */
export async function supervise(
  attemptDir: string,
  note: Note,
  secrets: NodeJS.ProcessEnv = process.env,
): Promise<'ended' | 'busy' | 'withdrawn'> {
  try {
    return isWithdrawn(attemptDir) ? 'withdrawn' : await superviseStanding(attemptDir, note, secrets);
  } catch (error) {
    // The folder of a withdrawn attempt is deleted under its supervisor.
    if (isWithdrawn(attemptDir)) return 'withdrawn';
    throw error;
  }
}

async function superviseStanding(
  attemptDir: string,
  note: Note,
  secrets: NodeJS.ProcessEnv,
): Promise<'ended' | 'busy' | 'withdrawn'> {
  const own = await takeAttempt(attemptDir);
  if (own === null) return 'busy';
  reachPoint('supervisor-locked');
  if (existsSync(attemptPath(attemptDir, 'exit'))) return 'ended';
  const plan = parsePlan(readJsonFile(attemptPath(attemptDir, 'plan')));
  const supervisors = await writePatiently('the list of supervisors', () => countSupervisor(attemptDir), note);
  const started = readStarted(attemptDir);
  if (started === 'withdrawn') return 'withdrawn';
  const isTakeover = supervisors > 1;
  const dir = attemptDir;
  const attempt: Attempt = { dir, plan, sampler: null, note, secrets, isTakeover, held: null, armed: null, started };

  const outcome =
    started !== null && started.bootId !== readBootId() ? judgeAfterBoot(attempt) : await runSteps(attempt);
  disarm(attempt);
  if (outcome === 'withdrawn') {
    attempt.held?.release();
    return 'withdrawn';
  }
  // The last step may have ended while no supervisor lived.
  if (attempt.isTakeover) await clearLeftovers(anyOf(plan), note);
  // Nothing of the run lives any more. Its outcome needs no device, and a takeover from here on starts nothing.
  attempt.held?.release();
  attempt.held = null;
  rmSync(attemptPath(attemptDir, 'stdin'), { force: true });
  await cutLogs(attempt);
  await writePatiently('masked logs', () => maskSecrets(attemptDir, pickSecrets(attempt)), note);
  reachPoint('before-exit');
  const exit: SupervisorExit = {
    schema: 1,
    reason: outcome.reason,
    steps: outcome.steps,
    ...samplerOf(attempt).readPeak(),
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
  if (attempt.started === null && !(await writePatiently('started', () => endUnstarted(attemptDir), note)))
    return 'withdrawn';
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
function pickSecrets({ plan, secrets }: Attempt): Record<string, string> {
  return Object.fromEntries(
    plan.secretNames.flatMap((name) => (secrets[name] === undefined ? [] : [[name, secrets[name]]])),
  );
}

/** The devices that the run has or had; where it has not begun, all that it may have. */
function devicesOf({ plan, started }: Attempt): PlannedDevice[] {
  return started === null || started.devices.length === 0
    ? plan.devices
    : plan.devices.filter(({ id }) => started.devices.includes(id));
}

function samplerOf(attempt: Attempt): MemorySampler {
  const { dir, started, note } = attempt;
  const devices = devicesOf(attempt);
  attempt.sampler ??= createMemorySampler(dir, {
    deviceClass: devices[0]?.class ?? 'cpu',
    gpuUuids: devices.flatMap(({ gpuUuid }) => gpuUuid ?? []),
    startedAtMs: started === null ? Date.now() : Date.parse(started.at),
    note,
  });
  return attempt.sampler;
}

/** Whatever has the run's marker. */
function anyOf({ marker }: SupervisorPlan): RunMark {
  return { marker, wrapperPid: null, sinceStart: null };
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

async function runSteps(attempt: Attempt): Promise<Outcome | 'withdrawn'> {
  const { dir, plan, note } = attempt;
  const steps: StepResult[] = [];
  for (const step of plan.steps) {
    if (readStepStart(dir, step.name) === null) {
      if (attempt.held === null) {
        const isBegun = attempt.started !== null;
        const takesAll = isBegun || plan.deviceCount === plan.devices.length;
        const devices = devicesOf(attempt);
        const turn = await waitForDevices({
          attemptDir: dir,
          plan,
          step,
          devices,
          takesAll,
          isBegun,
          note,
          arm: (fd) => {
            if (steps.length === 0 && !attempt.isTakeover) attempt.armed = armFirstStep(attempt, step, devices, fd);
          },
        });
        if (turn.kind !== 'locked') disarm(attempt);
        if (turn.kind === 'withdrawn') return 'withdrawn';
        if (turn.kind === 'killed') return { reason: 'killed', steps, problem: null };
        if (turn.kind === 'locked') attempt.held = turn.held;
      }
      if (readKillRequest(dir, plan) !== null) return { reason: 'killed', steps, problem: null };
    }
    const end = await runStep(attempt, step);
    if (end === 'withdrawn') return end;
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

function disarm(attempt: Attempt): void {
  attempt.armed?.drop();
  attempt.armed = null;
}

/** Runs, adopts or skips one step, and ends what it left behind. Starts nothing unless the device is held. */
async function runStep(attempt: Attempt, step: PlannedStep): Promise<StepEnd | 'withdrawn'> {
  const { dir, plan, note, held } = attempt;
  let ended: Promise<void> | null = null;
  if (held !== null && readStepStart(dir, step.name) === null) {
    reachPoint('device-locked');
    const begin = await ensureStarted(attempt, held);
    if (begin === 'withdrawn') return 'withdrawn';
    reachPoint('started-written');
    // We hold the device, so no wrapper of a dead supervisor lives; whatever of the run does has outlived its step.
    if (attempt.isTakeover) {
      const killed = await clearLeftovers(anyOf(plan), note);
      // Train ended while no supervisor lived; where it went on to this step, nobody had asked it to end.
      if (step.name === 'score' && killed.length > 0) await noteLeftovers(dir, killed, note);
    }
    if (step.name === 'score') {
      await waitForScoreRoom(dir, plan, note);
      await noteScoreInputs(dir, plan, note);
    }
    ended = (await startStep(attempt, step, held, begin)).ended;
  }
  const start = await waitForStart(attempt, step);
  if (start === null) {
    return { result: lostStepResult(dir, step, Date.now(), null), stop: null, lost: true };
  }
  const alreadyEnded = readStepExit(dir, step.name);
  if (alreadyEnded !== null && ended === null) {
    const { startedAtMs } = start;
    const endedAtMs = chooseEndMs(alreadyEnded.endedAtMs, startedAtMs, createRunClock(start)());
    const result = stepResultOf(step.name, alreadyEnded.code, startedAtMs, endedAtMs);
    // Its leftovers are not looked for here: what is alive by now may be the next step.
    return { result, stop: readStepStop(dir, step)?.reason ?? null, lost: false };
  }
  if (ended === null && isAlive(start.identity)) note(`adopting ${step.name} (process ${start.identity.pid})`);
  const end = await watchStep({ attemptDir: dir, plan, step, ...start, sampler: samplerOf(attempt), ended, note });
  reachPoint('step-exited');
  const run = { marker: plan.marker, wrapperPid: start.identity.pid, sinceStart: start.identity.start };
  // What ran in a pid namespace of its own died with it, so that a process in the middle of an exec cannot slip through one look.
  const endedItself = end.stop === null && !end.lost;
  const isContained = endedItself && step.argv[0] === 'bwrap' && step.argv.includes('--unshare-pid');
  if (step.name === 'train' && endedItself) {
    const { names, isSure } = await findSurvivors(run);
    // The next run waits: a look that found nothing is not repeated.
    if (names.length === 0 && (isSure || isContained)) return end;
    if (names.length > 0) await noteLeftovers(dir, names, note);
  }
  await clearLeftovers(run, note, isContained);
  return end;
}

/** What the pid file says, waiting while its wrapper is still about to write it; null where it died over it. */
async function waitForStart(attempt: Attempt, step: PlannedStep): Promise<StepBegin | null> {
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

const guardPatienceMs = 300;

/** Begins the attempt where it has not; null where it had begun before. */
async function ensureStarted(attempt: Attempt, held: HeldDevices): Promise<Begin | 'withdrawn' | null> {
  if (attempt.started !== null) return null;
  // Main has moved since the attempt was found good, as it does with every record: the daemon renews the guard in a moment, or it is given back.
  for (const endMs = performance.now() + guardPatienceMs; !isGuardPassed(attempt.dir); await sleep(5)) {
    if (isWithdrawn(attempt.dir)) return 'withdrawn';
    if (performance.now() < endMs) continue;
    if (withdrawAttempt(attempt.dir) === 'withdrawn') return 'withdrawn';
    break;
  }
  const supervisor = readIdentity(process.pid);
  if (supervisor === null) throw new Error('the supervisor does not find its own process');
  const at = new Date().toISOString();
  const devices = held.devices.map(({ id }) => id);
  const record: StartedRecord = { schema: 1, supervisor, bootId: readBootId(), at, devices };
  const begin = await writePatiently('started', () => beginAttempt(attempt.dir, record), attempt.note);
  if (begin === null) return 'withdrawn';
  attempt.started = record;
  return begin;
}

/** The machine was started anew since the run began: nothing of it can live. */
function judgeAfterBoot(attempt: Attempt): Outcome {
  const steps: StepResult[] = [];
  for (const step of attempt.plan.steps) {
    const start = readStepStart(attempt.dir, step.name);
    if (start === null || start === 'unfinished') break;
    const exit = readStepExit(attempt.dir, step.name);
    if (exit === null) steps.push(lostStepResult(attempt.dir, step, start.startedAtMs, null));
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
