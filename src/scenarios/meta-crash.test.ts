/** `lab meta off` killed as soon as main has its commit: nothing is taken for a change that takes it back, and there is one entry. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTemporaryLab, evalScript, labCommand, type TemporaryLab } from './temporary-lab.ts';

let lab: TemporaryLab;
const set = { META_MODE: '1' };
const off = ['meta', 'off', '--worked', 'a', '--failed', 'b', '--change', 'c', '--yes'];

beforeEach(async () => {
  lab = await createTemporaryLab();
  await lab.write('results.tsv', `${await lab.read('results.tsv')}0\t1\n`);
  await lab.git('commit', '--quiet', '--all', '--message=a row');
});

afterEach(async () => {
  await lab.remove();
});

function dayFrom(days: number): string {
  const date = new Date(Date.now() + days * 86_400_000);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

test('killed once main has moved, the checkout is mended, and the next `lab meta off` closes without a second entry', async () => {
  const journal = await lab.read('human_journal.md');
  await lab.write('human_journal.md', `${journal}\n## ${dayFrom(0)} mine\n\nMETA_MODE=1 until ${dayFrom(1)}\n`);
  expect((await lab.labIn(lab.root, ['meta', 'on', '--reason', 'why'], set)).code).toBe(0);
  await lab.write('eval.py', `${evalScript}# more\n`);
  const ref = join(lab.root, '.git', 'refs', 'heads', 'main');
  const before = readFileSync(ref, 'utf8');
  const [node, script] = labCommand;
  const env = { ...lab.env, ...set };
  const child = execa(node, [script, ...off], { cwd: lab.root, env, extendEnv: false, reject: false });
  let isOver = false;
  void child.then(() => {
    isOver = true;
  });
  while (!isOver && readFileSync(ref, 'utf8') === before) await setImmediate();
  child.kill('SIGKILL');
  await child;
  expect(readFileSync(ref, 'utf8')).not.toBe(before);

  expect((await lab.lab('meta', 'status')).code).toBe(0);
  expect(await lab.git('status', '--porcelain')).toBe('');
  const again = await lab.labIn(lab.root, off, set);
  // Where it was done before the kill, it is closed.
  expect(`${again.stdout}${again.stderr}`).toMatch(/main has it already|META_MODE is closed, expected it open/);
  expect((await lab.read('meta_journal.md')).match(/^## /gm)).toHaveLength(1);
  expect(await lab.git('log', '--format=%s', '--grep=^meta:')).toBe('meta: why');
  expect((await lab.lab('rules', 'check', `${before.trim()}..main`)).code).toBe(0);
});
