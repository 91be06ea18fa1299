/** Which commit a baseline runs, on a real history. */
import { afterEach, expect, test } from 'vitest';
import { labPaths } from '../config/lab-paths.ts';
import { configSchema } from '../config/schema.ts';
import { createTemporaryRepository, type TemporaryRepository } from '../scenarios/temporary-repository.ts';
import { sourceKey, takeSource } from './job-source.ts';
import { type AddRequest, requestDefaults } from './routes.ts';

const repositories: TemporaryRepository[] = [];

afterEach(async () => {
  for (const one of repositories.splice(0)) await one.remove();
});

const request = (commit: string | null): AddRequest => ({
  ...requestDefaults,
  ...{ key: 'key', kind: 'baseline', label: null, command: null, checkout: '/', directory: '', here: false },
  ...{ device: null, seed: 1, env: {}, secrets: {}, wallSeconds: null, base: null, experiment: null, fromTrack: null },
  ...{ flags: [], commit },
});

test("a baseline runs main, or an earlier commit of main that is named, and never what is not main's", async () => {
  const repository = await createTemporaryRepository({ 'train.py': 'x = 1\n' });
  repositories.push(repository);
  const { git, root } = repository;
  const commit = async (message: string): Promise<string> => {
    await git('commit', '--quiet', '--allow-empty', '--message', message);
    return await git('rev-parse', 'HEAD');
  };
  const first = await git('rev-parse', 'HEAD');
  const tip = await commit('a record');
  await git('checkout', '--quiet', '-b', 'exp/better');
  const foreign = await commit('better');
  const context = { paths: labPaths(root), config: configSchema.parse({}), tip };
  const take = async (named: string | null) => await takeSource(context, request(named), '');
  expect(await take(null)).toMatchObject({ commit: tip, isSnapshot: false, notes: [] });
  expect(await take(first)).toMatchObject({ commit: first, isSnapshot: false, notes: [] });
  expect(await take(foreign)).toMatchObject({
    commit: tip,
    notes: [expect.stringContaining("not in main's history")],
  });
  expect(sourceKey(request(first))).not.toBe(sourceKey(request(null)));
});
