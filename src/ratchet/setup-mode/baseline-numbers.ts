/** The two numbers that a run of the unmodified code prints, metric and peak memory, and the runs that have both. Reads run folders, no daemon. */
import { existsSync } from 'node:fs';
import { readStoredJobs } from '../../../queue/job-store.ts';
import type { LabPaths } from '../../config/lab-paths.ts';
import type { Job } from '../../domain/job.ts';
import type { MemorySource, Run } from '../../domain/run.ts';
import { readSessions } from '../session.ts';

/** A run that gave both numbers. */
export interface BaselineRun {
  job: number;
  attempt: number;
  /** Full hash. */
  commit: string;
  seed: number | null;
  /** Tag of the session whose first run it was; null for a baseline job. */
  session: string | null;
  metricName: string;
  metric: number;
  /** As train prints it (peak_vram_mb), else as the lab measured it. */
  memoryMib: number;
  memorySource: MemorySource;
  /** "NVIDIA H100 80GB HBM3 (gpu0)" */
  device: string;
  /** Wall seconds of train; null where it never started. */
  seconds: number | null;
}

/** Both numbers of a run; null where one is missing. */
export function readBothNumbers(job: Pick<Job, 'number' | 'commit' | 'seed'>, run: Run): BaselineRun | null {
  const printed = run.metrics.peak_vram_mb ?? 0;
  const memoryMib = printed > 0 ? printed : run.peakMemoryMib;
  if (run.fate.kind !== 'done' || run.metric === null || memoryMib === null) return null;
  return {
    job: job.number,
    attempt: run.attempt,
    commit: job.commit,
    seed: job.seed,
    session: null,
    metricName: run.measuredBy?.name ?? '',
    metric: run.metric,
    memoryMib,
    memorySource: printed > 0 ? 'summary' : run.memorySource,
    device: `${run.device.model} (${run.device.id})`,
    seconds: run.trainSeconds,
  };
}

/**
 * The runs of the newest unmodified code on a track, in the order of their jobs: baseline jobs, and where there is none the first run of a
 * session. [] before there is one with both numbers.
 */
export function readBaselineRuns(paths: LabPaths, track: string): BaselineRun[] {
  if (!existsSync(paths.runs)) return [];
  // A broken folder of another job is `lab doctor`'s to tell.
  const ended = readStoredJobs(paths.runs, () => undefined).flatMap(({ job, run }) =>
    run === null || run.track !== track ? [] : [{ job, numbers: readBothNumbers(job, run) }],
  );
  const baselines = ended.flatMap(({ job, numbers }) => (job.kind === 'baseline' && numbers !== null ? [numbers] : []));
  if (baselines.length > 0) return ofNewest(baselines);
  // Read only where they count: a broken session must not be in the way of a baseline.
  const ratchets = ended.filter(({ job }) => job.kind === 'ratchet');
  const starts = new Map(ratchets.length === 0 ? [] : readSessions(paths).map(({ start, tag }) => [start, tag]));
  return ofNewest(
    ratchets.flatMap(({ job, numbers }) => {
      const session = starts.get(job.commit);
      return session === undefined || numbers === null ? [] : [{ ...numbers, session }];
    }),
  );
}

function ofNewest(runs: BaselineRun[]): BaselineRun[] {
  const newest = runs.at(-1)?.commit;
  return runs.filter(({ commit }) => commit === newest);
}
