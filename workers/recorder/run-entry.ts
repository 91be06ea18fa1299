/** The journal entry of one run: what was expected, what was observed, and what the lab concludes, kept apart. Pure text. */
import { formatExpectation } from '../../queue/label.ts';
import type { LabConfig } from '../../src/config/schema.ts';
import type { Job } from '../../src/domain/job.ts';
import type { Run } from '../../src/domain/run.ts';
import { formatJournalEntry } from '../../src/lab/journal.ts';
import { formatWidths } from '../../src/stats/decision.ts';
import type { Noise } from '../../src/stats/noise.ts';
import type { DecidedJob } from './decide-job.ts';

/** What an entry is made of. */
export interface RunEntryInput {
  job: Job;
  run: Run;
  decided: DecidedJob;
  config: LabConfig;
  description: string;
  /** Run folder, relative to the lab. */
  runFolder: string;
  noise: Noise | null;
}

/** Formats the entry. */
export function formatRunEntry(input: RunEntryInput): string {
  const { job, run, decided, description } = input;
  const measuredBy = run.measuredBy ?? input.config.metric;
  const { decision } = decided;
  const unit = measuredBy.unit ? ` ${measuredBy.unit}` : '';
  const signed = (value: number) => `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(6)}${unit}`;
  const stated = job.label ? formatExpectation(job.label.expected) : '';
  const expected = decided.expected === null ? stated || 'no figure' : signed(decided.expected);
  const observed =
    run.metric === null
      ? job.kind === 'task'
        ? 'nothing scored'
        : 'no metric'
      : decision?.observed == null
        ? `${run.metric.toFixed(6)}${unit}, nothing to compare with`
        : signed(decision.observed);
  return formatJournalEntry({
    date: run.endedAt.slice(0, 10),
    title: description,
    status: decision?.status ?? 'task',
    evidence: decision?.evidence ?? '',
    job: job.number,
    attempt: run.attempt,
    commit: job.commit,
    question: job.label?.question ?? '',
    hypothesis: job.label?.hypothesis ?? '',
    expected,
    observed,
    observations: observations(input, unit),
    inference:
      decision?.reason ??
      (run.fate.kind === 'done' ? 'a task: nothing was scored' : `the task failed: ${run.fate.detail}`),
    runFolder: input.runFolder,
  });
}

function observations({ run, decided, config, noise }: RunEntryInput, unit: string): string[] {
  const measuredBy = run.measuredBy ?? config.metric;
  const lines: string[] = [];
  if (run.metric !== null) {
    const { base } = decided;
    const rests =
      base === null || base.runs === 0
        ? 'put together, by all runs'
        : `${base.runs} ${base.runs === 1 ? 'run' : 'runs'}`;
    const from = base ? `, base ${base.value.toFixed(6)} at ${base.commit.slice(0, 7)} (${rests})` : '';
    lines.push(`${measuredBy.name} ${run.metric.toFixed(6)}${unit}${from}`);
  }
  const noiseWidths = decided.decision?.noiseWidths ?? null;
  if (noiseWidths !== null && noise?.std != null) {
    lines.push(
      `${formatWidths(noiseWidths)} noise widths (one width is ${noise.std.toFixed(6)}, from ${noise.n} repeats)`,
    );
  }
  if (run.fate.kind === 'failed') lines.push(`failed: ${run.fate.failure}: ${run.fate.detail}`);
  if (run.trainSeconds !== null) lines.push(`train ${run.trainSeconds.toFixed(1)} s on ${run.device.model}`);
  if (run.peakMemoryMib !== null) lines.push(`peak memory ${run.peakMemoryMib.toFixed(1)} MiB (${run.memorySource})`);
  if (run.flags.length > 0) lines.push(`flags: ${run.flags.join(', ')}`);
  return lines;
}
