/** What is queued: the immutable content of job.json and the states a job can be in. Types only; parsing is in queue/job-schema.ts. */

import type { TestRun, Variant } from './change.ts';
import type { Label } from './label.ts';
import type { Decision } from './result.ts';
import type { DeviceClass, Run, StepName } from './run.ts';

/**
 * What a job is for. `plain`: queued by hand; `experiment`: of an idea's branch; `baseline`: the unchanged code with one seed;
 * `task`: a command with nothing to score; `check`: the smoke run of an experiment; `replay`: a scored job run again as it was;
 * `bridge`: the champion of another track, measured under the present one; `confirm`: a run of a claim or of its bisection; `ablation`: the
 * champion without one of its changes; `ratchet`: a run of a ratchet session, which has a table of its own. Only plain and experiment jobs add rows, and the last run of a claim; a check, a replay and a
 * ratchet run leave no journal entry either, and the numbers of the last two count nowhere else.
 */
export type JobKind =
  | 'plain'
  | 'experiment'
  | 'baseline'
  | 'task'
  | 'check'
  | 'replay'
  | 'bridge'
  | 'confirm'
  | 'ablation'
  | 'ratchet';

/** What a job asks of its device beyond the class. */
export interface DeviceNeeds {
  /** The one device that it may run on ("gpu1"); null: any of its class. */
  deviceId: string | null;
  /** How many GPUs it takes at once; 1 on a processor. */
  gpus: number;
  /** Free GPU memory that is enough for it, MiB; null: the whole card must be free. */
  vramMib: number | null;
}

/** When a failed attempt is tried again by itself. */
export interface RetryRule {
  /** How often at most; 0: never. */
  times: number;
  /** What it is tried again after: "any", a failure class ("out-of-memory"), "signal", "exit" or "exit:75". */
  on: string[];
  /** Pause before the first retry, seconds; it doubles with each, up to an hour. */
  delaySeconds: number;
}

/** Limits of the train step besides its wall time. */
export interface RunLimits {
  /** Longest time without output, seconds; null: none. */
  idleSeconds: number | null;
  /** Largest log, MB (1e6 bytes); null: none. */
  logMb: number | null;
}

/** What a person changed in a queued job; an absent key is as queued. job.json itself never changes. */
export interface JobEdits {
  command?: string;
  label?: Label;
  /** Value by name; null takes a name out. */
  env?: Record<string, string | null>;
  seed?: number | null;
  wallSeconds?: number;
  device?: DeviceClass;
  needs?: DeviceNeeds;
  retry?: RetryRule;
  limits?: RunLimits;
  stdin?: boolean;
}

/** A job that another one waits for. */
export interface Dependency {
  job: number;
  /** False: only its success lets the other go; true: its end, whatever it is. */
  any: boolean;
}

/** A group of the queue: jobs that are paused together and share their slots. */
export interface Group {
  name: string;
  /** How many of its jobs run on the processor at once; a GPU always runs one. 0: no limit but the number of processors. */
  slots: number;
  isPaused: boolean;
  /** The job whose failure paused it (`queue.pauseOnFailure`); absent: none did. */
  failedJob?: number;
}

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
  /** Full hash that an experiment's change is told against; null for any other job, and where it is the base. */
  start: string | null;
  /** Null where the experiment runs as it was built, and for any other job. */
  variant: Variant | null;
  /** Null but for confirm and ablation jobs. */
  test: TestRun | null;
  /** Null only for jobs that the lab makes by itself: baseline, check, replay, bridge, confirm and ablation. */
  label: Label | null;
  /** Shell command of the train step. */
  command: string;
  /** Full hash of what runs. A dirty tree was snapshotted into it. */
  commit: string;
  /** True where the commit is a snapshot made for this job (ref refs/nightlab/jobs/<number>). */
  snapshot: boolean;
  /** Champion's commit when queued: what the result is compared with; null while the track has none, and where an experiment's is unknown. */
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
  needs: DeviceNeeds;
  retry: RetryRule;
  limits: RunLimits;
  /** Whether the train step reads from an open pipe that `lab send` writes to; false: it reads nothing. */
  stdin: boolean;
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
  | { kind: 'stashed' }
  | { kind: 'delayed'; until: string /** ISO 8601. */; why: 'asked' | 'retry' }
  | { kind: 'dependent'; on: number[] /** Jobs that it still waits for. */ }
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
      /** Last progress line of its log; null where it has none. */
      progress: string | null;
      /** Whether its processes are stopped (SIGSTOP). */
      isPaused: boolean;
      /** Present once it was asked to end (`lab kill`), for as long as it has not. */
      isEnding?: true;
      /** Why the lab cannot go on with it although the run does; null where nothing is wrong. */
      problem: string | null;
    }
  | { kind: 'recording'; attempt: number; problem: string | null }
  | { kind: 'ended'; run: Run; status: 'keep' | 'discard' | 'crash' | null }
  | { kind: 'removed'; at: string };

/** When a job is expected to end (running) or to start (queued), and what that rests on. */
export interface Eta {
  /** Seconds from now. */
  seconds: number;
  /** `runs`: the last runs of the same command shape on the same device model; `progress`: the log's own progress line. */
  from: 'runs' | 'progress';
}

/** A job as views show it. */
export interface JobView {
  job: Omit<Job, 'env'>;
  state: JobState;
  group: string;
  /** Higher runs sooner; 0 is normal. */
  priority: number;
  /** What it comes after. */
  after: Dependency[];
  /** Null where nothing is known. */
  eta: Eta | null;
  /** Whether `lab clean` put it away. */
  isArchived: boolean;
  decision: Decision | null;
  /** What claims with fresh seeds have said of a kept change since its decision; absent: nothing. */
  since?: 'confirmed' | 'refuted' | 'taken back';
}
