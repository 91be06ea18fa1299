import { expect, test } from 'vitest';
import { createPlainJob, createPlainRun } from '../../queue/job-for-tests.ts';
import { createQueueEntry } from '../../queue/job-schema.ts';
import type { StoredJob } from '../../queue/job-store.ts';
import type { TestVerdict } from '../domain/fresh-test.ts';
import type { Job } from '../domain/job.ts';
import { describeEvidence, findRowEvidence, studyEvidence } from './change-evidence.ts';

const full = (letter: string) => letter.repeat(40);
const short = (letter: string) => letter.repeat(7);

function stored(number: number, changes: Partial<Job>, verdict?: TestVerdict): StoredJob {
  const job = createPlainJob(number, changes);
  const endedAt = `2026-11-21T10:${String(number).padStart(2, '0')}:00+00:00`;
  return {
    ...{ job, queued: job, entry: createQueueEntry(number), attempts: [1], run: createPlainRun(number, { endedAt }) },
    recorded: {
      ...{ schema: 1, job: number, attempt: 1, decision: null, metric: 'score', row: null, entry: null },
      ...{ commit: null, isDone: true, ...(verdict === undefined ? {} : { verdict }) },
    },
  };
}

/** A run of a test: `of` names what runs, by the changes in it. */
function run(
  number: number,
  test: number,
  of: string,
  verdict?: Omit<TestVerdict, 'test'>,
  kind: Job['kind'] = 'confirm',
) {
  const changes = [...of].map(full);
  const commit = of === '' ? full('0') : full(of.at(-1) ?? '');
  const job = { kind, commit, test: { test, arm: of === '' ? 0 : 1, root: full('0'), changes } };
  return stored(number, job, verdict && { test, ...verdict });
}

const confirmed = [run(1, 1, ''), run(2, 1, 'ab'), run(3, 1, ''), run(4, 1, 'ab', { state: 'confirmed', revert: [] })];

test('a confirmed champion bears out every change in it, and no other', () => {
  const { claims, ofChange } = studyEvidence(confirmed);
  expect(claims).toEqual([{ test: 1, state: 'confirmed', commit: full('b'), changes: [full('a'), full('b')], job: 4 }]);
  expect([...ofChange]).toEqual([
    [short('a'), { word: 'confirmed', champion: short('b'), test: 1 }],
    [short('b'), { word: 'confirmed', champion: short('b'), test: 1 }],
  ]);
});

test('the newest word counts, by the moment when a test ended and not by its place in the list', () => {
  const refuted = [run(5, 2, ''), run(6, 2, 'abc', { state: 'refuted', revert: [] })];
  const words = (jobs: StoredJob[]) => [...studyEvidence(jobs).ofChange].map(([, { word }]) => word);
  expect(words([...refuted, ...confirmed])).toEqual(['refuted', 'refuted', 'refuted']);
  const bisected = [...confirmed, ...refuted, run(7, 3, 'a'), run(8, 3, 'abc', { state: 'done', revert: [full('c')] })];
  // Whom the bisection does not blame rests on its own run again.
  expect([...studyEvidence(bisected).ofChange]).toEqual([[short('c'), { word: 'taken back', champion: '', test: 3 }]]);
});

test('a claim that shows neither and an ablation that only looks say nothing of a change', () => {
  const open = [run(1, 1, ''), run(2, 1, 'ab', { state: 'provisional', revert: [] })];
  const looked = run(3, 2, 'a', { state: 'done', revert: [] }, 'ablation');
  const { ofChange, claims } = studyEvidence([...open, looked]);
  expect([...ofChange]).toEqual([]);
  expect(claims).toMatchObject([{ state: 'provisional', commit: full('b') }]);
});

test('a row is known by the change of its job, also where other changes were mixed into what ran', () => {
  const variant = { of: full('a'), leftOut: [], riders: [] };
  const jobs = [...confirmed, stored(9, { kind: 'experiment', experiment: 'a', commit: full('e'), variant })];
  const book = studyEvidence(jobs);
  expect(findRowEvidence(book, { commit: short('e'), jobs: [9] })).toMatchObject({ word: 'confirmed' });
  expect(findRowEvidence(book, { commit: short('e'), jobs: [10] })).toBeNull();
  expect(findRowEvidence(book, { commit: short('b'), jobs: [] })).toMatchObject({ word: 'confirmed' });
});

test('in a clone without run folders the rows of claims are all that is known', () => {
  const rows = [
    { commit: short('b'), evidence: 'confirmed' as const },
    { commit: short('a'), evidence: 'provisional' as const },
  ];
  expect([...studyEvidence([], rows).ofChange.keys()]).toEqual([short('b')]);
});

test('the words name champion and test', () => {
  expect(describeEvidence({ word: 'confirmed', champion: short('b'), test: 1 })).toBe(
    'confirmed with the champion bbbbbbb',
  );
  expect(describeEvidence({ word: 'taken back', champion: '', test: 3 })).toBe('taken back after test 3');
});
