/** What leaves a champion after a test, and what the record says of it, on real git. Which changes are guilty is decide-test.test.ts's. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createPlainRun } from '../../queue/job-for-tests.ts';
import type { ChampionState, Change } from '../../src/domain/change.ts';
import type { TestQuestion } from '../../src/domain/fresh-test.ts';
import type { KeptTest } from '../../src/lab/fresh-tests.ts';
import { createTemporaryRepository, type TemporaryRepository } from '../../src/scenarios/temporary-repository.ts';
import type { TestFinding } from '../../src/stats/test-progress.ts';
import type { DecidedTest } from './decide-test.ts';
import { settleAndTell } from './settle-test.ts';

const repositories: TemporaryRepository[] = [];

afterEach(async () => {
  for (const one of repositories.splice(0)) await one.remove();
});

/** A champion of "one" (own file), "two", and "three", which edits the very line that "two" wrote. */
async function createChampion() {
  const repository = await createTemporaryRepository({ 'a.py': 'a = 1\n', 'b.py': 'b = 1\n' });
  repositories.push(repository);
  const { git, root } = repository;
  const first = await git('rev-parse', 'HEAD');
  const changes: Change[] = [];
  for (const [slug, file, text] of [
    ['one', 'a.py', 'a = 2\n'],
    ['two', 'b.py', 'b = 2\n'],
    ['three', 'b.py', 'b = 2 + 3\n'],
  ] as const) {
    await writeFile(join(root, file), text);
    await git('commit', '--quiet', '--all', '--message', slug);
    changes.push({ slug, start: changes.at(-1)?.commit ?? first, commit: await git('rev-parse', 'HEAD') });
  }
  const commit = changes.at(-1)?.commit ?? '';
  const champion: ChampionState = {
    ...{ commit, root: first, changes, near: [], value: 0.9, sd: 0.01, chosenBy: 0.88 },
  };
  const show = (hash: string, file: string) => git('show', `${hash}:${file}`);
  return { root, champion, show };
}

/** A test that is decided: these changes are to leave. */
function createDecided(
  champion: ChampionState,
  asked: { question: TestQuestion; finding: TestFinding; revert?: string[]; leftOut?: string[] },
): DecidedTest {
  const { question, finding, revert = [], leftOut = [] } = asked;
  const run = createPlainRun(7, { metric: 0.9 });
  const laid: KeptTest = {
    ...{ schema: 1, number: 3, key: 'k', reverts: true, leftOut, question, track: run.track, champion, seeds: [5] },
    ...{ deviceClass: 'cpu', deviceModel: 'x', beganAt: run.startedAt, env: {}, secretNames: [] },
    arms: [{ name: 'champion', commit: champion.commit, changes: champion.changes.map(({ commit }) => commit) }],
  };
  const state = finding.kind === 'claim' ? ('confirmed' as const) : ('done' as const);
  const verdict = { test: 3, state, revert };
  const measuredBy = { name: 'val_bpb', direction: 'lower', unit: '' } as const;
  const out = [...revert, ...leftOut];
  return {
    ...{ row: null, entry: null, verdict, before: champion, tested: null },
    champion: { ...champion, changes: champion.changes.filter(({ commit }) => !out.includes(commit)) },
    told: { test: laid, verdict, finding, cut: null, own: [], job: 7, run, measuredBy, stuck: [] },
  };
}

const settle = (root: string, decided: DecidedTest) =>
  settleAndTell({
    ...{ root, decided, number: 7, run: createPlainRun(7, { metric: 0.9 }), runs: [], direction: 'lower' },
  });

test('a guilty change that a later one is built on stays in the champion, and neither entry nor verdict says that it was taken back', async () => {
  const { root, champion, show } = await createChampion();
  const [one, two] = champion.changes.map(({ commit }) => commit);
  if (one === undefined || two === undefined) throw new Error('no changes');
  const question = { kind: 'bisect', claim: 2, runs: 8 } as const;
  const bisect = (revert: string[]) =>
    settle(root, createDecided(champion, { question, revert, finding: { kind: 'bisect', segments: [], revert } }));
  const both = await bisect([one, two]);
  expect(both.champion?.changes.map(({ slug }) => slug)).toEqual(['two', 'three']);
  expect(both.verdict).toEqual({ test: 3, state: 'done', revert: [one] });
  const after = both.champion?.commit ?? '';
  expect([await show(after, 'a.py'), await show(after, 'b.py')]).toEqual(['a = 1', 'b = 2 + 3']);
  expect(both.entry).toContain('guilty, and taken back: one');
  expect(both.entry).toContain('two cannot be taken out by itself: later changes are built on it');
  const alone = await bisect([two]);
  expect([alone.champion?.commit, alone.verdict?.revert]).toEqual([champion.commit, []]);
  expect(alone.entry).toContain('guilty, and still in the champion: two cannot be taken out by itself');
  expect(alone.entry).not.toContain('taken back');
});

test('an ablation that cannot take a useless change out says so', async () => {
  const { root, champion } = await createChampion();
  const revert = champion.changes.slice(0, 2).map(({ commit }) => commit);
  const finding: TestFinding = { kind: 'ablation', worth: [], revert };
  const decided = createDecided(champion, { question: { kind: 'ablation', each: 2 }, revert, finding });
  const { entry, verdict } = await settle(root, decided);
  expect(verdict?.revert).toEqual(revert.slice(0, 1));
  expect(entry).toContain('not worth their place, and taken back: one');
  expect(entry).toContain('and still in the champion: two cannot be taken out by itself');
});

test('what a confirmed claim left out, and the champion of by now cannot be rid of, is named', async () => {
  const { root, champion } = await createChampion();
  const [, two] = champion.changes;
  const finding: TestFinding = {
    ...{ kind: 'claim', jobs: [7], diverged: [], looks: { taken: 1, most: 3 } },
    verdict: {
      ...{ state: 'confirmed', gain: 0.1, interval: { low: 0.05, high: 0.15 }, chance: 0.001, noise: null },
      ...{ runs: { baseline: 2, champion: 2 }, diverged: { baseline: 0, champion: 0 }, isFutile: false },
    },
  };
  const question: TestQuestion = {
    ...{ kind: 'claim', attempt: 1, alpha: 0.009, runs: 8, confidence: 0.9, isPaired: false, expected: 0.1 },
  };
  const decided = createDecided(champion, { question, finding, leftOut: [two?.commit ?? ''] });
  const { entry, champion: after } = await settle(root, decided);
  expect(after?.changes).toEqual(champion.changes);
  expect(entry).toContain(
    'left out of the claim, and of the champion from now on, as far as that goes: two cannot be taken out by itself',
  );
});
