/**
 * The pipeline's door to the daemon, as a port: what a stage may ask for. The client side implements it (cli/lab-gate.ts), because stages
 * run in the process of whoever started them and never import the daemon.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ChampionState, Variant } from '../domain/change.ts';
import type { JobView } from '../domain/job.ts';
import type { RecordOutcome, RecordRequest } from '../domain/record.ts';
import type { DeviceClass } from '../domain/run.ts';
import { LabError } from '../errors/lab-error.ts';

/** What a stage queues. */
export interface StageJob {
  /** Names the submission: asked twice it is one job. */
  key: string;
  kind: 'plain' | 'check' | 'baseline' | 'ratchet';
  /** Null for check and baseline jobs. */
  label: string | null;
  /** Null: the lab's train command. */
  command: string | null;
  /** Full hash that runs, for a baseline one of main's history; null: main as it is (baseline). */
  commit: string | null;
  /** Slug of the experiment; null for a baseline. */
  experiment: string | null;
  /** Null: the command's own default. */
  seed: number | null;
  /** Null: the lab's own limit. */
  wallSeconds: number | null;
  /** What the result is compared with, a full hash; null: the champion. */
  base: string | null;
  /** As Job has them; absent for a job that is no experiment's evaluation. */
  start?: string | null;
  variant?: Variant | null;
  /** Absent or null: the lab's class. */
  device?: DeviceClass | null;
  /** The one device that it may run on ("gpu1"); absent or null: any of the class. */
  deviceId?: string | null;
  /** What a reader of the result must know from before it runs ("agent-unsandboxed"). */
  flags: string[];
}

/** The lab as a stage sees it. */
export interface LabSight {
  jobs: JobView[];
  /** Track of main as it is now, 8 hex digits. */
  track: string;
  /** Null before the baseline. */
  champion: { commit: string; metric: number | null; source: string; state: ChampionState | null } | null;
}

/** A claim that was laid down. */
export interface LabClaim {
  champion: ChampionState;
  isOpen: boolean;
  deviceModel: string;
  /** ISO 8601 with offset. */
  beganAt: string;
}

/** The door. Every method may throw LabError as the daemon sent it. */
export interface LabGate {
  look(): Promise<LabSight>;
  addJob(job: StageJob): Promise<{ number: number; commit: string }>;
  /** Queues an ended, scored job again as it was; the same key is the same job. */
  replayJob(key: string, number: number): Promise<{ number: number }>;
  /** Resolves once the job has ended, was removed, or is held; `onChange` sees it on the way. */
  waitForJob(number: number, signal: AbortSignal, onChange: (view: JobView) => void): Promise<JobView>;
  /** Claims of the present track, the oldest first. */
  listClaims(): Promise<LabClaim[]>;
  /**
   * Measures the champion again with fresh seeds, `runs` at most (4 or more), to the verdict; goes on with a claim that is open, as that was laid
   * down. `text`: what came of it, one sentence.
   */
  confirmChampion(signal: AbortSignal, runs: number): Promise<{ text: string }>;
  /** One try; see recordPatiently. */
  record(request: RecordRequest): Promise<RecordOutcome>;
}

/** How often a change is computed anew where somebody else changes the same file at the same time. */
const maxConflicts = 10;

/**
 * Has the recorder write what `createRequest` gives, until it is on main: waits while git is at work there, and asks `createRequest` again
 * after a conflict; null from it means that there is nothing to write any more. Throws LabError (user) where it will not settle.
 */
export async function recordPatiently(
  gate: LabGate,
  signal: AbortSignal,
  tell: (line: string) => void,
  createRequest: () => Promise<RecordRequest | null>,
): Promise<void> {
  let told = '';
  let conflicts = 0;
  for (;;) {
    signal.throwIfAborted();
    const request = await createRequest();
    if (request === null) return;
    const outcome = await gate.record(request);
    if (outcome.kind === 'committed' || outcome.kind === 'unchanged') return;
    if (outcome.kind === 'conflict') {
      conflicts += 1;
      if (conflicts < maxConflicts) continue;
      throw new LabError('user', `${outcome.path} keeps changing; gave up after ${maxConflicts} tries to write it`, {
        hints: [`close ${outcome.path} in your editor, then give the command again`],
      });
    }
    if (outcome.reason !== told) tell(`waiting to write the record: ${outcome.reason}`);
    told = outcome.reason;
    await delay(1000, undefined, { signal });
  }
}
