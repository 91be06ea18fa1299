/** Which seeds of the baseline are queued, and at which commit: a door to the lab that writes down what it was asked. */
import { expect, test } from 'vitest';
import { createPlainJob, createPlainRun } from '../../queue/job-for-tests.ts';
import { configSchema } from '../config/schema.ts';
import type { JobView } from '../domain/job.ts';
import { queueBaseline } from './baseline.ts';
import type { LabGate } from './lab-gate.ts';

const track = 'aaaaaaaa';
const config = configSchema.parse({ run: { seeds: [1, 2, 3] } });
const refuse = () => Promise.reject(new Error('nobody asks for this'));

/** An ended baseline job; a metric of null: it failed. */
function ended(number: number, seed: number, commit: string, metric: number | null): JobView {
  const { env: _env, ...job } = createPlainJob(number, { kind: 'baseline', seed, commit, track });
  const run = createPlainRun(number, {
    ...{ metric, track },
    fate: metric === null ? { kind: 'failed', failure: 'exception', detail: 'no' } : { kind: 'done' },
  });
  return {
    ...{ job, state: { kind: 'ended', run, status: null }, group: 'default', priority: 0, after: [] },
    ...{ eta: null, isArchived: false, decision: null },
  };
}

function openLab(jobs: JobView[]) {
  const asked: { seed: number | null; commit: string | null }[] = [];
  const gate: LabGate = {
    look: async () => ({ jobs, track, champion: null }),
    addJob: async ({ seed, commit }) => {
      asked.push({ seed, commit });
      return { number: 100 + asked.length, commit: commit ?? 'tip' };
    },
    ...{ listClaims: async () => [], confirmChampion: refuse, replayJob: refuse, waitForJob: refuse, record: refuse },
  };
  const told: string[] = [];
  const queue = () => queueBaseline({ gate, config, tell: (line) => told.push(line) });
  return { queue, asked, told };
}

test('a seed that failed is measured again at the commit that the other seeds ran, however far main has moved', async () => {
  const lab = openLab([ended(1, 1, 'old', 1), ended(2, 2, 'old', null), ended(3, 3, 'old', 1.01)]);
  expect(await lab.queue()).toEqual([1, 3, 101]);
  expect(lab.asked).toEqual([{ seed: 2, commit: 'old' }]);
  expect(lab.told.join('\n')).toContain('at old, as the other seeds');
  // The same command queues no seed twice.
  await lab.queue();
  expect(lab.asked).toHaveLength(1);
});

test('of two baselines the newest one is completed', async () => {
  const lab = openLab([ended(1, 1, 'old', 1), ended(2, 2, 'new', 1.01), ended(3, 3, 'new', null)]);
  await lab.queue();
  expect(lab.asked).toEqual([{ seed: 3, commit: 'new' }]);
});

test('a baseline of which no seed has a number is measured at main as it is, where it may be mended', async () => {
  for (const jobs of [[], [1, 2, 3].map((seed) => ended(seed, seed, 'broken', null))]) {
    const lab = openLab(jobs);
    await lab.queue();
    expect(lab.asked).toEqual([1, 2, 3].map((seed) => ({ seed, commit: null })));
  }
});
