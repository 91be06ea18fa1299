import { expect, test } from 'vitest';
import { createQueueEntry } from '../../queue/job-schema.ts';
import type { StoredJob } from '../../queue/job-store.ts';
import { parseLabel } from '../../queue/label.ts';
import { configSchema } from '../../src/config/schema.ts';
import type { JobKind } from '../../src/domain/job.ts';
import type { Status } from '../../src/domain/result.ts';
import { formatResultRow } from '../../src/lab/results-tsv.ts';
import { decideJob, readRowFlags } from './decide-job.ts';

const config = configSchema.parse({ metric: { unit: 'bpb' } });

interface Sketch {
  number: number;
  kind?: JobKind;
  commit: string;
  base?: string | null;
  metric: number | null;
  status?: Status;
  track?: string;
  model?: string;
  flags?: string[];
}

/** An ended job; with a status it counts as recorded. */
function createJob(sketch: Sketch): StoredJob {
  const { number, commit, metric, track = 'aaaaaaaa', model = 'H100' } = sketch;
  const kind = sketch.kind ?? 'experiment';
  const job: StoredJob['job'] = {
    schema: 1,
    number,
    key: String(number),
    kind,
    experiment: kind === 'experiment' ? `idea-${number}` : null,
    replays: null,
    fromTrack: null,
    start: null,
    variant: null,
    test: null,
    label: kind === 'baseline' ? null : parseLabel('Q: better? H: saves 0.1 bpb', 'lower'),
    command: 'train',
    commit,
    snapshot: false,
    base: sketch.base ?? null,
    directory: '',
    here: null,
    device: 'gpu',
    seed: 1,
    env: {},
    secretNames: [],
    track,
    wallSeconds: 300,
    needs: { deviceId: null, gpus: 1, vramMib: null },
    retry: { times: 0, on: [], delaySeconds: 0 },
    limits: { idleSeconds: null, logMb: null },
    stdin: false,
    flags: [],
    queuedAt: '2026-01-01T00:00:00+00:00',
  };
  return {
    job,
    queued: job,
    entry: createQueueEntry(number),
    attempts: [1],
    run: {
      schema: 1,
      job: number,
      attempt: 1,
      fate: metric === null ? { kind: 'failed', failure: 'exception', detail: 'ValueError: no' } : { kind: 'done' },
      metric,
      measuredBy: null,
      metrics: metric === null ? {} : { val_bpb: metric, steps: 10 },
      steps: [],
      trainSeconds: 300,
      peakMemoryMib: 2048,
      memorySource: 'nvidia-smi',
      device: { id: 'gpu0', class: 'gpu', model },
      flags: sketch.flags ?? [],
      track,
      startedAt: '2026-01-01T00:00:00+00:00',
      endedAt: `2026-01-01T00:${String(number).padStart(2, '0')}:00+00:00`,
    },
    recorded:
      sketch.status === undefined && kind !== 'baseline'
        ? null
        : {
            schema: 1,
            job: number,
            attempt: 1,
            metric: 'val_bpb',
            decision: { status: sketch.status ?? 'keep', reason: '', evidence: '', observed: null, noiseWidths: null },
            row: null,
            entry: null,
            commit: null,
            isDone: true,
          },
  };
}

const baseline = [1.0, 1.002, 0.998].map((metric, index) =>
  createJob({ number: index + 1, kind: 'baseline', commit: 'base000', metric }),
);

test('a gain past the noise is kept against the base it started from', () => {
  const job = createJob({ number: 9, commit: 'new0000', base: 'base000', metric: 0.9 });
  const decided = decideJob(job, [...baseline, job], config, 'a change');
  expect(decided.decision).toMatchObject({ status: 'keep', evidence: 'provisional' });
  expect(decided.decision?.observed).toBeCloseTo(-0.1);
  expect(decided.row).toMatchObject({
    status: 'keep',
    idea: 'idea-9',
    expected: '-0.100000 bpb',
    observed: '-0.100000 bpb',
    memoryGb: 2,
    jobs: [9],
  });
  expect(decided.row?.metrics).toEqual({ steps: 10 });
});

test.each([
  ['-30 s', 'bpb', '-30 s', null],
  ['-2 GB', '', '-2 GB', null],
  ['-5 %', 'bpb', '-0.050000 bpb', -0.05],
  ['-5 %', '%', '-5.000000 %', -5],
])('an expectation of "%s" of a metric in "%s" stands as "%s" in the row', (stated, unit, written, change) => {
  const job = createJob({ number: 9, commit: 'new0000', base: 'base000', metric: 0.9 });
  job.job.label = parseLabel(`Q: better? H: ${stated}`, 'lower');
  if (job.run) job.run.measuredBy = { name: 'val_bpb', direction: 'lower', unit };
  const decided = decideJob(job, [...baseline, job], config, 'a change');
  expect(decided.row?.expected).toBe(written);
  if (change === null) expect(decided.expected).toBeNull();
  else expect(decided.expected).toBeCloseTo(change, 9);
});

test("under the strict rule an experiment from an old base is kept only where it also beats today's champion", () => {
  const strict = { ...config, decision: { ...config.decision, rule: 'strict' as const } };
  const champion = createJob({ number: 4, commit: 'champ00', base: 'base000', metric: 0.8, status: 'keep' });
  const late = createJob({ number: 9, commit: 'late000', base: 'base000', metric: 0.9 });
  const decided = decideJob(late, [...baseline, champion, late], strict, 'a change');
  expect(decided.decision?.status).toBe('discard');
  expect(decided.decision?.reason).toContain('the champion was chosen by 0.800000 by now');
  const better = createJob({ number: 10, commit: 'best000', base: 'base000', metric: 0.7 });
  expect(decideJob(better, [...baseline, champion, better], strict, 'a change').decision?.status).toBe('keep');
});

test('values of another track or another device model are no base', () => {
  for (const other of [{ track: 'bbbbbbbb' }, { model: 'A100' }]) {
    const job = createJob({ number: 9, commit: 'new0000', base: 'base000', metric: 1.5, ...other });
    const decided = decideJob(job, [...baseline, job], config, 'a change');
    expect(decided.base).toBeNull();
    expect(decided.decision?.observed).toBeNull();
  }
});

test('a kept job by hand adds a row and never moves the champion', () => {
  const byHand = createJob({
    number: 5,
    kind: 'plain',
    commit: 'hand000',
    base: 'base000',
    metric: 0.5,
    status: 'keep',
  });
  const job = createJob({ number: 9, commit: 'new0000', base: 'base000', metric: 0.9 });
  expect(decideJob(byHand, [...baseline, byHand], config, 'by hand').row).toMatchObject({ idea: '', status: 'keep' });
  expect(decideJob(job, [...baseline, byHand, job], config, 'a change').decision?.status).toBe('keep');
});

test.each([
  ['experiment', true],
  ['plain', false],
] as [JobKind, boolean][])('a crash of a job of kind %s adds a row: %s', (kind, adds) => {
  const job = createJob({ number: 9, kind, commit: 'new0000', base: 'base000', metric: null });
  const decided = decideJob(job, [...baseline, job], config, 'a change');
  expect(decided.decision?.status).toBe('crash');
  expect(decided.row !== null).toBe(adds);
  if (decided.row) expect(decided.row).toMatchObject({ metric: 0, memoryGb: 0, observed: '' });
});

test.each(['baseline', 'bridge', 'task', 'check', 'replay'] as JobKind[])('a job of kind %s adds no row', (kind) => {
  const job = createJob({ number: 9, kind, commit: 'base000', metric: 0.9 });
  expect(decideJob(job, [...baseline, job], config, 'x').row).toBeNull();
});

test('a replay is not decided, and moves neither base, noise nor champion of what comes after it', () => {
  const job = createJob({ number: 9, commit: 'new0000', base: 'base000', metric: 0.9 });
  const replays = [5, 0.1].map((metric, index) =>
    createJob({ number: 5 + index, kind: 'replay', commit: 'base000', metric, status: 'keep' }),
  );
  expect(replays.map((replay) => decideJob(replay, [...baseline, ...replays], config, 'x'))).toEqual(
    replays.map(() => ({ decision: null, base: null, expected: null, row: null, flags: [] })),
  );
  expect(decideJob(job, [...baseline, ...replays, job], config, 'a change')).toEqual(
    decideJob(job, [...baseline, job], config, 'a change'),
  );
});

test('a leak is discarded however good it looks', () => {
  const job = createJob({ number: 9, commit: 'leak000', base: 'base000', metric: 0.1, flags: ['leak'] });
  const decided = decideJob(job, [...baseline, job], config, 'a change');
  expect(decided.decision?.status).toBe('discard');
  expect(decided.row?.flags).toEqual(['leak']);
});

test('steps that take far longer than the baseline put a flag on the row, and only runs of this track and device count', () => {
  const withSteps = (job: StoredJob, prepare: number, train: number): StoredJob => {
    const step = { exitCode: 0, signal: null };
    const steps = [
      { ...step, name: 'prepare' as const, seconds: prepare },
      { ...step, name: 'train' as const, seconds: train },
    ];
    if (job.run) job.run.steps = steps;
    return job;
  };
  const known = [1.0, 1.002, 0.998].map((metric, index) =>
    withSteps(createJob({ number: index + 1, kind: 'baseline', commit: 'base000', metric }), 1, 100),
  );
  const slow = { number: 9, commit: 'new0000', base: 'base000', metric: 0.9, flags: ['unsandboxed'] };
  const job = withSteps(createJob(slow), 60, 400);
  const decided = decideJob(job, [...known, job], config, 'a change');
  expect(decided.row?.flags).toEqual(['unsandboxed', 'slow-prepare', 'slow-train']);
  expect(decided.flags).toEqual(decided.row?.flags);
  if (decided.row === null) throw new Error('no row');
  const recorded = { ...known[0]?.recorded, row: formatResultRow(decided.row, 'val_bpb') } as StoredJob['recorded'];
  expect(readRowFlags({ run: job.run, recorded })).toEqual(['unsandboxed', 'slow-prepare', 'slow-train']);
  expect(readRowFlags({ run: job.run, recorded: null })).toEqual(['unsandboxed']);
  for (const other of [{ track: 'bbbbbbbb' }, { model: 'A100' }]) {
    const elsewhere = withSteps(createJob({ ...slow, ...other }), 60, 400);
    expect(decideJob(elsewhere, [...known, elsewhere], config, 'a change').flags).toEqual(['unsandboxed']);
  }
});

test('a run is judged by the metric it was measured by, whatever lab.yaml says by now', () => {
  const job = createJob({ number: 9, commit: 'new0000', base: 'base000', metric: 0.9 });
  if (job.run) job.run.measuredBy = { name: 'val_bpb', direction: 'lower', unit: 'bpb' };
  const today = configSchema.parse({ metric: { name: 'acc', direction: 'higher' } });
  const decided = decideJob(job, [...baseline, job], today, 'a change');
  expect(decided.decision?.status).toBe('keep');
  expect(decided.decision?.reason).toContain('val_bpb 0.900000');
});
