/**
 * How long commands take and when running jobs are expected to end. Pure: durations and progress are given. A guess from earlier runs or
 * from the log's own progress, or null; never a promise. When queued jobs start is estimate-starts.ts.
 */
import { progressFraction } from '../../workers/log-reading/progress.ts';
import type { Eta } from '../domain/job.ts';

/** How many of the last runs of a command shape count. */
const countedRuns = 5;

/** Least share of the work done at which a progress line says anything about the rest. */
const leastShare = 0.005;

/** A run that ended well, as far as durations need it. */
export interface TimedRun {
  command: string;
  deviceModel: string;
  /** Wall time of all its steps, seconds. */
  seconds: number;
}

/** How long a command took lately on a device model, seconds; null where it never ran to its end there. */
export type TypicalSeconds = (command: string, deviceModel: string) => number | null;

/** A command with its figures taken out: two runs of a sweep have the same shape. */
export function commandShape(command: string): string {
  return command.replaceAll(/(?<![A-Za-z_])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/g, '#').replaceAll(/\s+/g, ' ');
}

/** Medians over the last runs of each shape and model; `runs` stand in the order in which they ended. */
export function createTypicalSeconds(runs: readonly TimedRun[]): TypicalSeconds {
  const shapes = new Map<string, string>();
  const keyOf = (command: string, model: string): string => {
    const shape = shapes.get(command) ?? commandShape(command);
    shapes.set(command, shape);
    return `${model}\n${shape}`;
  };
  const byKey = new Map<string, number[]>();
  for (const { command, deviceModel, seconds } of runs) {
    const key = keyOf(command, deviceModel);
    const known = byKey.get(key);
    if (known === undefined) byKey.set(key, [seconds]);
    else known.push(seconds);
  }
  return (command, model) => median((byKey.get(keyOf(command, model)) ?? []).slice(-countedRuns));
}

function median(values: number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = sorted.length % 2 === 1 ? [sorted[middle], sorted[middle]] : [sorted[middle - 1], sorted[middle]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}

/** A running job, as far as its end can be told. */
export interface RunningFacts {
  /** Since its attempt began, pauses left out, seconds. */
  elapsedSeconds: number;
  /** What such runs take, seconds; null where none is known. */
  typicalSeconds: number | null;
  /** Last progress line of its log; null where it has none. */
  progress: string | null;
}

/** When a running job ends; null where neither earlier runs nor its log tell, or where it took longer than they said. */
export function estimateEnd({ elapsedSeconds, typicalSeconds, progress }: RunningFacts): Eta | null {
  if (typicalSeconds !== null && typicalSeconds >= elapsedSeconds)
    return { seconds: typicalSeconds - elapsedSeconds, from: 'runs' };
  const share = progress === null ? null : progressFraction(progress);
  if (share === null || share < leastShare || elapsedSeconds <= 0) return null;
  return { seconds: (elapsedSeconds * (1 - share)) / share, from: 'progress' };
}
