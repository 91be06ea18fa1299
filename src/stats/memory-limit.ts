/**
 * The soft limit of memory: a change that needs several times what the baseline needs is no improvement of the code but another experiment.
 * Pure; the hard limit is the device's own, and running out of that is a crash of its own (out-of-memory).
 */
import type { Run } from '../domain/run.ts';
import { median } from './metric-finding.ts';

/** How much a run took, and who measured it: a process tree and a GPU are no two readings of one thing. */
export type MeasuredMemory = Pick<Run, 'peakMemoryMib' | 'memorySource'>;

/** What the limit says of a run. */
export interface MemoryVerdict {
  isOver: boolean;
  /** MiB; null where there is none: no factor, no baseline that was measured in the same way. */
  limitMib: number | null;
  /** One sentence without a full stop. */
  text: string;
}

/** What any run may take more than the baseline whatever the factor: of a process of a few MiB the samples alone differ by as much. */
const slackMib = 64;

/** Memory above which a run is over the soft limit, MiB: so many times the baseline's peak, and 64 MiB above it at least. */
export function softLimitMib(baselineMib: number, factor: number): number {
  return Math.max(factor * baselineMib, baselineMib + slackMib);
}

/**
 * Holds a run against `factor` times the median peak of the baseline's runs (decision.memoryFactor; null: no limit). A run whose memory
 * was not measured, or not as the baseline's was, is over no limit.
 */
export function judgeMemory(
  run: MeasuredMemory,
  baseline: readonly MeasuredMemory[],
  factor: number | null,
): MemoryVerdict {
  const peaks = baseline.flatMap(({ peakMemoryMib, memorySource }) =>
    peakMemoryMib !== null && memorySource === run.memorySource ? [peakMemoryMib] : [],
  );
  const usual = median(peaks);
  const none = (text: string): MemoryVerdict => ({ isOver: false, limitMib: null, text });
  if (factor === null) return none('memory has no soft limit (decision.memoryFactor is null)');
  if (run.peakMemoryMib === null) return none('the memory of this run was not measured');
  if (usual === null) return none(`no baseline run's memory was measured in the same way (${run.memorySource})`);
  const limitMib = softLimitMib(usual, factor);
  const isOver = run.peakMemoryMib > limitMib;
  const times = `${(run.peakMemoryMib / usual).toFixed(1)} times the baseline's ${usual.toFixed(0)} MiB`;
  const text = `peak memory ${run.peakMemoryMib.toFixed(0)} MiB, ${times}, is ${isOver ? 'over' : 'within'} the soft limit of ${limitMib.toFixed(0)} MiB (decision.memoryFactor ${factor})`;
  return { isOver, limitMib, text };
}
