/** Copies of a template are whole, whoever made it and whoever failed to. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { copyTemplate, templatesVariable } from './template-folder.ts';
import { waitUntil } from './temporary-lab.ts';

const ofThisRun = process.env[templatesVariable];
let around: string;
let templates: string;

beforeEach(async () => {
  around = await mkdtemp(join(tmpdir(), 'nl-templates-'));
  templates = join(around, 'templates');
  await mkdir(templates);
  process.env[templatesVariable] = templates;
});
afterEach(async () => {
  if (ofThisRun === undefined) delete process.env[templatesVariable];
  else process.env[templatesVariable] = ofThisRun;
  await rm(around, { recursive: true, force: true });
});

const readCopy = (name: string): Promise<string> => readFile(join(around, name, 'deep', 'file'), 'utf8');

test('two that make the same at once both get a whole copy, one template stays, and nobody makes it again', async () => {
  let makers = 0;
  const make = async (path: string): Promise<void> => {
    await mkdir(join(path, 'deep'), { recursive: true });
    makers += 1;
    await waitUntil('both are at it', async () => makers === 2);
    await writeFile(join(path, 'deep', 'file'), 'whole');
  };
  await Promise.all(['one', 'two'].map((name) => copyTemplate(['key', 1], join(around, name), make)));
  await copyTemplate(['key', 1], join(around, 'three'), make);
  expect(makers).toBe(2);
  expect(await Promise.all(['one', 'two', 'three'].map(readCopy))).toEqual(['whole', 'whole', 'whole']);
  expect(await readdir(templates)).toHaveLength(1);
});

test('what failed in the middle is no template: the error is told, nothing is left, and the next one makes it anew', async () => {
  const fail = async (path: string): Promise<void> => {
    await mkdir(join(path, 'deep'), { recursive: true });
    await writeFile(join(path, 'deep', 'file'), 'half');
    throw new Error('no more');
  };
  await expect(copyTemplate('key', join(around, 'one'), fail)).rejects.toThrow('no more');
  expect(await readdir(templates)).toEqual([]);
  await copyTemplate('key', join(around, 'one'), async (path) => {
    await mkdir(join(path, 'deep'), { recursive: true });
    await writeFile(join(path, 'deep', 'file'), 'whole');
  });
  expect(await readCopy('one')).toBe('whole');
});
