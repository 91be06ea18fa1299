/** How a set-up is stopped, how two keep off each other, and which data is named. Whole set-ups are in src/scenarios/ratchet-modes.test.ts. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { labPaths } from '../../config/lab-paths.ts';
import { buildConfig } from '../../config/load.ts';
import { tryLock } from '../../lab/kernel-lock.ts';
import { createTemporaryRepository, type TemporaryRepository } from '../../scenarios/temporary-repository.ts';
import { type SetupPorts, setUp } from './set-up.ts';

// The second of the two folders is missing, and the set-up ends there.
const prepare = 'from pathlib import Path\nDATA_DIR = Path("data")\nTOKENIZER_DIR = Path("tokenizer")\n';
const yaml =
  'main: main\nmetric: { name: val_bpb, direction: lower }\ncommands: { train: python3 train.py }\nrun: { device: cpu }\n';
let repository: TemporaryRepository;
let told: string[];
let stop: AbortController;

beforeEach(async () => {
  repository = await createTemporaryRepository({ 'train.py': '', 'prepare.py': prepare, 'lab.yaml': yaml });
  await mkdir(join(repository.root, 'data'));
  await writeFile(join(repository.root, 'data', 'a.txt'), 'a\n');
  told = [];
  stop = new AbortController();
});
afterEach(() => repository.remove());

function run(more: Partial<SetupPorts> = {}) {
  const ports: SetupPorts = {
    tell: (line) => void told.push(line),
    onOutput: () => undefined,
    signal: stop.signal,
    onStep: ({ step, state }) => void told.push(`${step} ${state}`),
    adopt: () => Promise.reject(new Error('it is a lab')),
    openConfig: () => buildConfig({ text: yaml, name: 'lab.yaml' }, null, {}),
    createGate: () => {
      throw new Error('nothing may be queued');
    },
    ...more,
  };
  return setUp({ cwd: repository.root, clone: null, folder: null, prepare: false }, ports);
}

test('the data that is named is the one that is missing, not the first', async () => {
  const { steps } = await run();
  expect(steps.at(-1)).toMatchObject({
    ...{ step: 'data', state: 'failed' },
    text: `data is missing: ${join(repository.root, 'tokenizer')}`,
  });
});

test('once it is told to stop no further step begins', async () => {
  const onStep: SetupPorts['onStep'] = ({ step, state }) => {
    told.push(`${step} ${state}`);
    if (step === 'uv') stop.abort(new Error('stopped'));
  };
  await expect(run({ onStep })).rejects.toThrow('stopped');
  expect(told).toEqual(['repository already', 'uv skipped']);
});

test('a second set-up waits for the first, and can be stopped while it does', async () => {
  const { state } = labPaths(repository.root);
  await mkdir(state);
  const held = await tryLock(join(state, 'setup.lock'));
  const tell: SetupPorts['tell'] = (line) => {
    told.push(line);
    if (line.startsWith('another')) held?.release();
  };
  await run({ tell });
  expect(told.slice(2)).toEqual([
    ...['lab already', expect.stringMatching(/^another .* is at work in this lab/)],
    ...['environment skipped', 'hardware already', 'data failed'],
  ]);
  const again = await tryLock(join(state, 'setup.lock'));
  expect(again).not.toBeNull();
  told = [];
  await expect(run({ tell: () => stop.abort(new Error('stopped')) })).rejects.toThrow('stopped');
  expect(told.at(-1)).toBe('lab already');
  again?.release();
});
