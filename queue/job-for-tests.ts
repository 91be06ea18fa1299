/** A plain job as job.json holds it, and a plain outcome of a run, for tests that only care for some of their fields. */
import type { Job } from '../src/domain/job.ts';
import type { Run } from '../src/domain/run.ts';

/** The job of that number, with what a test wants otherwise. */
export function createPlainJob(number: number, changes: Partial<Job> = {}): Job {
  return {
    schema: 1,
    number,
    key: `key-${number}`,
    kind: 'plain',
    experiment: null,
    replays: null,
    fromTrack: null,
    start: null,
    variant: null,
    test: null,
    label: null,
    command: 'true',
    commit: '0'.repeat(40),
    snapshot: false,
    base: null,
    directory: '',
    here: null,
    device: 'cpu',
    seed: null,
    env: {},
    secretNames: [],
    track: '00000000',
    wallSeconds: 1,
    needs: { deviceId: null, gpus: 1, vramMib: null },
    retry: { times: 0, on: [], delaySeconds: 0 },
    limits: { idleSeconds: null, logMb: null },
    stdin: false,
    flags: [],
    queuedAt: '2026-01-01T00:00:00+00:00',
    ...changes,
  };
}

/** The outcome of a run that ended well and measured nothing, with whatever a test wants to be otherwise. */
export function createPlainRun(job: number, changes: Partial<Run> = {}): Run {
  return {
    schema: 1,
    job,
    attempt: 1,
    fate: { kind: 'done' },
    metric: null,
    measuredBy: null,
    metrics: {},
    steps: [],
    trainSeconds: null,
    peakMemoryMib: null,
    memorySource: 'none',
    device: { id: 'cpu0', class: 'cpu', model: 'x' },
    flags: [],
    track: '00000000',
    startedAt: '2026-01-01T00:00:00+00:00',
    endedAt: '2026-01-01T00:00:00+00:00',
    ...changes,
  };
}
