import { createHash } from 'node:crypto';
import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { labPaths } from '../config/lab-paths.ts';
import { configSchema, type RawLabConfig } from '../config/schema.ts';
import { createTemporaryRepository, type TemporaryRepository } from '../scenarios/temporary-repository.ts';
import { listFrozenFiles } from './frozen.ts';
import { listTrackChanges } from './track-changes.ts';
import { bindTrack, readTracks } from './track-store.ts';
import { computeTrack, describeTrack } from './tracks.ts';

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

/** The name of a track as labs have computed it from the start: what every row that was ever written is keyed by. */
async function firstFormula(root: string, raw: RawLabConfig, main: string): Promise<string> {
  const config = configSchema.parse(raw);
  const sha = (text: string | Buffer) => createHash('sha256').update(text).digest('hex');
  const lines: string[][] = [];
  for (const { path, blob } of await listFrozenFiles(root, main, config.rules))
    if (!['program.md', 'lab.yaml', 'meta_journal.md', '0_docs/problem.md'].includes(path))
      lines.push(['file', path, blob]);
  const { prepare, train, score, model } = config.commands;
  lines.push(['commands', prepare ?? '', train, score ?? '', model ?? '']);
  lines.push(['metric', config.metric.name, config.metric.direction], ['budget', String(config.run.wallSeconds)]);
  lines.push(['score-seed', sha(await readFile(join(root, '.lab', 'score-seed')))]);
  const dataLines = ['data/a', 'data/deep/b'].map((file) => `${JSON.stringify([file, sha(file)])}\n`);
  lines.push(['data', 'data', sha(dataLines.join(''))], ['data', 'nowhere', sha('')]);
  return sha(lines.map((line) => `${JSON.stringify(line)}\n`).join('')).slice(0, 8);
}

test('the names of tracks are those of labs from before tracks were kept', async () => {
  const { repository, commit } = await createLab();
  const main = (await repository.git('symbolic-ref', '--short', 'HEAD')).trim();
  await commit('uv.lock', 'a\n');
  await mkdir(join(repository.root, '.lab'));
  await mkdir(join(repository.root, 'data', 'deep'), { recursive: true });
  await writeFile(join(repository.root, '.lab', 'score-seed'), '1\n');
  for (const file of ['data/a', 'data/deep/b']) await writeFile(join(repository.root, file), file);
  const raw: RawLabConfig = {
    data: ['data', 'nowhere'],
    commands: { score: 'python3 eval.py' },
    run: { wallSeconds: 7 },
  };
  const paths = labPaths(repository.root);
  expect(await computeTrack(paths, configSchema.parse(raw), main)).toBe(await firstFormula(repository.root, raw, main));
});

test('a further metric to be shown is no part of the track, data for the scorer is', async () => {
  const { repository, track } = await createLab();
  await writeFile(join(repository.root, 'validation.bin'), 'one');
  const before = await track();
  expect(await track({ metric: { also: ['accuracy'] } })).toBe(before);
  const withData = await track({ checkout: { scoreLinks: ['validation.bin'] } });
  expect(withData).not.toBe(before);
  await writeFile(join(repository.root, 'validation.bin'), 'two');
  expect(await track({ checkout: { scoreLinks: ['validation.bin'] } })).not.toBe(withData);
});

test('a bound track is kept once with its parts, and what changed between two is named', async () => {
  const { repository, commit } = await createLab();
  const main = (await repository.git('symbolic-ref', '--short', 'HEAD')).trim();
  const paths = labPaths(repository.root);
  await mkdir(paths.state);
  await writeFile(paths.scoreSeed, '123456\n');
  const first = configSchema.parse({ commands: { score: 'a' } });
  const id = await bindTrack(paths, first, main);
  const kept = await readFile(join(paths.state, 'tracks', `${id}.json`), 'utf8');
  expect(await bindTrack(paths, first, main)).toBe(id);
  expect(await readFile(join(paths.state, 'tracks', `${id}.json`), 'utf8')).toBe(kept);
  // Of the seed's hash not enough is kept to find the seed by.
  expect(readTracks(paths)[0]?.parts.scoreSeed).toMatch(/^[0-9a-f]{4}$/);

  await commit('eval.py', 'x = 2\n');
  await commit('uv.lock', 'a\n');
  const second = configSchema.parse({
    commands: { score: 'b' },
    metric: { name: 'acc', direction: 'higher' },
    run: { wallSeconds: 7 },
    data: ['data'],
  });
  const other = await bindTrack(paths, second, main);
  const [before, after] = readTracks(paths);
  if (!before || !after) throw new Error('two tracks were bound');
  expect([before.id, after.id].sort()).toEqual([id, other].sort());
  const [old, now] = before.id === id ? [before, after] : [after, before];
  expect(listTrackChanges(old.parts, now.parts)).toEqual([
    ...['eval.py', 'uv.lock (new)', 'commands.score', 'metric.name', 'metric.direction', 'run.wallSeconds'],
    'data data (new)',
  ]);
  expect(listTrackChanges(now.parts, now.parts)).toEqual([]);
  expect((await describeTrack(paths, second, main)).files.find(({ path }) => path === 'uv.lock')?.role).toBe(
    'dependencies',
  );
});
