/** What is queued: the immutable content of job.json and the states a job can be in. Types only; parsing is in queue/job-schema.ts. */

import type { Label } from './label.ts';
import type { Decision } from './result.ts';
import type { DeviceClass, Run, StepName } from './run.ts';

/**
 * What a job is for. `plain`: queued by hand; `experiment`: of an idea's branch; `baseline`: the unchanged code with one seed;
 * `task`: a command with nothing to score; `check`: the smoke run of an experiment; `replay`: a scored job run again as it was;
 * `bridge`: the champion of another track, measured under the present one. Only plain and experiment jobs add rows; a check and a replay
 * leave no journal entry either, and a replay's number counts nowhere.
 */
export type JobKind = 'plain' | 'experiment' | 'baseline' | 'task' | 'check' | 'replay' | 'bridge';

/** A job as queued: written once, synced before the enqueue is confirmed, never changed. */
export interface Job {
  schema: 1;
  number: number;
  /** Names the submission: the same key twice is one job. */
  key: string;
  kind: JobKind;
  /** Slug of the experiment it belongs to; null for any other job. */
  experiment: string | null;
  /** Number of the job that a replay runs again; null for any other kind. */
  replays: number | null;
  /** Track whose champion a bridge measures again, 8 hex digits; null for any other kind. */
  fromTrack: string | null;
  /** Null only for baseline, check, replay and bridge jobs. */
  label: Label | null;
  /** Shell command of the train step. */
  command: string;
  /** Full hash of what runs. A dirty tree was snapshotted into it. */
  commit: string;
  /** True where the commit is a snapshot made for this job (ref refs/nightlab/jobs/<number>). */
  snapshot: boolean;
  /** Champion's commit when queued: what the result is compared with; null while the track has none. */
  base: string | null;
  /** Folder inside the repository to run in; "" is the root. */
  directory: string;
  /** Absolute folder to run in place of a checkout (`--here`); null for the normal, isolated run. */
  here: string | null;
  device: DeviceClass;
  /** LAB_SEED of the run; null where the command's own default counts. */
  seed: number | null;
  /** Captured environment, allow-listed. */
  env: Record<string, string>;
  /** Names passed when the run starts and never stored. */
  secretNames: string[];
  /** Track the job was bound to when queued, 8 hex digits. */
  track: string;
  /** Wall limit of the train step, seconds. */
  wallSeconds: number;
  /** What a reader must know from before it ran ("agent-unsandboxed"); a run takes them over. */
  flags: string[];
  /** ISO 8601 with offset. */
  queuedAt: string;
}

/** Why a queued job does not start by itself. */
export interface Hold {
  /** One sentence for a person. */
  reason: string;
}

/** Where a job stands. Derived from its folder and the workers; each state carries only its own data. */
export type JobState =
  | { kind: 'held'; hold: Hold }
  | {
      kind: 'queued';
      position: number /** Why the device is not free, if it is not free for a foreign reason. */;
      waits: string | null;
    }
  | {
      kind: 'running';
      attempt: number;
      step: StepName | 'start';
      startedAt: string;
      device: string;
      progress: string | null;
    }
  | { kind: 'recording'; attempt: number; problem: string | null }
  | { kind: 'ended'; run: Run; status: 'keep' | 'discard' | 'crash' | null }
  | { kind: 'removed'; at: string };

/** A job as views show it. */
export interface JobView {
  job: Omit<Job, 'env'>;
  state: JobState;
  decision: Decision | null;
}
