/** The lot that an experiment draws: what it takes out and puts in, how often, and that it falls the same way again. Real git, real run folders. */
import { mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createPlainJob, createPlainRun } from '../../queue/job-for-tests.ts';
import { createQueueEntry } from '../../queue/job-schema.ts';
import { writeJob, writeRecorded, writeRun } from '../../queue/job-store.ts';
import { labPaths } from '../config/lab-paths.ts';
import { configSchema, type RawLabConfig } from '../config/schema.ts';
import type { ChampionState, Change } from '../domain/change.ts';
import { createTemporaryRepository, type TemporaryRepository } from '../scenarios/temporary-repository.ts';
import { drawVariant } from './draw-variant.ts';

const repositories: TemporaryRepository[] = [];

beforeEach(() => {
  // The lot is drawn from the hash of a commit: with its moment it would fall otherwise in every run of this test.
  for (const who of ['AUTHOR', 'COMMITTER']) vi.stubEnv(`GIT_${who}_DATE`, '2026-01-01T00:00:00Z');
});

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const one of repositories.splice(0)) await one.remove();
});

const track = 'aaaaaaaa';

/** A lab whose champion has the change "kept" (a.py) and remembers "near" (b.py), and an experiment "own" (c.py) that was built on it. */
async function createLab() {
  const repository = await createTemporaryRepository({ 'a.py': 'a = 1\n', 'b.py': 'b = 1\n', 'c.py': 'c = 1\n' });
  repositories.push(repository);
  const { git, root } = repository;
  const first = await git('rev-parse', 'HEAD');
  const make = async (slug: string, start: string, file: string): Promise<Change> => {
    await git('checkout', '--quiet', '--detach', start);
    await writeFile(join(root, file), `${file[0]} = 2\n`);
    await git('commit', '--quiet', '--all', '--message', slug);
    return { slug, start, commit: await git('rev-parse', 'HEAD') };
  };
  const kept = await make('kept', first, 'a.py');
  const near = await make('near', kept.commit, 'b.py');
  const own = await make('own', kept.commit, 'c.py');
  const paths = labPaths(root);
  const record = async (number: number, metric: number, change: Change | null, champion: ChampionState | null) => {
    const of = change === null ? { commit: first } : { commit: change.commit, base: change.start, start: change.start };
    const kind = change === null ? ('baseline' as const) : ('experiment' as const);
    const job = createPlainJob(number, { kind, track, experiment: change?.slug ?? null, ...of });
    mkdirSync(join(paths.runs, String(number), '1'), { recursive: true });
    await writeJob(paths.runs, job, createQueueEntry(number));
    const endedAt = `2026-01-01T00:00:0${number}+00:00`;
    await writeRun(paths.runs, createPlainRun(number, { metric, track, endedAt }));
    const status = change === null ? null : change === kept ? ('keep' as const) : ('discard' as const);
    await writeRecorded(paths.runs, {
      ...{ schema: 1, job: number, attempt: 1, metric: 'val_bpb', row: null, entry: null, commit: null, isDone: true },
      decision: status === null ? null : { status, reason: '', evidence: '', observed: null, noiseWidths: null },
      champion,
    });
  };
  const state: ChampionState = {
    ...{ commit: kept.commit, root: first, changes: [kept], near: [] },
    ...{ value: 0.999, sd: 0.001, chosenBy: 0.998 },
  };
  for (const [place, metric] of [1, 1.002, 0.998].entries()) await record(place + 1, metric, null, null);
  await record(4, 0.998, kept, state);
  await record(5, 0.9985, near, { ...state, near: [near] });
  const draw = (attempt: number, decision: RawLabConfig['decision'] = {}, asBuilt = false) => {
    const built = { slug: own.slug, attempt, base: kept.commit, start: kept.commit, commit: own.commit };
    return drawVariant({ paths, config: configSchema.parse({ decision }) }, built, track, asBuilt);
  };
  const read = async (commit: string) =>
    (await Promise.all(['a.py', 'b.py', 'c.py'].map((file) => git('show', `${commit}:${file}`)))).join(' ');
  return { kept, near, own, draw, read };
}

test('by lot the doubtful change is left out and the near miss rides along, and the code that runs is just that', async () => {
  const { kept, near, own, draw, read } = await createLab();
  const seen = new Set<string>();
  const seeds = new Set<number | null>();
  for (let attempt = 1; attempt <= 60; attempt++) {
    const { commit, variant, seed } = await draw(attempt);
    seeds.add(seed);
    const isOut = variant?.leftOut.some((change) => change.commit === kept.commit) ?? false;
    const isIn = variant?.riders.some((change) => change.commit === near.commit) ?? false;
    seen.add(`${isOut} ${isIn}`);
    expect(await read(commit)).toBe(`a = ${isOut ? 1 : 2} b = ${isIn ? 2 : 1} c = 2`);
    expect(variant?.of ?? commit).toBe(own.commit);
    expect(await draw(attempt)).toEqual({ commit, variant, seed });
  }
  expect([...seen].sort()).toEqual(['false false', 'false true', 'true false', 'true true']);
  expect(seeds.size).toBe(60);
});

test('built again as it was, under the strict rule, and with both shares at nothing, the experiment runs its own commit', async () => {
  const { own, draw } = await createLab();
  for (let attempt = 1; attempt <= 20; attempt++) {
    expect(await draw(attempt, {}, true)).toMatchObject({ commit: own.commit, variant: null });
    expect(await draw(attempt, { leaveOut: 0, nearMisses: 0 })).toMatchObject({ commit: own.commit, variant: null });
    expect(await draw(attempt, { rule: 'strict' })).toEqual({ commit: own.commit, variant: null, seed: 1 });
  }
});
