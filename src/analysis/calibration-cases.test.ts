import { afterEach, beforeEach, expect, test } from 'vitest';
import { jobFolder } from '../../queue/job-store.ts';
import { type LabPaths, labPaths } from '../config/lab-paths.ts';
import { configSchema } from '../config/schema.ts';
import type { Experiment } from '../domain/experiment.ts';
import { archiveExperiment, writeExperiment } from '../lab/experiments.ts';
import { createTemporaryRepository, type TemporaryRepository } from '../scenarios/temporary-repository.ts';
import { byHand, gatherCases } from './calibration-cases.ts';
import { type JobSketch, writeEndedJob } from './stored-jobs-for-tests.ts';

const idea = (slug: string) => `---
slug: ${slug}
title: Title of ${slug}
state: decided
category: optimizer
expected: -9 score
author: claude
---

## Hypothesis

It lowers the score.
`;
const config = configSchema.parse({ metric: { name: 'score' } });
const full = (letter: string) => letter.repeat(40);

let repository: TemporaryRepository;
let paths: LabPaths;

beforeEach(async () => {
  repository = await createTemporaryRepository({ '1_ideas/2026-11-20_warm.md': idea('warm') });
  paths = labPaths(repository.root);
});
afterEach(() => repository.remove());

async function gather(sketches: JobSketch[]) {
  for (const sketch of sketches) await writeEndedJob(paths.runs, sketch);
  return await gatherCases(paths, config, 'main');
}

const baseline = (number: number, metric: number): JobSketch => ({
  ...{ number, metric, kind: 'baseline' },
  job: { commit: full('0'), seed: number },
});
/** An experiment on the baseline, told against `base`. */
const warm = (number: number, metric: number | null, changes: Partial<JobSketch> = {}): JobSketch => ({
  ...{ number, metric, status: 'keep', observed: metric === null ? null : metric - 2 },
  label: 'Q: does it help? H: -0.5 score: it lowers the score',
  ...changes,
  job: { experiment: 'warm', commit: full('a'), base: full('0'), start: full('0'), ...changes.job },
});

function attemptOf(changes: Partial<Experiment>): Experiment {
  const use = { status: 'done', seconds: 1, tokens: null, costUsd: null, run: 'x', flags: [] };
  return {
    ...{
      schema: 1,
      slug: 'warm',
      title: 't',
      attempt: 1,
      place: 1,
      ideaPath: '1_ideas/2026-11-20_warm.md',
      next: 'done',
    },
    ...{ choice: [], expected: '-10 %', refutedBy: '', isOwn: true, waits: null, base: full('0'), start: full('0') },
    ...{ label: '', commit: full('a'), smokeJobs: [], job: 4, rounds: 1, returns: [], notes: '', reviewNotes: '' },
    ...{ outcome: null, report: null, history: [] },
    agents: [
      { ...use, role: 'implementer', agent: 'codex', model: 'small' },
      { ...use, role: 'implementer', agent: 'claude', model: 'large' },
      { ...use, role: 'reviewer', agent: 'gemini', model: null },
    ],
    ...changes,
  };
}

test('an experiment counts as its idea stated it when it was chosen, oriented so that higher is better', async () => {
  await writeExperiment(paths, attemptOf({}));
  const [found] = await gather([baseline(1, 1.9), baseline(2, 2.1), baseline(3, 2), warm(4, 1.7)]);
  expect(found).toMatchObject({
    ...{ name: 'warm', job: 4, slug: 'warm', title: 'Title of warm', category: 'optimizer', author: 'claude' },
    // The last implementer built it; 10 % of the base, 2, and neither the label's figure nor the idea's of today.
    ...{ agent: 'claude', model: 'large', stated: '-10 %', sign: -1, status: 'keep', degrees: 2 },
  });
  expect(found?.expected).toBeCloseTo(0.2, 12);
  expect(found?.observed).toBeCloseTo(0.3, 12);
  // The sd of one run is 0.1; the base is known from three runs and what the experiment adds to them.
  expect(found?.sd).toBeGreaterThan(0.1);
  expect(found?.sd).toBeLessThan(0.13);
});

test('each attempt has its own state, also one that was put aside', async () => {
  const first = attemptOf({ expected: '-0.1 score' });
  await writeExperiment(paths, first);
  archiveExperiment(paths, first);
  await writeExperiment(paths, attemptOf({ attempt: 2, expected: '-0.4 score', commit: full('b'), job: 5 }));
  const found = await gather([baseline(1, 2), warm(4, 1.7), warm(5, 1.8, { job: { commit: full('b') } })]);
  expect(found.map(({ job, expected }) => [job, expected])).toEqual([
    [4, 0.1],
    [5, 0.4],
  ]);
});

test('without a state the label says what was expected; a job by hand has its question for a title', async () => {
  const label = 'Q: is the rate too high? H: reaches 1.5 score';
  const found = await gather([
    baseline(1, 2),
    warm(2, 1.7),
    { number: 3, kind: 'plain', metric: 1.9, status: 'discard', observed: -0.1, label, job: { base: full('0') } },
  ]);
  expect(found).toMatchObject([
    { name: 'warm', expected: 0.5, agent: null, model: null },
    { name: 'job 3', slug: null, title: 'is the rate too high?', agent: byHand, author: byHand, category: null },
  ]);
  expect(found[1]?.expected).toBeCloseTo(0.5, 12);
  // One baseline run tells no noise.
  expect(found.map(({ sd, degrees }) => [sd, degrees])).toEqual([
    [null, 0],
    [null, 0],
  ]);
});

test('a crash and a leak are not measured; a crash with other changes mixed in says nothing of the idea', async () => {
  const variant = { of: full('a'), leftOut: [], riders: [{ slug: 'x', commit: full('c'), start: full('0') }] };
  const found = await gather([
    baseline(1, 2),
    warm(2, null, { status: 'crash', observed: null }),
    warm(3, 0.1, { status: 'discard', run: { flags: ['leak'] } }),
    warm(4, null, { status: 'crash', observed: null, job: { commit: full('d'), variant } }),
    { number: 5, kind: 'plain', metric: 1, status: 'keep', observed: -1 },
  ]);
  expect(found.map(({ job, expected, observed }) => [job, expected, observed])).toEqual([
    [2, 0.5, null],
    [3, 0.5, null],
  ]);
});

test('runs that repeat to the digit have the noise of their last digit, and no other track or device has a say in it', async () => {
  const elsewhere = { ...baseline(1, 9), run: { device: { id: 'gpu0', class: 'gpu' as const, model: 'H100' } } };
  const otherTrack = { ...baseline(2, 7), run: { track: '11111111' } };
  const [found] = await gather([elsewhere, otherTrack, baseline(3, 2.5), baseline(4, 2.5), warm(5, 2.25)]);
  expect(found?.degrees).toBe(Number.POSITIVE_INFINITY);
  expect(found?.sd).toBeGreaterThan(0.004);
  expect(found?.sd).toBeLessThan(0.01);
});

test('a job folder that cannot be read is told and stops nothing', async () => {
  await gather([baseline(1, 2), warm(2, 1.7)]);
  await repository.write(`${jobFolder('.lab/runs', 2)}/job.json`, '{"schema": 99}');
  const broken: number[] = [];
  expect(await gatherCases(paths, config, 'main', (job) => broken.push(job))).toEqual([]);
  expect(broken).toEqual([2]);
});
