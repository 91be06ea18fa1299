/**
 * Keep, discard or crash for one run, against the base it started from and the noise that the baseline measured. Pure.
 * It does not confirm with fresh seeds and does not weigh cost or simplicity.
 */
import type { Decision } from '../domain/result.ts';
import type { RunFate } from '../domain/run.ts';
import { luckBound, type Noise } from './noise.ts';

/** What a decision rests on. */
export interface DecisionInput {
  fate: RunFate;
  /** The run's metric; null where it is missing. */
  metric: number | null;
  metricName: string;
  direction: 'lower' | 'higher';
  /** What the base scored and on how many runs that rests; null where the track has none yet. */
  base: { value: number; runs: number } | null;
  /** Noise of the track; null where no baseline was measured. */
  noise: Noise | null;
  confidence: number;
  /** True where the score is better than the data allows (a leak or a bug). */
  leak: boolean;
  /** True where exploring goes on from any gain (the strict rule): what luck alone reaches is then not held against it. Absent: false. */
  anyGain?: boolean;
}

/** Decides. The reason is one sentence with the figures it rests on. */
export function decide(input: DecisionInput): Decision {
  const { metric, metricName, base } = input;
  if (input.fate.kind === 'failed' || metric === null) {
    const reason =
      input.fate.kind === 'failed' ? `${input.fate.failure}: ${input.fate.detail}` : `the run printed no ${metricName}`;
    return { status: 'crash', reason, evidence: '', observed: null, noiseWidths: null };
  }
  const figure = format(metric);
  if (input.leak) {
    const reason = `${metricName} ${figure} is better than the data allows: a leak or a bug, not a result`;
    return { status: 'discard', reason, evidence: '', observed: base ? metric - base.value : null, noiseWidths: null };
  }
  if (base === null) {
    const reason = `${metricName} ${figure} has nothing to compare with: the track has no baseline (run \`lab baseline\`)`;
    return { status: 'keep', reason, evidence: 'provisional', observed: null, noiseWidths: null };
  }
  const observed = metric - base.value;
  const gain = input.direction === 'lower' ? -observed : observed;
  const change = `${metricName} ${figure} against ${format(base.value)} (${observed < 0 ? '-' : '+'}${format(Math.abs(observed))})`;
  const bound = input.noise === null ? null : luckBound(input.noise, 1, base.runs, input.confidence);
  const std = input.noise?.std ?? null;
  if (input.anyGain === true) {
    const noiseWidths = std === null || std === 0 ? null : gain / std;
    const status = gain > 0 ? 'keep' : 'discard';
    const reason = `${change}: ${gain > 0 ? 'better' : gain === 0 ? 'equal' : 'worse'}${noiseWidths === null ? '' : `, ${formatWidths(noiseWidths)} noise widths`}`;
    return { status, reason, evidence: gain > 0 ? 'provisional' : '', observed, noiseWidths };
  }
  if (bound === null || std === null) {
    const status = gain > 0 ? 'keep' : 'discard';
    const reason = `${change}; the noise is unknown, so any gain counts (run \`lab baseline\`)`;
    return { status, reason, evidence: status === 'keep' ? 'provisional' : '', observed, noiseWidths: null };
  }
  const noiseWidths = std === 0 ? (gain === 0 ? 0 : Math.sign(gain) * Number.POSITIVE_INFINITY) : gain / std;
  const limit = `luck alone reaches ${format(bound)} at ${Math.round(input.confidence * 100)} %`;
  const percent = `${formatWidths(noiseWidths)} noise widths; ${limit}`;
  if (gain > bound)
    return {
      status: 'keep',
      reason: `${change}: better by ${percent}`,
      evidence: 'provisional',
      observed,
      noiseWidths,
    };
  const verdict = gain < -bound ? 'worse' : 'not told apart from luck';
  return { status: 'discard', reason: `${change}: ${verdict}, ${percent}`, evidence: '', observed, noiseWidths };
}

/** A metric for people: 6 decimals. */
function format(value: number): string {
  return value.toFixed(6);
}

/** Noise widths for people, signed so that positive is better: "+12.3", "-0.4", ">999". */
export function formatWidths(widths: number): string {
  if (Math.abs(widths) > 999) return widths > 0 ? '>+999' : '<-999';
  return `${widths < 0 ? '-' : '+'}${Math.abs(widths).toFixed(1)}`;
}
