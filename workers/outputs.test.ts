import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { labPaths } from '../src/config/lab-paths.ts';
import { configSchema } from '../src/config/schema.ts';
import type { Job } from '../src/domain/job.ts';
import { checkoutFolder } from './checkout.ts';
import { collectOutputs } from './outputs.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function createRun(outputs: string[]) {
  const root = mkdtempSync(join(tmpdir(), 'nl-outputs-'));
  folders.push(root);
  const paths = labPaths(root);
  const job = { number: 1 } as Job;
  const checkout = checkoutFolder(paths, 1, 1);
  const folder = join(paths.runs, '1', '1');
  mkdirSync(join(checkout, 'sub'), { recursive: true });
  mkdirSync(join(folder, 'out'), { recursive: true });
  const collect = () => collectOutputs(paths, configSchema.parse({ checkout: { outputs } }), job, 1, folder);
  return { root, checkout, out: join(folder, 'out'), collect };
}

test('files that match are kept with their folders, others are not', async () => {
  const run = createRun(['sub/*.pt']);
  writeFileSync(join(run.checkout, 'sub', 'model.pt'), 'weights');
  writeFileSync(join(run.checkout, 'sub', 'notes.txt'), 'x');
  await run.collect();
  expect(readFileSync(join(run.out, 'sub', 'model.pt'), 'utf8')).toBe('weights');
  expect(() => readFileSync(join(run.out, 'sub', 'notes.txt'))).toThrow('ENOENT');
});

test('a link that the run left in LAB_OUT is replaced, never written through', async () => {
  const run = createRun(['model.bin', 'sub/x.bin']);
  const results = join(run.root, 'results.tsv');
  writeFileSync(results, 'the record\n');
  mkdirSync(join(run.root, 'elsewhere'));
  symlinkSync(results, join(run.out, 'model.bin'));
  symlinkSync(join(run.root, 'elsewhere'), join(run.out, 'sub'));
  writeFileSync(join(run.checkout, 'model.bin'), 'FORGED');
  writeFileSync(join(run.checkout, 'sub', 'x.bin'), 'FORGED');
  await run.collect();
  expect(readFileSync(results, 'utf8')).toBe('the record\n');
  expect(() => readFileSync(join(run.root, 'elsewhere', 'x.bin'))).toThrow('ENOENT');
  expect(readFileSync(join(run.out, 'sub', 'x.bin'), 'utf8')).toBe('FORGED');
});

test('a link in the checkout is not an output', async () => {
  const run = createRun(['*']);
  writeFileSync(join(run.root, 'secret'), 's');
  symlinkSync(join(run.root, 'secret'), join(run.checkout, 'leak'));
  await run.collect();
  expect(() => readFileSync(join(run.out, 'leak'))).toThrow('ENOENT');
});
