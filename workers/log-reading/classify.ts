/**
 * The fate of a run from how its step ended and what its log says. Pure; one order of precedence, in one place.
 * It does not decide keep or discard, and it knows nothing of what a metric is worth.
 */
import { constants } from 'node:os';
import type { FailureClass, RunFate } from '../../src/domain/run.ts';
import { detailLength } from './failure-text.ts';
import { formatLine } from './log-text.ts';
import type { LogReading } from './parse-log.ts';

/** How the step that should have given the metric ended. */
export interface StepEnd {
  /** Exit code; null where a signal or a lost machine ended it. */
  exitCode: number | null;
  /** Signal name ("SIGKILL"); null where it exited by itself. */
  signal: string | null;
  /** The lab stopped it at its wall limit. */
  timedOut: boolean;
  /** The machine or the supervisor went away under it. */
  interrupted: boolean;
  /** Somebody asked for its end (`lab kill`). */
  killed: boolean;
  /** The lab stopped it at its limit of idle time or of its log; absent or null where it did not. */
  limit?: { failure: 'idle' | 'log-limit'; detail: string } | null;
}

/** What the step was to yield. */
export interface ClassifyOptions {
  /** False for a task, and for a train step whose metric a score step reads: exit code 0 is then enough. Default true. */
  metricExpected?: boolean;
}

/**
 * Decides the fate. In order: interrupted, timeout, idle or log limit, killed on request, refused by the scorer, done (exit code 0 with the
 * metric; whatever else the log holds does not matter then), a folder that is gone, what the text shows, signal, exit code, truncated, no metric.
 * A failure that the run survived counts only where nothing else explains the end.
 */
export function classifyRun(reading: LogReading, step: StepEnd, options: ClassifyOptions = {}): RunFate {
  const last = formatLast(reading);
  if (step.interrupted) return failed('interrupted', `the run was interrupted with its machine or supervisor${last}`);
  if (step.timedOut) return failed('timeout', `stopped at its wall limit${last}`);
  if (step.limit) return failed(step.limit.failure, `stopped: ${step.limit.detail}${last}`);
  if (step.killed)
    return { kind: 'failed', failure: 'killed', detail: formatLine(`killed on request${last}`, detailLength) };

  const expected = options.metricExpected ?? true;
  const { failure } = reading;
  if (expected && failure?.failure === 'score-refused') return failed('score-refused', failure.detail);
  if (step.exitCode === 0 && (!expected || reading.metric !== null)) return { kind: 'done' };

  const gone = step.exitCode === 126 ? folderGone.exec(reading.lastLine)?.[1] : undefined;
  if (gone !== undefined) return failed('folder-gone', gone);
  const signal = step.signal ?? signalOfExitCode(step.exitCode);
  if (failure !== null && !failure.wentOn) {
    if (failure.failure === 'killed' && signal !== null) {
      return failed('killed', `${describeSignal(signal)}: ${failure.detail}`);
    }
    return failed(failure.failure, failure.detail);
  }
  if (signal !== null) return failed('killed', `${describeSignal(signal)}${afterMetric(reading)}${last}`);
  if (step.exitCode === 127) return failed('command-not-found', `exit code 127, a command was not found${last}`);
  if (step.exitCode === 126) return failed('command-not-found', `exit code 126, a command cannot be executed${last}`);
  if (step.exitCode !== null && step.exitCode !== 0) {
    if (failure !== null) return failed(failure.failure, failure.detail);
    return failed('exception', `exit code ${step.exitCode}${afterMetric(reading)}${last}`);
  }
  if (reading.sawProgress && !reading.summaryFound && reading.metric === null) {
    return failed('truncated', `the log breaks off without a summary${last}`);
  }
  if (step.exitCode === null) return failed('interrupted', `how the run ended was not recorded${last}`);
  if (reading.summaryFound) {
    const names = Object.keys(reading.metrics).join(', ') || 'no number';
    return failed('no-metric', `no ${reading.metricName} in the log; its summary holds ${names}`);
  }
  return failed('no-metric', `no ${reading.metricName} in the log${last}`);
}

/** What a step's wrapper prints where the folder to run in is not there; nothing of the command ran then. */
const folderGone = /^nightlab: (the folder .+ is gone)$/;

/** The signal behind an exit code of 128 + n, as a shell or bubblewrap reports it; null for any other code. */
export function signalOfExitCode(exitCode: number | null): string | null {
  if (exitCode === null || exitCode <= 128) return null;
  // SIGABRT and SIGIOT share a number, and so do others: the first name is the usual one.
  const found = Object.entries(constants.signals).find(([, number]) => number === exitCode - 128);
  return found?.[0] ?? null;
}

function describeSignal(signal: string): string {
  if (signal !== 'SIGKILL') return `ended by ${signal}`;
  return "ended by SIGKILL that nobody here sent (the kernel's out-of-memory killer is a usual cause)";
}

function afterMetric(reading: LogReading): string {
  return reading.metric === null ? '' : ', after the metric was printed';
}

function formatLast(reading: LogReading): string {
  return reading.lastLine === '' ? '; the log is empty' : `; last line: ${reading.lastLine}`;
}

function failed(failure: FailureClass, detail: string): RunFate {
  const fate = { kind: 'failed', failure, detail: formatLine(detail, detailLength) } as const;
  // An end on request is told before anything else is looked at.
  return failure === 'killed' ? { ...fate, isUnasked: true } : fate;
}
