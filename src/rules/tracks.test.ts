import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { labPaths } from '../config/lab-paths.ts';
import { configSchema, type RawLabConfig } from '../config/schema.ts';
import { createTemporaryRepository, type TemporaryRepository } from '../scenarios/temporary-repository.ts';
import { computeTrack } from './tracks.ts';

const repositories: TemporaryRepository[] = [];
afterEach(async () => {
  await Promise.all(repositories.splice(0).map((repository) => repository.remove()));
});

async function createLab() {
  const repository = await createTemporaryRepository({
    'eval.py': 'x = 1\n',
    'train.py': 'y = 1\n',
    'program.md': 'goal\n',
  });
  repositories.push(repository);
  const main = (await repository.git('symbolic-ref', '--short', 'HEAD')).trim();
  const track = (raw: RawLabConfig = {}) => computeTrack(labPaths(repository.root), configSchema.parse(raw), main);
  const commit = async (path: string, text: string) => {
    await repository.write(path, text);
    await repository.git('add', '-A');
    await repository.git('commit', '-qm', path);
  };
  return { repository, track, commit };
}

test('the track stays where only what is not of it changes', async () => {
  const { track, commit } = await createLab();
  const before = await track();
  expect(before).toMatch(/^[0-9a-f]{8}$/);
  await commit('train.py', 'y = 2\n');
  await commit('program.md', 'another goal\n');
  expect(await track()).toBe(before);
  expect(await track({ sandbox: 'off', redis: { install: 'never' }, run: { graceSeconds: 3 } })).toBe(before);
});

test('each thing that makes numbers comparable changes the track', async () => {
  const { repository, track, commit } = await createLab();
  const seen = new Set([await track()]);
  for (const raw of [
    { metric: { name: 'val_loss' } },
    { metric: { direction: 'higher' } },
    { run: { wallSeconds: 7 } },
    { commands: { train: 'python3 other.py' } },
    { commands: { score: 'python3 eval.py' } },
  ] as RawLabConfig[]) {
    seen.add(await track(raw));
  }
  expect(seen.size).toBe(6);
  await commit('eval.py', 'x = 2\n');
  seen.add(await track());
  await commit('uv.lock', 'a\n');
  seen.add(await track());
  await mkdir(join(repository.root, '.lab'), { recursive: true });
  await writeFile(join(repository.root, '.lab', 'score-seed'), '1\n');
  seen.add(await track());
  await writeFile(join(repository.root, '.lab', 'score-seed'), '2\n');
  seen.add(await track());
  expect(seen.size).toBe(10);
});

test('data counts by its content, not by its time', async () => {
  const { repository, track } = await createLab();
  await mkdir(join(repository.root, 'data', 'deep'), { recursive: true });
  const file = join(repository.root, 'data', 'deep', 'tokens.bin');
  await writeFile(file, 'one');
  const before = await track({ data: ['data'] });
  await utimes(file, 1, 1);
  expect(await track({ data: ['data'] })).toBe(before);
  await writeFile(file, 'two');
  expect(await track({ data: ['data'] })).not.toBe(before);
});
