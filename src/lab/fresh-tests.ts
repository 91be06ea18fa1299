/**
 * The tests with fresh seeds as files: `.lab/tests/<number>.json`, written and synced before a test's first run and never changed. What became
 * of a test stands in the records of its jobs; what comes next is src/stats/test-progress.ts's.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { FreshTest } from '../domain/fresh-test.ts';
import { LabError } from '../errors/lab-error.ts';
import { readJson, writeJsonSynced } from './atomic-write.ts';

/** A test as it is kept: with what its jobs need that nobody asks for again, so that a daemon that was killed can go on with it. */
export interface KeptTest extends FreshTest {
  /** Names the submission: the same key twice is one test. */
  key: string;
  /** Whether changes that it shows to be guilty leave the champion: always after a bisection, after an ablation where that was asked for. */
  reverts: boolean;
  /** Commits of changes of the champion that a claim left out as doubtful: they leave the champion where it is confirmed without them. */
  leftOut: string[];
  /** Environment of its runs, allow-listed. */
  env: Record<string, string>;
  /** Names passed when a run starts and never stored. */
  secretNames: string[];
}

const count = z.number().int().nonnegative();
const change = z.object({ slug: z.string().min(1), commit: z.string().min(1), start: z.string().min(1) });
const champion = z.object({
  commit: z.string().min(1),
  root: z.string().min(1),
  changes: z.array(change),
  near: z.array(change),
  value: z.number(),
  sd: z.number().nullable(),
  chosenBy: z.number().nullable(),
});

const keptTest = z.object({
  schema: z.literal(1),
  number: count.positive(),
  key: z.string().min(1),
  reverts: z.boolean(),
  leftOut: z.array(z.string().min(1)),
  question: z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('claim'),
      attempt: count.positive(),
      alpha: z.number().positive(),
      runs: count,
      confidence: z.number().gt(0).lt(1),
      isPaired: z.boolean(),
      expected: z.number(),
    }),
    z.object({ kind: z.literal('bisect'), claim: count.positive(), runs: count }),
    z.object({ kind: z.literal('ablation'), each: count.positive() }),
  ]),
  track: z.string().regex(/^[0-9a-f]{8}$/),
  deviceClass: z.enum(['cpu', 'gpu']),
  deviceModel: z.string(),
  champion,
  arms: z.array(z.object({ name: z.string(), commit: z.string().min(1), changes: z.array(z.string()) })).min(2),
  seeds: z.array(count),
  beganAt: z.iso.datetime({ offset: true }),
  env: z.record(z.string(), z.string()),
  secretNames: z.array(z.string()),
});

const fileName = /^([1-9]\d{0,8})\.json$/;

/** The folder of the tests in a lab's state folder. */
export const testsFolder = (state: string): string => join(state, 'tests');

function listNumbers(state: string): number[] {
  const folder = testsFolder(state);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .flatMap((name) => Number(fileName.exec(name)?.[1] ?? Number.NaN))
    .filter((number) => !Number.isNaN(number))
    .sort((a, b) => a - b);
}

/** All tests, the oldest first. Throws LabError (internal) naming a file that is not one. */
export function listFreshTests(state: string): KeptTest[] {
  return listNumbers(state).flatMap((number) => readFreshTest(state, number) ?? []);
}

/** One test; null where there is none of that number. Throws LabError (internal) where the file is not one. */
export function readFreshTest(state: string, number: number): KeptTest | null {
  const file = join(testsFolder(state), `${number}.json`);
  const raw = readJson(file);
  if (raw === null) return null;
  const parsed = keptTest.safeParse(raw);
  if (parsed.success && parsed.data.number === number) return parsed.data;
  const [issue] = parsed.error?.issues ?? [];
  const problem =
    issue === undefined ? 'it has the number of another test' : `${issue.path.join('.')}: ${issue.message}`;
  throw new LabError('internal', `${file}: ${problem}`, {
    hints: ['the file is written by the lab; `lab logs` shows what happened around it'],
  });
}

/** The next free number: above all tests with a file, and above `known`, the numbers that jobs name (their file may be gone). */
export function nextTestNumber(state: string, known: readonly number[]): number {
  return Math.max(0, ...listNumbers(state).slice(-1), ...known) + 1;
}

/** Writes a new test, synced. Throws LabError (internal) where its number is taken: a test never changes. */
export async function writeFreshTest(state: string, test: KeptTest): Promise<void> {
  const file = join(testsFolder(state), `${test.number}.json`);
  if (existsSync(file)) throw new LabError('internal', `${file} is there already, expected a new number`);
  await writeJsonSynced(file, test);
}
