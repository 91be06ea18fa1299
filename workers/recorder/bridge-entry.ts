/** The journal entry of a bridge: what another track's champion scores under this one. Written with the last of its jobs. Pure. */

import type { StoredJob } from '../../queue/job-store.ts';
import type { LabConfig } from '../../src/config/schema.ts';
import { formatJournalEntry } from '../../src/lab/journal.ts';
import { compareWithBaseline } from '../../src/stats/against-baseline.ts';
import { formatWidths } from '../../src/stats/decision.ts';
import { type Noise, summarise } from '../../src/stats/noise.ts';
import { viewTrack } from '../../src/stats/track-view.ts';
import { listSet } from './baseline-entry.ts';
import { listScoredRuns } from './decide-job.ts';

/** Formats the entry; null where no run of the bridge gave the metric. */
export function formatBridgeEntry(jobs: StoredJob[], number: number, config: LabConfig): string | null {
  const all = listSet(jobs, number);
  const own = all.find((stored) => stored.job.number === number);
  if (!own?.run) return null;
  const { track, device } = own.run;
  const measuredBy = own.run.measuredBy ?? config.metric;
  const runs = listScoredRuns(all).filter((run) => run.track === track && run.deviceModel === device.model);
  const value = summarise(runs.map(({ metric }) => metric));
  if (value === null) return null;
  const judging = { direction: measuredBy.direction, confidence: config.decision.confidence };
  const { baseline, champion } = viewTrack(listScoredRuns(jobs), track, device.model, judging);
  const { name, unit } = measuredBy;
  const figure = (amount: number) => `${amount.toFixed(6)}${unit ? ` ${unit}` : ''}`;
  const signed = (amount: number) => `${amount < 0 ? '-' : '+'}${figure(Math.abs(amount))}`;
  const spread = ({ mean, std, n }: Noise) =>
    `mean ${figure(mean)}${std === null ? '' : ` ± ${std.toFixed(6)}`} over ${n} ${n === 1 ? 'run' : 'runs'}`;
  const against = baseline === null ? null : compareWithBaseline(value, baseline.noise, judging);
  const commit = own.job.commit.slice(0, 7);
  const words = { better: 'better than', worse: 'worse than', 'within-luck': 'not told apart by luck from' };
  const leaks = runs.filter(({ leak }) => leak).map(({ job }) => job);
  const inference =
    leaks.length > 0
      ? `job ${leaks.join(', ')} scored better than the data allows: a leak or a bug, so ${commit} is no champion here`
      : against === null
        ? `the track has no baseline yet (run \`lab baseline\`), so ${commit} can be compared with nothing here`
        : `${commit} is ${words[against.verdict]} the baseline of track ${track}${
            against.bound === null ? '; the noise is unknown' : `; luck alone reaches ${against.bound.toFixed(6)}`
          }; ${champion?.commit === own.job.commit ? 'it is the champion now' : `the champion is ${champion?.commit.slice(0, 7) ?? 'none'}`}`;
  return formatJournalEntry({
    date: own.run.endedAt.slice(0, 10),
    title: `Bridge from track ${own.job.fromTrack ?? 'unknown'}`,
    status: 'bridge',
    job: number,
    attempt: own.run.attempt,
    commit: own.job.commit,
    question: `what does the champion of track ${own.job.fromTrack ?? 'unknown'} score under track ${track}?`,
    hypothesis: '',
    expected: '',
    observed: against === null ? spread(value) : signed(against.difference),
    observations: [
      ...runs.map(({ job, metric }) => {
        const seed = all.find((stored) => stored.job.number === job)?.job.seed ?? 'default';
        return `job ${job}, seed ${seed}: ${name} ${figure(metric)}`;
      }),
      `${commit}: ${spread(value)} on ${device.model}`,
      ...(baseline === null || against === null
        ? []
        : [
            `baseline ${baseline.commit.slice(0, 7)} of the same track: ${spread(baseline.noise)}`,
            `difference ${signed(against.difference)}${
              against.noiseWidths === null ? '' : `, ${formatWidths(against.noiseWidths)} noise widths`
            }`,
          ]),
    ],
    inference,
    runFolder: null,
  });
}
