import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import {
  type KeptTest,
  listFreshTests,
  nextTestNumber,
  readFreshTest,
  testsFolder,
  writeFreshTest,
} from './fresh-tests.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function createState(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nl-tests-'));
  folders.push(folder);
  return folder;
}

const createTest = (number: number, more: Partial<KeptTest> = {}): KeptTest => ({
  ...{ schema: 1, number, key: `key-${number}`, reverts: false, leftOut: [], track: 'aaaaaaaa', deviceClass: 'cpu' },
  ...{ deviceModel: 'x', seeds: [1000, 1001], beganAt: '2026-11-21T20:00:00+01:00', env: { A: 'b' }, secretNames: [] },
  question: { kind: 'ablation', each: 2 },
  champion: {
    ...{ commit: 'c', root: 'r', near: [], value: 1, sd: null, chosenBy: null },
    changes: [{ slug: 's', commit: 'c', start: 'r' }],
  },
  arms: [
    { name: 'champion', commit: 'c', changes: ['c'] },
    { name: 'without s', commit: 'r', changes: [] },
  ],
  ...more,
});

test('a test is read back as it was written, and listed by its number', async () => {
  const state = createState();
  expect(listFreshTests(state)).toEqual([]);
  for (const number of [10, 2]) await writeFreshTest(state, createTest(number));
  const claim = createTest(11, {
    question: {
      ...{ kind: 'claim', attempt: 1, alpha: 0.009, runs: 12, confidence: 0.9, isPaired: false, expected: -0.5 },
    },
  });
  await writeFreshTest(state, claim);
  expect(listFreshTests(state)).toEqual([createTest(2), createTest(10), claim]);
  expect(readFreshTest(state, 3)).toBeNull();
});

test('a number is never given again, neither where a file has it nor where only a job does', async () => {
  const state = createState();
  expect(nextTestNumber(state, [])).toBe(1);
  await writeFreshTest(state, createTest(4));
  expect(nextTestNumber(state, [])).toBe(5);
  rmSync(join(testsFolder(state), '4.json'));
  expect(nextTestNumber(state, [3, 4, 1])).toBe(5);
});

test('a test that is there is not written over', async () => {
  const state = createState();
  await writeFreshTest(state, createTest(1));
  await expect(writeFreshTest(state, createTest(1, { track: 'bbbbbbbb' }))).rejects.toThrow('is there already');
  expect(readFreshTest(state, 1)?.track).toBe('aaaaaaaa');
});

test.each([
  ['another number', JSON.stringify(createTest(8)), 'the number of another test'],
  ['a missing field', JSON.stringify({ ...createTest(1), seeds: undefined }), 'seeds'],
  ['no JSON', '{', 'no valid JSON'],
])('a file with %s is named and not guessed at', async (_, text, said) => {
  const state = createState();
  await writeFreshTest(state, createTest(2));
  writeFileSync(join(testsFolder(state), '1.json'), text);
  expect(() => listFreshTests(state)).toThrow(said);
});
