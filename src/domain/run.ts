/** The vocabulary of one attempt of a job: its steps, how it failed, and the outcome that run.json holds. No I/O. */

/** A step of a run, in the order in which they happen. */
export type StepName = 'prepare' | 'train' | 'score';

/** All ways in which a run has no usable metric. */
export const failureClasses = [
  'out-of-memory',
  'nan',
  'exception',
  'timeout',
  'idle',
  'log-limit',
  'killed',
  'command-not-found',
  'folder-gone',
  'truncated',
  'interrupted',
  'no-metric',
  'prepare-failed',
  'score-refused',
] as const;

/** Why a run has no usable metric. */
export type FailureClass = (typeof failureClasses)[number];

/** How one step ended. */
export interface StepResult {
  name: StepName;
  /** Exit code of the command; null where a signal or a lost machine ended it. */
  exitCode: number | null;
  /** Signal name ("SIGKILL"); null where it exited by itself. */
  signal: string | null;
  /** Wall time in seconds. What the supervisor writes has its pauses in it, what run.json holds does not. */
  seconds: number;
  /** How long it stood still in pauses, seconds; absent: it never did, or nobody took it out of `seconds`. */
  pausedSeconds?: number;
}

/** How a run ended. A run without a metric can still be done (a task with nothing to score). */
export type RunFate =
  | { kind: 'done' }
  | {
      kind: 'failed';
      failure: FailureClass /** One line: the last line of the exception, the signal, … */;
      detail: string;
      /** Present where a `killed` run was ended by a signal that nobody asked this lab for; absent in runs from before this was kept. */
      isUnasked?: true;
    };

/** Where the peak memory figure comes from. */
export type MemorySource = 'process-tree' | 'nvidia-smi' | 'summary' | 'none';

/** What a run was measured by, as lab.yaml said when it was planned. */
export interface MeasuredBy {
  name: string;
  direction: 'lower' | 'higher';
  unit: string;
}

/** The outcome of one attempt: the content of run.json. */
export interface Run {
  schema: 1;
  job: number;
  attempt: number;
  fate: RunFate;
  /** The primary metric, never negated; null where it is missing. */
  metric: number | null;
  /** Null only for runs of labs from before this was kept; the present lab.yaml counts then. */
  measuredBy: MeasuredBy | null;
  /** Further metrics by name (from the summary block and METRIC lines of the log that the metric was read from). */
  metrics: Record<string, number>;
  steps: StepResult[];
  /** Wall seconds of the train step without its pauses; null where it never started. */
  trainSeconds: number | null;
  /** Peak memory of the whole process tree (on a GPU: of the device), in MiB; null where nothing could be measured. */
  peakMemoryMib: number | null;
  memorySource: MemorySource;
  device: { id: string; class: DeviceClass; model: string };
  /** What a reader must know: self-reported, unsandboxed, here, leak, overlaid, … */
  flags: string[];
  /** Track the run was scored under, 8 hex digits. */
  track: string;
  /** ISO 8601 with offset. */
  startedAt: string;
  /** ISO 8601 with offset. */
  endedAt: string;
}

/** The class of device a job asks for. */
export type DeviceClass = 'cpu' | 'gpu';
