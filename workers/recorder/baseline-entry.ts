/** The journal entry of a baseline: mean and noise of the unchanged code over its seeds. Written with the last of its jobs. Pure. */

import { isOver, trackOf } from '../../queue/job-book.ts';
import type { StoredJob } from '../../queue/job-store.ts';
import type { LabConfig } from '../../src/config/schema.ts';
import { formatJournalEntry } from '../../src/lab/journal.ts';
import { summarise } from '../../src/stats/noise.ts';

/** The jobs that belong together with this one, a baseline's or a bridge's: same kind, commit and track. */
export function listSet(jobs: StoredJob[], number: number): StoredJob[] {
  const own = jobs.find((stored) => stored.job.number === number);
  if (own === undefined) return [];
  return jobs.filter(
    (stored) =>
      stored.job.kind === own.job.kind &&
      stored.job.commit === own.job.commit &&
      stored.job.fromTrack === own.job.fromTrack &&
      // Not the track it was queued under: a human may have let it go under another.
      trackOf(stored) === trackOf(own) &&
      stored.entry.removedAt === null,
  );
}

/** Whether this job is the last of its set: all others are recorded. */
export function isSetComplete(jobs: StoredJob[], number: number): boolean {
  return listSet(jobs, number).every(
    (stored) => stored.job.number === number || (isOver(stored) && stored.recorded !== null),
  );
}

/** Formats the entry; null where no run of the baseline gave the metric. */
export function formatBaselineEntry(jobs: StoredJob[], number: number, config: LabConfig): string | null {
  const all = listSet(jobs, number);
  const own = all.find((stored) => stored.job.number === number);
  const scored = all.filter(
    (stored) => stored.run?.metric != null && stored.run.device.model === own?.run?.device.model,
  );
  const noise = summarise(scored.flatMap((stored) => (stored.run?.metric == null ? [] : [stored.run.metric])));
  if (noise === null || !own?.run) return null;
  const { name, unit } = config.metric;
  const figure = (value: number) => `${value.toFixed(6)}${unit ? ` ${unit}` : ''}`;
  const share =
    noise.std === null || noise.mean === 0
      ? ''
      : ` (${((100 * noise.std) / Math.abs(noise.mean)).toFixed(3)} % of the mean)`;
  return formatJournalEntry({
    date: own.run.endedAt.slice(0, 10),
    title: `Baseline over ${noise.n} ${noise.n === 1 ? 'seed' : 'seeds'}`,
    status: 'baseline',
    job: number,
    attempt: own.run.attempt,
    commit: own.job.commit,
    question: 'what does the unchanged code score, and how far does luck alone carry it?',
    hypothesis: '',
    expected: '',
    observed: `mean ${figure(noise.mean)}`,
    observations: [
      ...scored.map(
        ({ job, run }) =>
          `job ${job.number}, seed ${job.seed ?? 'default'}: ${name} ${figure(run?.metric ?? Number.NaN)}`,
      ),
      `mean ${figure(noise.mean)}, noise (sd of one run) ${noise.std === null ? 'unknown with one run' : `${figure(noise.std)}${share}`}`,
    ],
    inference:
      noise.std === null
        ? 'one run tells no noise; more seeds do'
        : 'a change within a few of these widths cannot be told from luck with one run',
    runFolder: null,
  });
}
