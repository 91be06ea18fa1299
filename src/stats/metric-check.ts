/**
 * Whether a metric is fit to experiment with, by runs of the unchanged code: how long a run takes, whether one seed repeats, whether the seed
 * does anything, how far seeds lie apart against the smallest effect worth having, the direction, the memory. Pure: what ran is gathered in
 * pipeline/metric-runs.ts, what follows from a finding is decided in pipeline/ensure-metric.ts.
 */
import { formatPercent, type MetricFinding, type MetricRuns, type MetricWishes, median } from './metric-finding.ts';
import { checkSpread } from './metric-spread.ts';

/** Share of the device's memory above which a slightly larger model would crash. */
const mostMemory = 0.95;

/** Judges the metric; one finding for each name. */
export function checkMetric(runs: MetricRuns, wishes: MetricWishes): MetricFinding[] {
  return [checkTime(runs.seconds, wishes), ...checkSpread(runs, wishes), checkDirection(wishes), checkMemory(runs)];
}

/** Whether nothing speaks against experiments. */
export function isMetricFit(findings: readonly MetricFinding[]): boolean {
  return findings.every(({ state }) => state !== 'fail');
}

/** Whether the train step was caught ignoring LAB_SEED: then fresh seeds show nothing, and no claim can be made. */
export function isSeedIgnored(findings: readonly MetricFinding[]): boolean {
  return findings.some(({ name, state }) => name === 'seeds' && state === 'warn');
}

function checkTime(seconds: readonly number[], { minMinutes, maxMinutes }: MetricWishes): MetricFinding {
  const name = 'time';
  const wanted = `${minMinutes} to ${maxMinutes} min`;
  const typical = median(seconds);
  if (typical === null)
    return { name, state: 'unknown', measured: 'no run', wanted, advice: 'measure the baseline: `lab baseline`' };
  const measured = `${formatTime(typical)} for train and score (median of ${seconds.length})`;
  if (typical < 60 * minMinutes)
    return {
      ...{ name, state: 'fail', measured, wanted },
      advice:
        'train longer or on more data, so that a run tells something; where such short runs are meant, lower metric.minMinutes',
    };
  if (typical > 60 * maxMinutes)
    return {
      ...{ name, state: 'fail', measured, wanted },
      advice:
        'take a smaller model, less data or a proxy that ranks changes alike, so that a night holds many runs; else raise metric.maxMinutes',
    };
  return { name, state: 'pass', measured, wanted, advice: '' };
}

const lowerWords = /^(loss|bpb|bpc|ppl|perplexity|error|errors|err|wer|cer|mse|rmse|mae|mape|nll|fid|latency|bits)$/;
const higherWords =
  /^(acc|accuracy|f1|auc|auroc|bleu|rouge|reward|return|precision|recall|iou|miou|dice|psnr|ssim|throughput|mfu|ndcg|winrate)$/;

function checkDirection({ name: metric, direction }: MetricWishes): MetricFinding {
  const name = 'direction';
  const words = metric
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  const [isLower, isHigher] = [
    words.some((word) => lowerWords.test(word)),
    words.some((word) => higherWords.test(word)),
  ];
  const measured = `metric.direction is ${direction}`;
  const usual = isLower === isHigher ? null : isLower ? 'lower' : 'higher';
  const wanted = usual === null ? 'as meant: the name does not tell' : `${usual}, by the name ${metric}`;
  if (usual === null || usual === direction) return { name, state: 'pass', measured, wanted, advice: '' };
  const advice = `set metric.direction to ${usual}, unless ${metric} is meant the other way round`;
  return { name, state: 'warn', measured, wanted, advice };
}

function checkMemory({ peakMemoryMib: peak, deviceMemoryMib: whole }: MetricRuns): MetricFinding {
  const name = 'memory';
  const wanted = `at most ${formatPercent(mostMemory)} of the device's memory`;
  if (peak === null || whole === null) {
    const measured =
      peak === null ? 'no peak was measured' : `peak ${peak.toFixed(0)} MiB, of a device that does not tell its memory`;
    return {
      name,
      state: 'unknown',
      measured,
      wanted,
      advice: 'look at it by hand: a run that is a little larger may crash',
    };
  }
  const measured = `peak ${peak.toFixed(0)} of ${whole.toFixed(0)} MiB (${formatPercent(peak / whole)})`;
  if (peak <= mostMemory * whole) return { name, state: 'pass', measured, wanted, advice: '' };
  const advice = 'take a smaller batch or model: every change that needs a little more would crash';
  return { name, state: 'fail', measured, wanted, advice };
}

function formatTime(seconds: number): string {
  return seconds < 60 ? `${seconds.toFixed(1)} s` : `${(seconds / 60).toFixed(1)} min`;
}
