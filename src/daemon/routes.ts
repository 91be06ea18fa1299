/**
 * The daemon's API: one table of routes, each with its request and its response. Hardly more than types, so that the thin client can import it
 * without loading the schema library; requests are checked in request-schema.ts. Carried as `POST /v1/<route>` with JSON on a unix socket.
 */
import type { JobView } from '../domain/job.ts';
import type { RecordOutcome, RecordRequest } from '../domain/record.ts';
import type { DeviceClass } from '../domain/run.ts';

/** A device as views show it. */
export interface DeviceView {
  id: string;
  class: DeviceClass;
  model: string;
  /** Number of the job that runs on it; null where it is idle. */
  job: number | null;
}

/** What `lab add` asks for. */
export interface AddRequest {
  /** Names this submission; a client that asks again after a broken connection gets the same job. */
  key: string;
  kind: 'plain' | 'baseline' | 'task' | 'check' | 'bridge';
  /** Null only for baseline, check and bridge jobs. */
  label: string | null;
  command: string | null;
  /** Checkout that is snapshotted: the root or a worktree. */
  checkout: string;
  /** Folder inside the checkout to run in; "" is its top. */
  directory: string;
  /** Run in place, in checkout/directory. */
  here: boolean;
  device: DeviceClass | null;
  seed: number | null;
  /** Captured environment, already allow-listed. */
  env: Record<string, string>;
  /** Values of env.secret; kept in memory only. */
  secrets: Record<string, string>;
  wallSeconds: number | null;
  /** What the result is compared with, a full hash; null: the champion. */
  base: string | null;
  /** Full hash that runs, whatever lies in the checkout; null: a snapshot of the checkout. */
  commit: string | null;
  /** Slug of the experiment that it belongs to; null: by the checkout's branch. */
  experiment: string | null;
  /** Track whose champion a bridge measures again, 8 hex digits; null for any other kind. */
  fromTrack: string | null;
  /** What a reader of the result must know from before it runs ("agent-unsandboxed"). */
  flags: string[];
}

/** Every route with its request and its response. */
export interface Routes {
  hello: { request: Record<string, never>; response: { build: string; pid: number; root: string } };
  add: {
    request: AddRequest;
    response: { number: number; commit: string; snapshot: boolean; untracked: string[]; notes: string[] };
  };
  /** Queues an ended, scored job again as it was; all but the secrets is taken from the job on disk. */
  replay: {
    request: {
      /** Names this submission, as in `add`. */
      key: string;
      /** The job to run again. */
      number: number;
      /** Values of the job's secret names; others are ignored. Kept in memory only. */
      secrets: Record<string, string>;
    };
    response: { number: number; commit: string };
  };
  status: {
    request: { /** Empty: all. */ numbers: number[] };
    response: {
      jobs: JobView[];
      devices: DeviceView[];
      track: string;
      /** Device model that the champion is about: of the class that jobs run on by default; null where nothing is known of it. */
      model: string | null;
      champion: { commit: string; metric: number | null; source: string } | null;
      redis: string;
      problems: string[];
    };
  };
  /** Answers when one of the jobs changed since `seen`, or after about 20 seconds. */
  wait: { request: { numbers: number[]; seen: number }; response: { seen: number; jobs: JobView[] } };
  kill: {
    request: { numbers: number[]; graceSeconds: number | null };
    response: { results: { number: number; outcome: string; ok: boolean }[] };
  };
  /** Lets held jobs go, bound to the present track. */
  enqueue: {
    request: { numbers: number[] };
    response: { results: { number: number; outcome: string; ok: boolean }[] };
  };
  /** Commits changes of ideas, reports and journal entries on main. */
  record: { request: RecordRequest; response: RecordOutcome };
  /** Ends the daemon; running jobs go on. */
  down: { request: Record<string, never>; response: { running: number[]; queued: number[] } };
}

/** Name of a route. */
export type RouteName = keyof Routes;

/** How an error travels: the parts of a LabError. */
export interface WireError {
  error: { kind: string; message: string; hints: string[] };
}

/** Header in which a client names its build. */
export const buildHeader = 'nightlab-build';

/** HTTP status with which a daemon of another build refuses a request before it does anything. */
export const otherBuildStatus = 409;
