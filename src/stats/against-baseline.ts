/** How far runs of one commit are from the baseline of the same track and device model, and whether luck could do that. Pure. */
import type { LabConfig } from '../config/schema.ts';
import { luckBound, type Noise } from './noise.ts';

/** What a track's values are judged by. */
export interface Judging {
  direction: 'lower' | 'higher';
  /** One-sided, 0.5 to 1. */
  confidence: number;
}

/** How values of the lab's present metric are judged. */
export const judgingOf = ({ metric, decision }: Pick<LabConfig, 'metric' | 'decision'>): Judging => ({
  direction: metric.direction,
  confidence: decision.confidence,
});

/** A commit against the baseline of its own track. */
export interface AgainstBaseline {
  /** Signed, in the metric's unit. */
  difference: number;
  /** In noise widths of the baseline, positive is better; null where the noise is unknown. */
  noiseWidths: number | null;
  /** What luck alone reaches; null where the noise is unknown. */
  bound: number | null;
  /** With an unknown noise any difference counts. */
  verdict: 'better' | 'worse' | 'within-luck';
}

/** Compares the mean of a commit's runs with the baseline's. */
export function compareWithBaseline(value: Noise, baseline: Noise, judging: Judging): AgainstBaseline {
  const difference = value.mean - baseline.mean;
  const gain = judging.direction === 'lower' ? -difference : difference;
  const bound = luckBound(baseline, value.n, baseline.n, judging.confidence);
  const limit = bound ?? 0;
  return {
    difference,
    noiseWidths:
      baseline.std === null
        ? null
        : gain === 0
          ? 0
          : baseline.std === 0
            ? gain * Number.POSITIVE_INFINITY
            : gain / baseline.std,
    bound,
    verdict: gain > limit ? 'better' : gain < -limit ? 'worse' : 'within-luck',
  };
}
