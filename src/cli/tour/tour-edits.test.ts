import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageRoot } from '../../config/package-root.ts';
import { LabError } from '../../errors/lab-error.ts';
import { type TourEdit, tourEdits } from './tour-edits.ts';

const trainText = readFileSync(join(packageRoot(), 'problem', 'train.py'), 'utf8');
const cases = tourEdits.map((edit): [string, TourEdit] => [edit.slug, edit]);
let folder = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nightlab-tour-edits-'));
  writeFileSync(join(folder, 'prepare.py'), readFileSync(join(packageRoot(), 'problem', 'prepare.py')));
  await execa('python3', ['prepare.py'], { cwd: folder });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The champion's text: the starter with the first edit. */
function championText(): string {
  const [first] = tourEdits;
  if (first === undefined) throw new Error('the tour has no edits');
  return first.apply(trainText);
}

async function compile(name: string, text: string): Promise<void> {
  const path = join(folder, `${name}.py`);
  writeFileSync(path, text);
  await execa('python3', ['-m', 'py_compile', path], { env: { PYTHONPYCACHEPREFIX: join(folder, 'cache') } });
}

test('the tour has five edits with different slugs', () => {
  expect(new Set(tourEdits.map((edit) => edit.slug)).size).toBe(5);
});

test.each(cases)('%s changes the starter and leaves valid Python', async (slug, edit) => {
  const edited = edit.apply(trainText);
  expect(edited).not.toBe(trainText);
  await compile(slug, edited);
});

test.each(cases.slice(1))('%s applies to the champion of the first edit too', async (slug, edit) => {
  const edited = edit.apply(championText());
  expect(edited).toContain('ORDERS = (1, 2, 3, 4, 5)');
  await compile(`champion-${slug}`, edited);
});

test.each(cases)('%s refuses a train.py without its anchor, by name', (_slug, edit) => {
  expect(() => edit.apply('print("another file")\n')).toThrow(LabError);
  expect(() => edit.apply('print("another file")\n')).toThrow(/0 times, expected it once/);
});

test.each(cases)('%s carries a label with a question, a hypothesis and a signed change', (_slug, edit) => {
  expect(edit.label).toMatch(/^Q: .+\? H: .+ saves 0\.\d+ bpb$/);
});

test('only the edit that is told as a crash crashes, and with an IndexError', async () => {
  const env = { LAB_OUT: join(folder, 'out'), PYTHONDONTWRITEBYTECODE: '1' };
  const failed: string[] = [];
  for (const edit of tourEdits) {
    const path = join(folder, 'train.py');
    writeFileSync(path, edit.apply(trainText));
    const run = await execa('python3', [path, '--smoke'], { env, reject: false });
    if (run.exitCode !== 0) failed.push(`${edit.slug}: ${run.stderr.split('\n').at(-1)}`);
  }
  expect(failed).toEqual(['sentence-memory: IndexError: list index out of range']);
});
