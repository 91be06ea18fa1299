/** What an experiment by hand was built on, told from real histories. */
import { afterEach, expect, test } from 'vitest';
import { createTemporaryRepository, type TemporaryRepository } from '../scenarios/temporary-repository.ts';
import { findBuiltOn } from './experiment-base.ts';

const repositories: TemporaryRepository[] = [];

afterEach(async () => {
  for (const one of repositories.splice(0)) await one.remove();
});

async function create() {
  const repository = await createTemporaryRepository({ 'train.py': 'x = 1\n' });
  repositories.push(repository);
  const { git, root } = repository;
  const commit = async (message: string): Promise<string> => {
    await git('commit', '--quiet', '--allow-empty', '--message', message);
    return await git('rev-parse', 'HEAD');
  };
  const first = await git('rev-parse', 'HEAD');
  const find = (hash: string, ...bases: string[]) => findBuiltOn(root, 'main', hash, new Set(bases));
  const findInPlace = (hash: string, ...bases: string[]) => findBuiltOn(root, 'main', hash, new Set(bases), true);
  return { git, commit, first, find, findInPlace };
}

test('a branch from the champion was built on it, whatever main recorded since', async () => {
  const { git, commit, first, find } = await create();
  await git('checkout', '--quiet', '-b', 'exp/kept');
  const kept = await commit('kept');
  await git('checkout', '--quiet', 'main');
  await commit('a record');
  await git('checkout', '--quiet', '-b', 'exp/next', kept);
  const next = await commit('next');
  expect(await find(next, first, kept)).toEqual({ base: kept, start: kept });
  expect(await find(next, first)).toEqual({ base: first, start: first });
});

test("a branch from main's tip is measured against the baseline, and main's records are no part of its change", async () => {
  const { git, commit, first, find } = await create();
  const tip = await commit('a record');
  await git('checkout', '--quiet', '-b', 'exp/late');
  await commit('one');
  const late = await commit('two');
  expect(await find(late, first)).toEqual({ base: first, start: tip });
});

test('an old branch that merged the champion was built on the champion, and is not credited with what came with it', async () => {
  const { git, commit, first, find } = await create();
  await git('checkout', '--quiet', '-b', 'exp/kept');
  const kept = await commit('kept');
  const better = await commit('kept too');
  await git('checkout', '--quiet', '-b', 'exp/old', first);
  await commit('begun early');
  await git('merge', '--quiet', '--no-edit', '--no-ff', better);
  const old = await commit('and finished');
  expect(await find(old, first, kept, better)).toEqual({ base: better, start: better });
  expect(await find(old, first, kept)).toEqual({ base: kept, start: kept });
});

test("a branch from the champion that merged main's records since is told against the champion", async () => {
  const { git, commit, first, find } = await create();
  await git('checkout', '--quiet', '-b', 'exp/kept');
  const kept = await commit('kept');
  await git('checkout', '--quiet', 'main');
  const tip = await commit('a record');
  await git('checkout', '--quiet', '-b', 'exp/next', kept);
  await git('merge', '--quiet', '--no-edit', '--no-ff', 'main');
  const next = await commit('next');
  expect(await find(next, first, kept)).toEqual({ base: kept, start: kept });
  expect(await find(next, first)).toEqual({ base: first, start: tip });
});

test('a champion that is queued again was built on the one before it, never on itself', async () => {
  const { git, commit, first, find } = await create();
  await git('checkout', '--quiet', '-b', 'exp/kept');
  const kept = await commit('kept');
  expect(await find(kept, first, kept)).toEqual({ base: first, start: first });
  expect(await find(first, first)).toBeNull();
});

test('what runs in place on a champion was built on it, for nobody knows what is edited there; on a commit beside it, on what that was built on', async () => {
  const { git, commit, first, findInPlace } = await create();
  const beside = await commit('beside');
  await git('checkout', '--quiet', '-b', 'exp/kept', first);
  const kept = await commit('kept');
  expect(await findInPlace(kept, first, kept)).toEqual({ base: kept, start: kept });
  expect(await findInPlace(beside, first, kept)).toEqual({ base: first, start: first });
});

test('a history without any of them says nothing', async () => {
  const { git, commit, find } = await create();
  const other = await commit('other');
  await git('checkout', '--quiet', '--orphan', 'exp/alone');
  const alone = await commit('alone');
  expect(await find(alone, other)).toBeNull();
  expect(await find(alone)).toBeNull();
});
