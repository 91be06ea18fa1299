/**
 * The runs of the unchanged code that the metric check looks at, found among all jobs of a lab: baseline jobs of the track, and those that
 * ran a seed again. Nothing of the check is stored, so that it follows from the run folders alone. Pure; judging is stats/metric-check.ts.
 */
import type { LabConfig } from '../config/schema.ts';
import type { Job } from '../domain/job.ts';
import type { Run } from '../domain/run.ts';
import type { MetricRuns, MetricWishes } from '../stats/metric-finding.ts';

/** A job as far as the check needs it. */
export interface MetricJob {
  job: Pick<Job, 'number' | 'kind' | 'seed' | 'replays' | 'commit' | 'track'>;
  /** Null while it is not over, and where it was removed. */
  run: Run | null;
  isRemoved: boolean;
}

/** What there is to judge by. */
export interface MetricEvidence {
  /** Device that the baseline ran on, its class and model; null where no baseline run gave a number. */
  device: Run['device'] | null;
  runs: Omit<MetricRuns, 'deviceMemoryMib'>;
  /** The baseline job that is to run again; null where none gave a number. */
  first: number | null;
  /** Jobs that ran it again, over or not, in their order. */
  again: number[];
  /** Of those, the ones that are still on their way. */
  pending: number[];
  /** Whether an experiment of the track was measured: the check comes before the first one. */
  hasExperiment: boolean;
}

type Scored = MetricJob & { run: Run & { metric: number } };

const isScored = (one: MetricJob): one is Scored => one.run?.metric != null && one.run.fate.kind === 'done';

/** Gathers them. The newest baseline run says which commit and device model it is about. */
export function gatherMetricRuns(jobs: readonly MetricJob[], track: string): MetricEvidence {
  const scored = jobs.filter(isScored).filter(({ run }) => run.track === track);
  const hasExperiment = scored.some(({ job }) => job.kind === 'experiment');
  const baselines = scored
    .filter(({ job }) => job.kind === 'baseline')
    .sort((a, b) => Date.parse(a.run.endedAt) - Date.parse(b.run.endedAt) || a.job.number - b.job.number);
  const newest = baselines.at(-1);
  const isSame = ({ job, run }: Scored) =>
    job.commit === newest?.job.commit && run.device.model === newest.run.device.model;
  const own = baselines.filter(isSame).sort((a, b) => a.job.number - b.job.number);
  const [first] = own;
  const bySeed = new Map<number | null, Scored>();
  for (const one of own) if (!bySeed.has(one.job.seed)) bySeed.set(one.job.seed, one);
  const repeatsOf = (original: Scored) => [
    ...own.filter((one) => one !== original && one.job.seed === original.job.seed),
    ...scored
      .filter(({ job }) => own.some((one) => one.job.number === job.replays && one.job.seed === original.job.seed))
      .filter(isSame),
  ];
  const replays = jobs.filter(({ job }) => first !== undefined && job.replays === first.job.number);
  const peaks = own.flatMap(({ run }) => run.peakMemoryMib ?? []);
  return {
    device: newest?.run.device ?? null,
    runs: {
      seeds: [...bySeed.values()].map(({ job, run }) => ({ seed: job.seed, value: run.metric })),
      repeats: [...bySeed.values()].flatMap((original) =>
        repeatsOf(original).map(({ run }) => ({
          seed: original.job.seed,
          first: original.run.metric,
          again: run.metric,
        })),
      ),
      seconds: own.map(({ run }) => secondsOf(run)),
      peakMemoryMib: peaks.length === 0 ? null : Math.max(...peaks),
    },
    first: first?.job.number ?? null,
    again: replays.map(({ job }) => job.number),
    pending: replays.filter(({ run, isRemoved }) => run === null && !isRemoved).map(({ job }) => job.number),
    hasExperiment,
  };
}

/** Train and score: what a run takes of a night besides making its checkout ready. */
function secondsOf({ steps }: Run): number {
  return steps.filter(({ name }) => name !== 'prepare').reduce((sum, { seconds }) => sum + seconds, 0);
}

/** What lab.yaml asks of the metric. */
export function metricWishesOf({ metric, decision }: LabConfig): MetricWishes {
  const { name, direction, smallestEffect, minMinutes, maxMinutes } = metric;
  const { alpha, confirmShare } = decision;
  return { name, direction, smallestEffect, minMinutes, maxMinutes, alpha, confirmShare };
}
