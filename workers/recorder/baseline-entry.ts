/** The journal entry of a baseline: mean and noise of the unchanged code over its seeds. Written with the last of its jobs. Pure. */

import { isOver } from '../../queue/job-book.ts';
import type { StoredJob } from '../../queue/job-store.ts';
import type { LabConfig } from '../../src/config/schema.ts';
import { formatJournalEntry } from '../../src/lab/journal.ts';
import { summarise } from '../../src/stats/noise.ts';

/** The baseline jobs that belong together with this one: same commit and track. */
function siblings(jobs: StoredJob[], number: number): StoredJob[] {
  const own = jobs.find((stored) => stored.job.number === number);
  return jobs.filter(
    ({ job, entry }) =>
      job.kind === 'baseline' &&
      job.commit === own?.job.commit &&
      job.track === own.job.track &&
      entry.removedAt === null,
  );
}

/** Whether this job is the last of its baseline: all others are recorded. */
export function isBaselineComplete(jobs: StoredJob[], number: number): boolean {
  return siblings(jobs, number).every(
    (stored) => stored.job.number === number || (isOver(stored) && stored.recorded !== null),
  );
}

/** Formats the entry; null where no run of the baseline gave the metric. */
export function formatBaselineEntry(jobs: StoredJob[], number: number, config: LabConfig): string | null {
  const all = siblings(jobs, number);
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
