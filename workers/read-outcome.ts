/**
 * The outcome of an attempt from what it left: the supervisor's exit file and the logs. The metric comes from the score log only; a
 * lab without a score step is served too, and its rows say so. Reads files; decides nothing about keep or discard.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Job } from '../src/domain/job.ts';
import type { Run, RunFate, StepName, StepResult } from '../src/domain/run.ts';
import { formatLocalTime } from '../src/domain/time.ts';
import { classifyRun } from './log-reading/classify.ts';
import { type LogReading, parseLog } from './log-reading/parse-log.ts';
import { readLog } from './log-reading/read-log.ts';
import type { AttemptSetting } from './plan-run.ts';
import { attemptPath, readJsonFile, sentSignalPath } from './supervisor/attempt-files.ts';
import { readPauses, sumPauses } from './supervisor/pause.ts';
import { parsePlan, type SupervisorExit } from './supervisor/plan.ts';
import { readStarted } from './supervisor/started.ts';
import { readStepStart } from './supervisor/step-wrapper.ts';

/** Reads the logs of an ended attempt and says how it went. */
export async function readOutcome(
  folder: string,
  job: Job,
  attempt: number,
  setting: AttemptSetting,
  left: SupervisorExit,
): Promise<Run> {
  const exit = { ...left, steps: left.steps.map((step) => takeOutPauses(folder, step)) };
  const train = findStep(exit, 'train');
  const trainReading = train ? await readStepLog(folder, 'run.log', setting.measuredBy.name) : null;
  const { fate, reading } = await judge(folder, setting, exit, train, trainReading);
  const isSelfReported = setting.scoring === 'self' && reading?.metric != null;
  const measured = exit.peakMemoryMib;
  const printed = trainReading?.peakVramMib ?? null;
  const flags = [...setting.flags, ...(exit.flags ?? [])];
  if (isSelfReported) flags.push('self-reported');
  if (reading?.flagsTrue.includes('leak')) flags.push('leak');
  return {
    schema: 1,
    job: job.number,
    attempt,
    fate,
    metric: fate.kind === 'done' ? (reading?.metric ?? null) : null,
    measuredBy: setting.measuredBy,
    metrics: { ...trainReading?.metrics, ...reading?.metrics },
    steps: exit.steps,
    trainSeconds: train?.seconds ?? null,
    peakMemoryMib: measured ?? printed,
    memorySource: measured !== null ? exit.memorySource : printed !== null ? 'summary' : 'none',
    device: setting.device ?? readRunDevice(folder),
    flags,
    track: job.track,
    startedAt: formatLocalTime(new Date(exit.startedAt ?? exit.endedAt)),
    endedAt: formatLocalTime(new Date(exit.endedAt)),
  };
}

/**
 * What it ran on, by the plan and by what it took. Several are joined with `+`; one that ended before it took any of several names all that it
 * might have had, joined with `|`.
 */
function readRunDevice(folder: string): Run['device'] {
  const { devices, deviceCount } = parsePlan(readJsonFile(attemptPath(folder, 'plan')));
  const started = readStarted(folder);
  const taken = started === null || started === 'withdrawn' ? [] : started.devices;
  const known = devices.filter(({ id }) => taken.includes(id));
  const meant = known.length > 0 ? known : devices;
  const isChosen = known.length > 0 || deviceCount === devices.length;
  return {
    id: meant.map(({ id }) => id).join(isChosen ? '+' : '|'),
    class: devices[0]?.class ?? 'cpu',
    model: [...new Set(meant.map(({ model }) => model))].join(isChosen ? ' + ' : ' | '),
  };
}

async function judge(
  folder: string,
  setting: AttemptSetting,
  exit: SupervisorExit,
  train: StepResult | null,
  trainReading: LogReading | null,
): Promise<{ fate: RunFate; reading: LogReading | null }> {
  const last = exit.steps.at(-1);
  const interrupted = {
    timedOut: exit.reason === 'timeout',
    killed: exit.reason === 'killed' || (last?.signal != null && existsSync(sentSignalPath(folder, last.signal))),
    interrupted: exit.reason === 'interrupted',
    limit:
      exit.reason === 'idle' || exit.reason === 'log-limit'
        ? { failure: exit.reason, detail: exit.limit ?? `its limit (${exit.reason})` }
        : null,
  };
  const stopped = interrupted.limit === null ? '' : `; stopped: ${interrupted.limit.detail}`;
  const prepare = findStep(exit, 'prepare');
  if (train === null || trainReading === null) {
    // To the supervisor a prepare step that a sent signal ended is one that ended by itself.
    const reason = exit.reason === 'completed' && interrupted.killed ? 'killed' : exit.reason;
    if (reason !== 'completed') {
      const detail =
        reason === 'interrupted'
          ? 'the machine or the supervisor went away before train began'
          : `ended before train began${stopped}`;
      return { fate: { kind: 'failed', failure: reason, detail }, reading: null };
    }
    const prepareLog = prepare ? await readStepLog(folder, 'prepare.log', setting.measuredBy.name) : null;
    const detail = prepareLog?.lastLine || `exit code ${prepare?.exitCode ?? 'unknown'}`;
    return { fate: { kind: 'failed', failure: 'prepare-failed', detail }, reading: null };
  }
  const clean = { timedOut: false, killed: false, interrupted: false };
  const isLast = last?.name === 'train';
  // A step that ended well tells nothing more: the reason of the exit belongs to the last step.
  if (setting.scoring === 'none') {
    if (train.exitCode === 0 && exit.reason === 'completed') return { fate: { kind: 'done' }, reading: null };
    return { fate: classifyRun(trainReading, { ...train, ...interrupted }), reading: null };
  }
  if (setting.scoring === 'self')
    return { fate: classifyRun(trainReading, { ...train, ...interrupted }), reading: trainReading };
  if (isLast) {
    // Train ended well and the score step is missing: the run was stopped in between.
    const failure = exit.reason === 'completed' ? 'interrupted' : exit.reason;
    if (train.exitCode === 0)
      return { fate: { kind: 'failed', failure, detail: `ended before the score step${stopped}` }, reading: null };
    return {
      fate: classifyRun({ ...trainReading, metric: null, summaryFound: false }, { ...train, ...interrupted }),
      reading: null,
    };
  }
  const score = findStep(exit, 'score');
  const scoreReading =
    (await readStepLog(folder, 'score.log', setting.measuredBy.name)) ??
    parseLog(new Uint8Array(), { metric: setting.measuredBy.name });
  const fate = classifyRun(
    scoreReading,
    score ? { ...score, ...interrupted } : { exitCode: null, signal: null, ...clean },
  );
  if (fate.kind === 'failed') return { fate: { ...fate, detail: `score: ${fate.detail}` }, reading: scoreReading };
  return { fate, reading: scoreReading };
}

/** A step's time without the seconds that it stood still: it did not work then, and nothing is to be compared by them. */
function takeOutPauses(folder: string, step: StepResult): StepResult {
  const start = readStepStart(folder, step.name);
  const pauses = readPauses(folder, step.name);
  if (pauses.length === 0 || start === null || start === 'unfinished') return step;
  const { startedAtMs } = start;
  const wallMs = step.seconds * 1000;
  const pausedMs = Math.round(sumPauses(pauses, startedAtMs, startedAtMs + wallMs));
  return { ...step, seconds: Math.max(0, Math.round(wallMs) - pausedMs) / 1000, pausedSeconds: pausedMs / 1000 };
}

function findStep(exit: SupervisorExit, name: StepName): StepResult | null {
  return exit.steps.find((step) => step.name === name) ?? null;
}

async function readStepLog(folder: string, name: string, metric: string): Promise<LogReading | null> {
  const path = join(folder, name);
  return existsSync(path) ? await readLog(path, { metric }) : null;
}
