/**
 * The daemon's API: one table of routes, each with its request and its response. Hardly more than types, so that the thin client can import it
 * without loading the schema library; requests are checked in request-schema.ts. Carried as `POST /v1/<route>` with JSON on a unix socket.
 */
import type { ClientFacts } from '../config/client-facts.ts';
import type { ChampionState, Variant } from '../domain/change.ts';
import type { DeviceChoice } from '../domain/device-choice.ts';
import type { FreshTest, TestVerdict } from '../domain/fresh-test.ts';
import type { Dependency, DeviceNeeds, Group, JobEdits, JobView, RetryRule, RunLimits } from '../domain/job.ts';
import type { RecordOutcome, RecordRequest } from '../domain/record.ts';
import type { DeviceClass } from '../domain/run.ts';
import type { FreshRun, TestFinding } from '../stats/test-progress.ts';

/** A device as views show it. */
export interface DeviceView {
  id: string;
  class: DeviceClass;
  model: string;
  /** Who makes it, of those whose GPUs the lab knows. */
  vendor: 'nvidia' | 'amd' | 'apple' | 'cpu';
  /** Number by which the vendor's libraries name it, not always the id's; null for Apple's GPU and the processor. */
  index: number | null;
  /** Number of the job that runs on it; null where it is idle. */
  job: number | null;
  /** Why it takes no job although it runs none: who holds it; null where it would. */
  busy: string | null;
}

/** Which jobs a verb is about: the numbers, those of a group, or all that it can be about. */
export interface Selection {
  numbers: number[];
  group: string | null;
  all: boolean;
}

/** What came of a verb for each job. */
export interface Outcomes {
  results: { number: number; outcome: string; ok: boolean }[];
  /** What a person should know besides. */
  notes: string[];
}

/** A test with fresh seeds as views show it. */
export interface TestView {
  test: FreshTest;
  /** Its runs, by job. */
  runs: FreshRun[];
  /** `open` while runs are wanted or on their way. */
  state: 'open' | TestVerdict['state'];
  /** Why it is over without an answer, one clause; null where it is open or answered. */
  why: string | null;
  /** As recorded; null where nothing is recorded (yet, or ever: a test that was taken out by hand). */
  verdict: TestVerdict | null;
  /** Null while it is open. */
  finding: TestFinding | null;
}

/** Which jobs `status` shows; an absent key does not filter. */
export interface StatusFilter {
  /** Kinds of JobState, or fates: "keep", "discard", "failed", … */
  states: string[];
  group: string | null;
  /** Text in the label, any case. */
  label: string | null;
  /** Slug of the experiment. */
  idea: string | null;
  /** ISO 8601: queued or ended at or after. */
  since: string | null;
  /** How many ended jobs at most, the newest; null: all. */
  ended: number | null;
  isArchived: boolean;
}

/** A job that another one waits for, before it has a number: the key of its request. */
export interface KeyedDependency {
  key: string;
  /** False: only its success lets the other go; true: its end, whatever it is. */
  any: boolean;
}

/** What a key stands for that a person chose, besides what every request says. */
export interface ChosenKey {
  /** Names of the variables that the request sets itself: their values are part of what is asked for, those of the shell are not. */
  env: string[];
  /** Present for one point of a grid: the key of the whole submission. Jobs from before points named keys have `<that key>/<place>`. */
  grid?: string;
}

/** What `lab add` asks for. */
export interface AddRequest {
  /** Names this submission; a client that asks again after a broken connection gets the same job. */
  key: string;
  /** Present where a person chose the key: the job that it stands for must be the one that is asked for, else the request is refused. */
  chosenKey?: ChosenKey;
  kind: 'plain' | 'baseline' | 'task' | 'check' | 'bridge' | 'ratchet';
  /** Null only for baseline, check and bridge jobs. */
  label: string | null;
  command: string | null;
  /** Checkout that is snapshotted: the root or a worktree. */
  checkout: string;
  /** Folder inside the checkout to run in; "" is its top. */
  directory: string;
  /** Run in place, in checkout/directory. */
  here: boolean;
  /** Null: as run.device says. */
  device: DeviceChoice | null;
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
  /** Full hash that an experiment's change is told against; null: its base. */
  start: string | null;
  /** What the commit of an experiment differs by from the experiment's own; null where it is that. */
  variant: Variant | null;
  /** What a reader of the result must know from before it runs ("agent-unsandboxed"). */
  flags: string[];
  group: string;
  /** Higher runs sooner; null: 0, or a check's own. */
  priority: number | null;
  after: Dependency[];
  /** Jobs of the same submission, or of an earlier one, that it comes after besides, by their keys. Absent: none. */
  afterKeys?: KeyedDependency[];
  /** ISO 8601; null: at once. */
  notBefore: string | null;
  stashed: boolean;
  /** Sent ahead of slots, pauses, dependencies and delays. */
  forced: boolean;
  needs: DeviceNeeds;
  /** Null: the lab's own (run.retries …). */
  retry: RetryRule | null;
  /** Null: the lab's own. */
  limits: RunLimits | null;
  stdin: boolean;
}

/** What a request asks for where nobody says otherwise. */
export const requestDefaults = {
  base: null,
  commit: null,
  experiment: null,
  fromTrack: null,
  start: null,
  variant: null,
  flags: [] as string[],
  group: 'default',
  priority: null,
  after: [] as Dependency[],
  notBefore: null,
  stashed: false,
  forced: false,
  needs: { deviceId: null, gpus: 1, vramMib: null } as DeviceNeeds,
  retry: null,
  limits: null,
  stdin: false,
};

/** What `lab add` answers for each job. */
export interface AddedJob {
  number: number;
  commit: string;
  snapshot: boolean;
  untracked: string[];
  notes: string[];
}

/** Every route with its request and its response. */
export interface Routes {
  hello: { request: Record<string, never>; response: { build: string; pid: number; root: string } };
  /** Null: the client has to read the configuration itself, because it is wrong, changed just now, or something is to be told. */
  facts: {
    request: { /** The client's variables that begin with LAB_. */ environment: Record<string, string> };
    response: { facts: ClientFacts | null };
  };
  add: {
    request: AddRequest;
    response: AddedJob;
  };
  /** Queues several jobs of one checkout in one trip: one snapshot, all or none. */
  addMany: { request: { requests: AddRequest[] }; response: { jobs: AddedJob[] } };
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
    request: { /** Empty: all that the filter takes. */ numbers: number[]; filter?: StatusFilter };
    response: {
      jobs: JobView[];
      /** Ended jobs that the filter takes and `ended` left out. */
      hidden: number;
      groups: Group[];
      devices: DeviceView[];
      track: string;
      /** Device model that the champion is about: of the class that jobs run on by default; null where nothing is known of it. */
      model: string | null;
      champion: {
        commit: string;
        /** What it is worth: its mean, or the estimate that allows for having been chosen. */
        metric: number | null;
        source: string;
        /** What it is made of; null where nothing was kept. */
        state: ChampionState | null;
      } | null;
      redis: string;
      problems: string[];
    };
  };
  /** Answers when one of the jobs changed since `seen`, or after about 20 seconds. */
  wait: {
    request: {
      /** Empty: any change, and every open job. */
      numbers: number[];
      seen: number;
      /** Which jobs are shown then, as in `status`; absent: the numbers, or every open job. */
      filter?: StatusFilter;
    };
    response: { seen: number; jobs: JobView[] };
  };
  /** Ends running jobs, takes queued ones out. `signal`: only that is sent, and nothing else is done. */
  kill: {
    request: { numbers: number[]; graceSeconds: number | null; select?: Selection; signal?: string | null };
    response: Outcomes;
  };
  /** Lets held and stashed jobs go (held ones bound to the present track), now or at `notBefore`. */
  enqueue: {
    request: {
      numbers: number[];
      select?: Selection;
      notBefore?: string | null;
      /** Values of the jobs' secret names; others are ignored. Kept in memory only. Absent: what the daemon still knows. */
      secrets?: Record<string, string>;
    };
    response: Outcomes;
  };
  stash: { request: { select: Selection; notBefore: string | null }; response: Outcomes };
  /** Resumes groups and stopped jobs; sends queued jobs ahead of everything. */
  start: { request: { select: Selection }; response: Outcomes };
  /** Stops processes (SIGSTOP) of jobs, or a group: `keepRunning` only keeps new ones from starting. */
  pause: { request: { select: Selection; keepRunning: boolean }; response: Outcomes };
  restart: {
    request: {
      select: Selection;
      /** Names this submission; job n of it has the key `<key>/<n>`. */
      key: string;
      /** `all`/`group` take failed jobs only. */
      inPlace: boolean;
      stashed: boolean;
      forced: boolean;
      edits: JobEdits;
      /** Values of the jobs' secret names; others are ignored. Kept in memory only. Absent: what the daemon still knows. */
      secrets?: Record<string, string>;
    };
    response: Outcomes & { /** The new jobs' numbers, or those that run again in place. */ started: number[] };
  };
  /** Takes queued jobs out for good, or ended ones out of sight. */
  remove: { request: { numbers: number[] }; response: Outcomes };
  /** Changes queued jobs; a key that is absent stays. */
  edit: {
    request: {
      number: number;
      edits: JobEdits;
      /** "Q: … H: …"; parsed by the daemon. */
      label?: string;
      after?: Dependency[];
      priority?: number;
      group?: string;
    };
    response: Outcomes;
  };
  /** Changes places in the queue; numbers stay. */
  move: {
    request: {
      numbers: number[];
      to: { kind: 'top' } | { kind: 'before'; number: number } | { kind: 'switch'; number: number };
    };
    response: Outcomes;
  };
  /** Writes to the standard input of a running job. */
  send: { request: { number: number; text: string }; response: Outcomes };
  /** Changes the groups: `add` makes one, `slots` sets its slots, `remove` takes an empty one away. */
  group: {
    request: { action: 'list' | 'add' | 'slots' | 'remove'; name: string; slots: number | null };
    response: { groups: Group[]; notes: string[] };
  };
  /** Puts ended jobs out of sight, or deletes the folders of those that left no record. */
  clean: {
    request: { numbers: number[]; group: string | null; successfulOnly: boolean; purge: boolean };
    response: Outcomes;
  };
  /** Kills what runs, takes out what is queued, cleans what ended. */
  reset: { request: { group: string | null; graceSeconds: number | null }; response: Outcomes };
  /** Begins a test with fresh seeds of today's champion and queues its first runs; the rest follows by itself. */
  test: {
    request: {
      /** Names this submission, as in `add`. */
      key: string;
      ask:
        | { kind: 'claim' /** Runs of both codes together at most; null: the lab's own. */; runs: number | null }
        | {
            kind: 'ablation';
            /** Runs of each code. */
            each: number;
            /** Experiments whose changes are left out; none: all. */
            slugs: string[];
            /** Whether what is not worth its place leaves the champion. */
            revert: boolean;
          };
      /** Captured environment, already allow-listed. */
      env: Record<string, string>;
      /** Values of env.secret; kept in memory only. */
      secrets: Record<string, string>;
    };
    response: { test: FreshTest; jobs: number[]; notes: string[] };
  };
  /** Tests with fresh seeds, the oldest first. `wait`: answers when a run of one of them ended, or after about 20 seconds; at once where none is open. */
  tests: { request: { /** Empty: all. */ numbers: number[]; wait: boolean }; response: { tests: TestView[] } };
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
