/**
 * What keeps the recorder from writing only delays it: the user's own work in git, an editor's old buffer, files that cannot be written.
 * Each is said on the job while it lasts, nothing of the user's is swept up, and in the end every job is recorded exactly once.
 */
import { chmod, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, expect, test } from 'vitest';
import { parseResults } from '../lab/results-tsv.ts';
import { createTemporaryLab, type TemporaryLab, waitUntil } from './temporary-lab.ts';

const made: TemporaryLab[] = [];

async function create(): Promise<TemporaryLab> {
  const lab = await createTemporaryLab();
  made.push(lab);
  return lab;
}

afterEach(async () => {
  for (const lab of made.splice(0)) await lab.remove();
});

const add = (lab: TemporaryLab, question = 'is it so?'): Promise<number> =>
  lab.add('--label', `Q: ${question} H: it is`, '--', 'python3', 'train.py');

/** Jobs on main: one number per row, and one per journal entry. */
async function records(lab: TemporaryLab): Promise<{ rows: number[]; entries: number[] }> {
  const rows = parseResults(await lab.git('show', 'main:results.tsv')).rows.flatMap((row) => row.jobs);
  const journal = await lab.git('show', 'main:RESEARCH_JOURNAL.md');
  return {
    rows,
    entries: Array.from(journal.matchAll(/^job (\d+), attempt 1, commit /gm), (found) => Number(found[1])).sort(),
  };
}

/** Waits until the job waits to be recorded; gives the reason that `lab status` shows. */
function waitForDelay(lab: TemporaryLab, number: number): Promise<string> {
  return waitUntil(`job ${number} says why it is not recorded`, async () => {
    const state = (await lab.status(number)).jobs[0]?.state;
    return state?.kind === 'recording' ? state.problem : null;
  });
}

test('a dirty main with staged, unstaged and untracked work gets the row and keeps its work as it was', async () => {
  const lab = await create();
  await lab.write('notes.md', 'first\n');
  await lab.git('add', 'notes.md');
  await lab.git('commit', '--quiet', '--no-verify', '--message=notes');
  await lab.write('notes.md', 'unstaged\n');
  await lab.write('staged.md', 'staged\n');
  await lab.git('add', 'staged.md');
  await lab.write('untracked.md', 'untracked\n');
  const before = await lab.git('status', '--porcelain');
  const number = await add(lab);
  expect((await lab.lab('wait', String(number))).code).toBe(0);
  expect(await lab.git('status', '--porcelain')).toBe(before);
  expect(await records(lab)).toEqual({ rows: [number], entries: [number] });
  const changed = await lab.git('show', '--format=%an', '--name-only', 'main');
  expect(changed).toBe('nightlab\n\nRESEARCH_JOURNAL.md\nresults.tsv');
  // The checkout followed: the row stands in the file as well.
  expect(parseResults(await lab.read('results.tsv')).rows.length).toBe(1);
});

test('with another branch checked out the records go to main and the checkout stays as it is', async () => {
  const lab = await create();
  await lab.git('checkout', '--quiet', '-b', 'mine');
  const head = await lab.git('rev-parse', 'HEAD');
  const number = await add(lab);
  expect((await lab.lab('wait', String(number))).code).toBe(0);
  expect(await records(lab)).toEqual({ rows: [number], entries: [number] });
  expect(await lab.git('rev-parse', 'HEAD')).toBe(head);
  expect(await lab.git('symbolic-ref', '--short', 'HEAD')).toBe('mine');
  await waitUntil('index and file follow main', async () => (await lab.git('status', '--porcelain')) === '');
  // Not on this branch: its file has the header alone.
  expect(parseResults(await lab.read('results.tsv')).rows).toEqual([]);
});

test('a merge in progress delays the records, says so, and they follow once each when it is over', async () => {
  const lab = await create();
  await lab.git('checkout', '--quiet', '-b', 'mine');
  await lab.write('train.py', '# mine\n');
  await lab.git('commit', '--quiet', '--no-verify', '--all', '--message=mine');
  await lab.git('checkout', '--quiet', 'main');
  await lab.git('merge', '--quiet', '--no-ff', '--no-commit', 'mine');
  const numbers: number[] = [];
  for (const question of ['first', 'second'])
    numbers.push(await lab.add('--label', `Q: ${question} H: it is`, '--', 'echo 1.0 > $LAB_OUT/model.txt'));
  expect(await waitForDelay(lab, 1)).toBe(`a merge is in progress in ${lab.root}`);
  expect((await lab.lab('status')).stdout).toContain('recording waits');
  expect(await records(lab)).toEqual({ rows: [], entries: [] });
  // The daemon may come and go meanwhile.
  await lab.lab('down');
  await lab.git('commit', '--quiet', '--no-verify', '--message=merged');
  expect((await lab.lab('wait', ...numbers.map(String))).code).toBe(0);
  const found = await records(lab);
  expect(found).toEqual({ rows: numbers, entries: numbers });
  expect(await lab.git('log', '--format=%s', '--first-parent', '-3')).toMatch(/^recorder: .*\nrecorder: .*\nmerged$/);
});

test('a journal saved from an old buffer and committed gets the dropped entries back, under the text of its author', async () => {
  const lab = await create();
  const first = await add(lab);
  await lab.lab('wait', String(first));
  const buffer = await lab.read('RESEARCH_JOURNAL.md');
  const second = await add(lab, 'and this?');
  await lab.lab('wait', String(second));
  // Every half minute, and at every start, a daemon puts back what is lost.
  await lab.lab('down');
  await lab.write('RESEARCH_JOURNAL.md', `${buffer}\nA thought of mine.\n`);
  await lab.git('commit', '--quiet', '--no-verify', '--all', '--message=thought');
  expect((await records(lab)).entries).toEqual([first]);
  await lab.lab('up');
  await waitUntil('the dropped entry is back', async () => (await records(lab)).entries.length === 2);
  expect(await records(lab)).toEqual({ rows: [first, second], entries: [first, second] });
  expect(await lab.git('show', 'main:RESEARCH_JOURNAL.md')).toContain('A thought of mine.');
  await waitUntil('index and file follow main', async () => (await lab.git('status', '--porcelain')) === '');
});

test('an old buffer that is saved while a job is recorded keeps the edit in the file and the entry on main', async () => {
  const lab = await create();
  const buffer = await lab.read('RESEARCH_JOURNAL.md');
  await lab.write('RESEARCH_JOURNAL.md', `${buffer}\nNot committed yet.\n`);
  const number = await add(lab);
  expect((await lab.lab('wait', String(number))).code).toBe(0);
  expect(await records(lab)).toEqual({ rows: [number], entries: [number] });
  expect(await lab.read('RESEARCH_JOURNAL.md')).toBe(`${buffer}\nNot committed yet.\n`);
  expect(await lab.git('show', 'main:RESEARCH_JOURNAL.md')).not.toContain('Not committed yet.');
});

test("git's index.lock delays the record and is named; when it is gone the job is recorded once", async () => {
  const lab = await create();
  const lock = join(lab.root, '.git', 'index.lock');
  await lab.lab('up');
  await lab.write('.git/index.lock', '');
  const number = await add(lab);
  expect(await waitForDelay(lab, number)).toContain('index.lock');
  // A foreign lock is the user's: it is waited for, never taken away.
  expect(await lab.read('.git/index.lock')).toBe('');
  await rm(lock);
  expect((await lab.lab('wait', String(number))).code).toBe(0);
  expect(await records(lab)).toEqual({ rows: [number], entries: [number] });
});

test('a results.tsv of another make is named and waits, whole; when it is put aside the row follows', async () => {
  const lab = await create();
  const foreign = 'commit\tscore\tmemory_gb\tstatus\tdescription\nabc1234\t0.5\t1.0\tkeep\tby hand\n';
  await lab.write('results.tsv', foreign);
  await lab.git('commit', '--quiet', '--no-verify', '--all', '--message=foreign');
  const number = await add(lab);
  expect(await waitForDelay(lab, number)).toContain('results.tsv');
  expect(await lab.git('show', 'main:results.tsv')).toBe(foreign.trimEnd());
  await lab.git('mv', 'results.tsv', 'results.old.tsv');
  // Past no hook: a table that is kept whole is no loss.
  await lab.git('commit', '--quiet', '--message=aside');
  expect((await lab.lab('wait', String(number))).code).toBe(0);
  expect(await records(lab)).toEqual({ rows: [number], entries: [number] });
});

const unwritable = process.getuid?.() === 0 ? await canMakeImmutable() : 'chmod';
const why = unwritable === null ? ' (skipped: root, and chattr +i does not work on this file system)' : '';

test.skipIf(unwritable === null)(
  `a results.tsv that cannot be written has its row on main, says so, and loses none${why}`,
  async () => {
    const lab = await create();
    const file = join(lab.root, 'results.tsv');
    const before = await lab.read('results.tsv');
    await setWritable(file, lab.root, false);
    try {
      const number = await add(lab);
      expect((await lab.lab('wait', String(number))).code).toBe(0);
      expect(await records(lab)).toEqual({ rows: [number], entries: [number] });
      expect(await lab.read('results.tsv')).toBe(before);
    } finally {
      await setWritable(file, lab.root, true);
    }
    const second = await add(lab);
    expect((await lab.lab('wait', String(second))).code).toBe(0);
    expect((await records(lab)).rows).toEqual([1, 2]);
    expect(parseResults(await lab.read('results.tsv')).rows.flatMap((row) => row.jobs)).toEqual([1, 2]);
  },
);

/** Whether root can make a file unwritable for itself here. */
async function canMakeImmutable(): Promise<'chattr' | null> {
  const lab = await createTemporaryLab();
  try {
    const file = join(lab.root, 'train.py');
    const set = await execa('chattr', ['+i', file], { reject: false });
    if (set.exitCode === 0) await execa('chattr', ['-i', file]);
    return set.exitCode === 0 ? 'chattr' : null;
  } finally {
    await lab.remove();
  }
}

async function setWritable(file: string, folder: string, isWritable: boolean): Promise<void> {
  if (unwritable === 'chattr') await execa('chattr', [isWritable ? '-i' : '+i', file]);
  // Replaced by rename, so it is the folder that decides.
  else await chmod(folder, isWritable ? 0o755 : 0o555);
}
