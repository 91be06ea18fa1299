/**
 * Pausing a step: its processes stand still (SIGSTOP) while the file `pause` lies in the attempt's folder. When it stood still is kept on
 * disk before anything is signalled, so that a takeover goes on with it. Ending a paused step is step.ts's.
 */
import { existsSync } from 'node:fs';
import type { StepName } from '../../src/domain/run.ts';
import { messageOf } from '../../src/errors/lab-error.ts';
import { attemptPath, readTextFile, stepPath, writeJsonSafely } from './attempt-files.ts';
import { stepNames } from './plan.ts';
import { continueRunProcesses, stopRunProcesses } from './run-tree.ts';

/** A time in which a step stood still. */
export interface PauseSpan {
  /** Milliseconds since 1970, by the step's own clock. */
  sinceMs: number;
  /** Milliseconds since 1970; null while it still stands. */
  untilMs: number | null;
}

/** The pauses of one step as it runs. */
export interface PauseWatch {
  /** Stops or continues the processes as the request asks; `mayPause` false (the step is being ended) lets them go on for good. */
  look(nowMs: number, mayPause: boolean): void;
  /** Milliseconds of standing still between `fromMs` and `nowMs`. */
  pausedMs(fromMs: number, nowMs: number): number;
  /** Whether it stands still now. */
  isPaused(): boolean;
}

// A process that came to the run from outside while it stood (a debugger's child, say) is stopped at the next look.
const restopMs = 1000;

/** Creates the watch of a step, going on from what an earlier supervisor left. */
export function createPauseWatch(
  attemptDir: string,
  step: StepName,
  run: { wrapperPid: number; marker: string; note: (line: string) => void },
): PauseWatch {
  const path = stepPath(attemptDir, step, 'paused');
  const spans = readPauses(attemptDir, step);
  let lastStopMs = 0;
  const keep = (): void => {
    try {
      writeJsonSafely(path, spans);
    } catch (error) {
      // The pause itself is what was asked for; only a takeover would count its time as work.
      run.note(`cannot keep the pauses of ${step}: ${messageOf(error)}`);
    }
  };
  const open = (): PauseSpan | null => {
    const last = spans.at(-1);
    return last !== undefined && last.untilMs === null ? last : null;
  };
  return {
    look(nowMs, mayPause) {
      const isAsked = mayPause && existsSync(attemptPath(attemptDir, 'pause'));
      const span = open();
      if (isAsked) {
        if (span === null) {
          spans.push({ sinceMs: nowMs, untilMs: null });
          keep();
          run.note(`${step}: paused`);
        }
        if (span !== null && nowMs - lastStopMs < restopMs) return;
        lastStopMs = nowMs;
        stopRunProcesses(run.wrapperPid, run.marker);
      } else if (span !== null) {
        // First the signal: a supervisor that dies in between leaves an open span, which the next one closes again.
        continueRunProcesses(run.wrapperPid, run.marker);
        span.untilMs = nowMs;
        keep();
        run.note(`${step}: goes on`);
      }
    },
    pausedMs: (fromMs, nowMs) => sumPauses(spans, fromMs, nowMs),
    isPaused: () => open() !== null,
  };
}

/** Milliseconds of the spans that lie between two moments. Pure. */
export function sumPauses(spans: readonly PauseSpan[], fromMs: number, nowMs: number): number {
  return spans.reduce(
    (sum, { sinceMs, untilMs }) => sum + Math.max(0, Math.min(untilMs ?? nowMs, nowMs) - Math.max(sinceMs, fromMs)),
    0,
  );
}

/** Whether any step of the attempt was ever paused. */
export function wasPaused(attemptDir: string): boolean {
  return stepNames.some((step) => existsSync(stepPath(attemptDir, step, 'paused')));
}

/** Milliseconds that the steps of an attempt stood still between two moments, as far as is written by now. */
export function readPausedMs(attemptDir: string, fromMs: number, nowMs: number): number {
  return stepNames.reduce((sum, step) => sum + sumPauses(readPauses(attemptDir, step), fromMs, nowMs), 0);
}

/** The pauses of a step so far, in their order; none where the file is missing or says nothing. */
export function readPauses(attemptDir: string, step: StepName): PauseSpan[] {
  const text = readTextFile(stepPath(attemptDir, step, 'paused'));
  const value: unknown = text === null ? [] : JSON.parse(text);
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: unknown) => {
    const { sinceMs, untilMs } = (item ?? {}) as Partial<Record<keyof PauseSpan, unknown>>;
    if (typeof sinceMs !== 'number') return [];
    return [{ sinceMs, untilMs: typeof untilMs === 'number' ? untilMs : null }];
  });
}
