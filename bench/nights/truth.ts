/**
 * What is true of a night, measured beside the lab: train and score, run by hand with seeds that no run of the lab had. It uses the lab's own
 * validation text, so that it is the same figure that the lab estimates. Code that differs in comments alone is run once.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Change } from '../../src/domain/change.ts';
import { composeCommit } from '../../src/git/compose-commit.ts';
import type { NightRecord } from './night-lab.ts';

/** A mean over seeds with its standard error. */
export interface Measured {
  mean: number;
  error: number;
}

/** A kept change by what it really does. */
export interface KeptTruth {
  slug: string;
  /** What the champion loses without it; where it cannot be taken out, what it did to the code that it was built on. */
  effect: Measured;
  isTakenOut: boolean;
}

/** What is true of a night. Oriented: higher is better. */
export interface NightTruth {
  gain: Measured;
  /** Of the code that something is claimed for; null where nothing is. */
  claimed: Measured | null;
  /** Standard deviation of one run of the baseline. */
  sd: number;
  kept: KeptTruth[];
}

/** Measures. `seeds` runs of baseline and champion each, `keptSeeds` of each code without one of its changes. */
export async function measureTruth(
  root: string,
  { baseline, champion, changes, claim, scoreSeed }: NightRecord,
  { seeds, keptSeeds }: { seeds: number; keptSeeds: number },
): Promise<NightTruth> {
  const folder = mkdtempSync(join(tmpdir(), 'nlb-truth-'));
  try {
    const bench = createRunner(root, folder, scoreSeed);
    const base = await bench.run(baseline, seeds);
    const top = await bench.run(champion, seeds);
    const claimed = claim === null ? null : difference(base, await bench.run(claim.commit, seeds));
    const kept: KeptTruth[] = [];
    for (const change of changes) {
      const { without, whole, isTakenOut } = await takeOut(root, champion, change);
      const [before, after] = [await bench.run(without, keptSeeds), await bench.run(whole, keptSeeds)];
      kept.push({ slug: change.slug, effect: difference(before, after), isTakenOut });
    }
    return { gain: difference(base, top), claimed, sd: spread(base), kept };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function takeOut(root: string, champion: string, change: Change) {
  const step = { kind: 'revert' as const, change };
  const { commit, skipped } = await composeCommit(root, champion, [step], { message: 'without', atMs: 0 });
  if (skipped.length === 0) return { without: commit, whole: champion, isTakenOut: true };
  return { without: change.start, whole: change.commit, isTakenOut: false };
}

/** Lower is better: what `after` is below `before`, run by run with the same seed. */
function difference(before: readonly number[], after: readonly number[]): Measured {
  const gains = after.map((value, place) => (before[place] ?? Number.NaN) - value);
  return { mean: average(gains), error: spread(gains) / Math.sqrt(gains.length) };
}

const average = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function spread(values: readonly number[]): number {
  const mean = average(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1));
}

function createRunner(root: string, folder: string, scoreSeed: string) {
  const known = new Map<string, Promise<number>>();
  const checkouts = new Map<string, string>();
  const waiting: (() => void)[] = [];
  let free = cpus().length;
  const takeTurn = async () => {
    if (free > 0) free--;
    else await new Promise<void>((resume) => waiting.push(resume));
  };
  const giveTurn = () => {
    const next = waiting.shift();
    if (next) next();
    else free++;
  };
  const checkOut = (commit: string, key: string): string => {
    const present = checkouts.get(key);
    if (present !== undefined) return present;
    const place = join(folder, `code-${checkouts.size}`);
    mkdirSync(place);
    const archive = execFileSync('git', ['archive', commit, 'problem'], { cwd: root, maxBuffer: 1 << 28 });
    execFileSync('tar', ['-x'], { cwd: place, input: archive });
    execFileSync('python3', ['problem/prepare.py'], { cwd: place, stdio: 'ignore' });
    checkouts.set(key, place);
    return place;
  };
  const runOnce = async (place: string, seed: number): Promise<number> => {
    const out = mkdtempSync(join(folder, 'out-'));
    const env = { ...process.env, LAB_OUT: out, LAB_SEED: String(seed), LAB_SCORE_SEED: scoreSeed };
    await takeTurn();
    try {
      await start('python3', ['problem/train.py'], place, env);
      const said = await start('python3', ['problem/prepare.py', 'score'], place, env);
      const value = Number(/^val_bpb:\s+(\S+)$/m.exec(said)?.[1]);
      if (!Number.isFinite(value)) throw new Error(`no val_bpb in: ${said.slice(-500)}`);
      return value;
    } finally {
      giveTurn();
      rmSync(out, { recursive: true, force: true });
    }
  };
  /** Scores of a commit with the first `count` fresh seeds. */
  const run = async (commit: string, count: number): Promise<number[]> => {
    const code = execFileSync('git', ['show', `${commit}:problem/train.py`], { cwd: root, encoding: 'utf8' });
    const key = code.replace(/^\s*#.*\n/gm, '');
    const place = checkOut(commit, key);
    // Seeds of the lab's own runs lie below 2^31.
    const seeds = Array.from({ length: count }, (_, index) => 3_000_000_000 + index);
    const scores = seeds.map((seed) => {
      const name = JSON.stringify([key, seed]);
      const score = known.get(name) ?? runOnce(place, seed);
      known.set(name, score);
      return score;
    });
    return await Promise.all(scores);
  };
  return { run };
}

async function start(program: string, words: string[], cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn(program, words, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => (text += part));
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code !== 0) throw new Error(`${program} ${words.join(' ')} ended with ${code}: ${text.slice(-500)}`);
  return text;
}
