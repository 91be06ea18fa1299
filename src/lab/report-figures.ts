/** The figures of a report as text: how a metric, a change, an interval or a span of time reads, and what the lab measured as a list. Pure. */
import type { ReportFacts } from '../domain/report.ts';
import { formatWidths } from '../stats/decision.ts';
import { formatInline } from './untrusted-markdown.ts';

/** A metric for people: 6 decimals; "" where it is missing. */
export function formatMetric(value: number | null): string {
  return value === null ? '' : value.toFixed(6);
}

/** The unit with a space before it; "" where the metric has none. */
export function formatUnit(unit: string): string {
  return unit.trim() === '' ? '' : ` ${formatInline(unit)}`;
}

/** A change of the metric: "-0.224700 bpb"; "" where it is missing. */
export function formatChange(value: number | null, unit: string): string {
  if (value === null) return '';
  return `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(6)}${formatUnit(unit)}`;
}

/** "[-0.0351, -0.0312] at 95 %", with as many decimals as the width of the interval needs; "" where it is missing. */
export function formatInterval(interval: ReportFacts['interval']): string {
  if (interval === null) return '';
  const width = interval.high - interval.low;
  const decimals = width > 0 ? Math.min(10, Math.max(4, 1 - Math.floor(Math.log10(width)))) : 6;
  const end = (value: number) => `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(decimals)}`;
  const percent = Number((interval.confidence * 100).toFixed(2));
  return `[${end(interval.low)}, ${end(interval.high)}] at ${percent} %`;
}

/** "1 run", "3 runs". */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Why there is no metric, in half a sentence; null where there is one. */
export function whyNotMeasured(facts: ReportFacts): string | null {
  if (facts.metric !== null) return null;
  const reason = formatInline(facts.reason) || 'no reason was kept';
  if (facts.decision === 'refused') return `the lab turned the change away before its evaluation: ${reason}`;
  if (facts.decision === 'failed') return `the experiment ended before its evaluation: ${reason}`;
  return `the evaluation gave no ${formatInline(facts.metricName)}: ${reason}`;
}

/**
 * What the lab measured, one sentence or figure each, for the report and the journal: the metric or why there is none, noise widths,
 * time, memory, flags, further metrics. Nothing here comes from an agent.
 */
export function formatObservations(facts: ReportFacts): string[] {
  const lines: string[] = [];
  const missing = whyNotMeasured(facts);
  const name = formatInline(facts.metricName);
  const unit = formatUnit(facts.unit);
  if (missing !== null) lines.push(`${name} was not measured: ${missing}`);
  if (facts.metric !== null) {
    const base =
      facts.baseMetric === null
        ? ', nothing to compare with'
        : `, base ${formatMetric(facts.baseMetric)} at ${facts.base.slice(0, 7)} (${formatCount(facts.baseRuns, 'run')})`;
    lines.push(`${name} ${formatMetric(facts.metric)}${unit} (${formatCount(facts.n, 'run')})${base}`);
  }
  if (facts.noiseWidths !== null && facts.noise !== null) {
    const from = `one width is ${formatMetric(facts.noise.std)}${unit}, from ${formatCount(facts.noise.n, 'baseline run')}`;
    lines.push(`${formatWidths(facts.noiseWidths)} noise widths, positive is better (${from})`);
  }
  const device = formatInline(facts.device);
  if (facts.minutes !== null) {
    const part = facts.decision === 'refused' || facts.decision === 'failed' ? 'the smoke run' : 'train';
    const seconds = `${part} took ${(facts.minutes * 60).toFixed(1)} s (${facts.minutes.toFixed(2)} minutes)`;
    lines.push(device === '' ? seconds : `${seconds} on ${device}`);
  } else if (facts.runFolder !== null && device !== '') lines.push(`device ${device}`);
  if (facts.memoryGb !== null) {
    lines.push(`peak memory ${(facts.memoryGb * 1024).toFixed(1)} MiB (${facts.memoryGb.toFixed(3)} GB)`);
  }
  if (facts.runFolder !== null)
    lines.push(facts.flags.length === 0 ? 'no flags' : `flags: ${facts.flags.map(formatInline).join(', ')}`);
  const further = Object.entries(facts.metrics).map(([metric, value]) => `${formatInline(metric)} ${value}`);
  if (further.length > 0) lines.push(`further metrics, as the run itself printed them: ${further.join(', ')}`);
  return lines;
}
