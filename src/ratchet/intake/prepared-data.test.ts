import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { labPaths } from '../../config/lab-paths.ts';
import { buildConfig } from '../../config/load.ts';
import { createTemporaryRepository, type TemporaryRepository } from '../../scenarios/temporary-repository.ts';
import { checkEnvironment } from '../session-facts.ts';
import { formatLacks, readPreparedData } from './prepared-data.ts';

let repository: TemporaryRepository;
let cache: string;
beforeEach(async () => {
  repository = await createTemporaryRepository({ 'README.md': 'a clone\n' });
  const home = join(repository.root, '.home');
  cache = join(home, '.cache', 'autoresearch');
  vi.stubEnv('HOME', home);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await repository.remove();
});

const shown = 'sandboxRead: ["~/.cache/autoresearch"]\n';
const yaml = 'metric: { name: val_bpb, direction: lower }\ncommands: { train: python3 train.py }\n';
const config = buildConfig({ text: `${yaml}${shown}`, name: 'lab.yaml' }, null, {});

const look = () => {
  const notes: string[] = [];
  const { missing, needed } = readPreparedData(labPaths(repository.root), config, notes);
  expect(notes).toEqual([]);
  return { missing: missing.map(({ path }) => path), needed: needed.map(({ path }) => path) };
};

/** Writes a prepare.py that names these paths below ~/.cache/autoresearch, and fills some of them. */
async function prepare(names: Record<string, string>, ...filled: string[]): Promise<void> {
  const lines = Object.entries(names).map(([name, folder]) => `${name} = CACHE_DIR / "${folder}"\n`);
  const text = `from pathlib import Path\nCACHE_DIR = Path.home() / ".cache" / "autoresearch"\n${lines.join('')}`;
  await repository.write('prepare.py', text);
  for (const name of filled) {
    await mkdir(join(cache, name), { recursive: true });
    await writeFile(join(cache, name, 'part'), 'x');
  }
}

test('a folder that prepare.py deletes at its end keeps no session back, and is still told as missing', async () => {
  await prepare({ RAW_DATA_DIR: 'raw', TOKENIZER_DIR: 'tokenizer', DATA_DIR: 'data' }, 'tokenizer', 'data');
  expect(look()).toEqual({ missing: [join(cache, 'raw')], needed: [] });
  expect(checkEnvironment(labPaths(repository.root), config)).toEqual([]);
});

test.each<[string, Record<string, string>, string[], string]>([
  ['the tokenizer by its own constant', { DATA_DIR: 'data', TOKENIZER_DIR: 'tokenizer' }, ['data'], 'tokenizer'],
  ['a tokenizer in British letters', { DATA_DIR: 'data', TOKENISER_PATH: 'bpe.pkl' }, ['data'], 'bpe.pkl'],
  ['the field’s own folder', { DATA_DIR: 'data', TOKENIZER_DIR: 'tokenizer' }, [], ''],
])('a session needs %s', async (_, names, filled, needed) => {
  await prepare(names, ...filled);
  expect(look().needed).toEqual([join(cache, needed)]);
  expect(checkEnvironment(labPaths(repository.root), config)).toEqual([
    `${join(cache, needed)}: missing or empty, and runs read it: \`lab autoresearch setup --prepare\` runs prepare.py`,
  ]);
});

test('data of the tokenizer’s training is no tokenizer', async () => {
  await prepare({ TOKENIZER_TRAIN_DATA: 'texts', DATA_DIR: 'data' }, 'data');
  expect(look()).toEqual({ missing: [join(cache, 'texts')], needed: [] });
});

test('where nothing is there of what prepare.py names elsewhere a session needs it, though the field’s folder is full', async () => {
  await mkdir(cache, { recursive: true });
  await writeFile(join(cache, 'of-another-clone'), 'x');
  const raw = join(repository.root, '.home', 'raw');
  const sets = join(repository.root, '.home', 'sets');
  await repository.write(
    'prepare.py',
    'from pathlib import Path\nRAW_DATA = Path.home() / "raw"\nDATA_DIR = Path.home() / "sets"\n',
  );
  expect(look()).toEqual({ missing: [raw, sets], needed: [raw, sets] });
  await mkdir(sets);
  await writeFile(join(sets, 'part'), 'x');
  expect(look()).toEqual({ missing: [raw], needed: [] });
});

test('a path that cannot be looked at is told with the reason and not thrown', async () => {
  await prepare({ DATA_DIR: 'data', TOKENIZER_DIR: 'tokenizer' });
  await mkdir(dirname(cache), { recursive: true });
  // A file where a folder should be: to look below it fails otherwise than by "not there", also for root.
  await writeFile(cache, 'x');
  const { needed } = readPreparedData(labPaths(repository.root), config, []);
  expect(formatLacks(needed)).toBe(`${join(cache, 'tokenizer')}: cannot be looked at (ENOTDIR)`);
});

test('what lacks for the same reason is said together', () => {
  const [missing, closed] = ['missing or empty', 'cannot be looked at (EACCES)'] as const;
  const lacks = [
    { path: '/a', why: missing },
    { path: '/b', why: closed },
    { path: '/c', why: missing },
  ];
  expect(formatLacks(lacks)).toBe('/a, /c: missing or empty; /b: cannot be looked at (EACCES)');
});
