import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { labPaths } from '../../config/lab-paths.ts';
import { buildConfig } from '../../config/load.ts';
import { createTemporaryRepository, type TemporaryRepository } from '../../scenarios/temporary-repository.ts';
import { checkPreparedData } from './data-check.ts';

const prepare = `import os
CACHE_DIR = os.path.join(os.path.expanduser("~"), ".cache", "autoresearch")
DATA_DIR = os.path.join(CACHE_DIR, "data")
TOKENIZER_DIR = os.path.join(CACHE_DIR, "tokenizer")
`;
const yaml = (more = '', command = '') =>
  `metric: { name: val_bpb, direction: lower }\ncommands: { train: uv run train.py${command} }\n${more}`;
const config = (more?: string, command?: string) =>
  buildConfig({ text: yaml(more, command), name: 'lab.yaml' }, null, {});
const shown = 'sandboxRead: ["~/.cache/autoresearch"]\n';

let repository: TemporaryRepository;
let home: string;
let cache: string;

beforeEach(async () => {
  repository = await createTemporaryRepository({ 'prepare.py': prepare });
  home = join(repository.root, '.home');
  cache = join(home, '.cache', 'autoresearch');
  vi.stubEnv('HOME', home);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await repository.remove();
});

const check = (of = config(shown)) => checkPreparedData(labPaths(repository.root), of);

async function fill(...names: string[]): Promise<void> {
  for (const name of names) {
    await mkdir(join(cache, name), { recursive: true });
    await writeFile(join(cache, name, 'part'), 'x');
  }
}

test('data and tokenizer that are not there are bad news, with the command that makes them', () => {
  expect(check()).toEqual([
    {
      ...{ name: 'data', state: 'bad' },
      found: `${cache}: missing or empty, and runs read it`,
      mend: expect.stringContaining('`lab autoresearch setup --prepare` runs `uv run prepare.py`'),
    },
  ]);
});

test('data and tokenizer that are missing in a folder of other things are both named', async () => {
  await fill('other');
  expect(check()).toMatchObject([
    { found: `${join(cache, 'data')}, ${join(cache, 'tokenizer')}: missing or empty, and runs read it` },
  ]);
});

test('a tokenizer that is missing beside the data is named alone, and with both there is nothing to mend', async () => {
  await fill('data');
  const [found] = check();
  expect(found?.state).toBe('bad');
  expect(found?.found).toMatch(/^[^,]*tokenizer: missing/);
  await fill('tokenizer');
  expect(check()).toMatchObject([{ state: 'ok', mend: '' }]);
});

test('where prepare.py names nothing the folder that the preset shows to runs is looked at, and without one nothing is said', async () => {
  await repository.write('prepare.py', 'print("nothing")\n');
  expect(check()).toMatchObject([{ state: 'bad', found: expect.stringContaining(`${cache}: missing`) }]);
  expect(check(config())).toEqual([]);
});

test('data that each run makes in its own checkout is not looked for here', async () => {
  await repository.write('prepare.py', 'from pathlib import Path\nDATA = Path("data")\n');
  expect(check(config())).toMatchObject([{ state: 'bad' }]);
  expect(check(config('', ', prepare: python3 prepare.py'))).toEqual([]);
});
