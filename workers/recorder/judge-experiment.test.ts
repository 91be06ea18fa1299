/** Whether an experiment's run is kept and what the champion is to become, on tracks whose truth is known; and the champion's code in real git. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createPlainJob, createPlainRun } from '../../queue/job-for-tests.ts';
import { configSchema, type RawLabConfig } from '../../src/config/schema.ts';
import type { ChampionState, Change, Variant } from '../../src/domain/change.ts';
import { createTemporaryRepository, type TemporaryRepository } from '../../src/scenarios/temporary-repository.ts';
import { judgeMemory } from '../../src/stats/memory-limit.ts';
import { usualPruning } from '../../src/stats/prune.ts';
import { createRandom } from '../../src/stats/seeded-random.ts';
import { chooseSolid, studyTrack } from '../../src/stats/track-history.ts';
import { type ScoredRun, viewTrack } from '../../src/stats/track-view.ts';
import { type JudgedExperiment, judgeExperiment, scoredRunOf, unknownBaseFlag } from './judge-experiment.ts';
import { settleChampion } from './settle-champion.ts';

const repositories: TemporaryRepository[] = [];

afterEach(async () => {
  for (const one of repositories.splice(0)) await one.remove();
});

const track = 'aaaaaaaa';
const measuredBy = { name: 'val_bpb', direction: 'lower', unit: 'bpb' } as const;

const scored = (job: number, more: Partial<ScoredRun>): ScoredRun => ({
  ...{ job, kind: 'experiment', commit: `c${job}`, metric: 1, track, deviceClass: 'gpu', deviceModel: 'H100' },
  ...{
    leak: false,
    status: null,
    seconds: null,
    seed: job,
    slug: null,
    base: null,
    start: null,
    variant: null,
    test: null,
  },
  champion: null,
  here: false,
  ...more,
});
const baselineOf = (metrics: number[]): ScoredRun[] =>
  metrics.map((metric, place) => scored(place + 1, { kind: 'baseline', commit: 'root', metric }));
const usual = baselineOf([1.0, 1.002, 0.998, 1.001]);

interface Ran {
  number: number;
  metric: number | null;
  peakMemoryMib?: number;
  base?: string | null;
  start?: string | null;
  flags?: string[];
  commit?: string;
  variant?: Variant | null;
  here?: string | null;
}

function judge(
  others: ScoredRun[],
  ran: Ran,
  decision: RawLabConfig['decision'] = {},
  isBaseForeign = false,
): JudgedExperiment {
  const {
    number,
    metric,
    peakMemoryMib = 1000,
    base = 'root',
    commit = `c${number}`,
    variant = null,
    flags = [],
  } = ran;
  const { start = base, here = null } = ran;
  const config = configSchema.parse({ decision });
  const usualMemory = [1000, 1000].map((peakMemoryMib) => ({ peakMemoryMib, memorySource: 'nvidia-smi' as const }));
  const memory = judgeMemory({ peakMemoryMib, memorySource: 'nvidia-smi' }, usualMemory, config.decision.memoryFactor);
  const job = createPlainJob(number, {
    ...{ kind: 'experiment', experiment: `idea-${number}`, commit, base, start, variant, track, seed: number },
    ...{ flags, here },
  });
  const run = createPlainRun(number, {
    ...{ metric, track, device: { id: 'gpu0', class: 'gpu', model: 'H100' } },
    fate: metric === null ? { kind: 'failed', failure: 'exception', detail: 'no' } : { kind: 'done' },
  });
  const view = viewTrack(others, track, 'H100', { direction: 'lower', confidence: 0.95 });
  return judgeExperiment({ job, run, others, view, measuredBy, config, memory, isBaseForeign, linesAdded: 3 });
}

const slugs = (changes: readonly Change[] | undefined) => changes?.map(({ slug }) => slug);

test.each([
  [0.99, 'keep', ['idea-9'], []],
  [1.02, 'discard', [], []],
  [1.0005, 'discard', [], ['idea-9']],
] as const)('a run of %d against a baseline of 1.00 is a %s', (metric, status, changes, near) => {
  const { decision, plan } = judge(usual, { number: 9, metric });
  expect(decision).toMatchObject({ status, evidence: status === 'keep' ? 'provisional' : '' });
  expect(slugs(plan?.changes)).toEqual(changes);
  expect(slugs(plan?.near)).toEqual(near);
  expect(decision.observed).toBeCloseTo(metric - 1.00025, 9);
});

test('a crash and a leak leave the champion as it is', () => {
  expect(judge(usual, { number: 9, metric: null })).toMatchObject({ decision: { status: 'crash' }, plan: null });
});

test("a run that takes more than twice the baseline's memory is a crash, whatever it scored", () => {
  const { decision, plan } = judge(usual, { number: 9, metric: 0.5, peakMemoryMib: 2100 });
  expect(decision).toMatchObject({ status: 'crash', observed: null });
  expect(decision.reason).toContain('2.1 times');
  expect(plan).toBeNull();
  expect(judge(usual, { number: 9, metric: 0.5, peakMemoryMib: 1900 }).decision.status).toBe('keep');
  expect(judge(usual, { number: 9, metric: 0.5, peakMemoryMib: 9000 }, { memoryFactor: null }).decision.status).toBe(
    'keep',
  );
});

test('where repeats agree to the digit the smallest gain counts and the smallest loss does not', () => {
  const equal = baselineOf([1.25, 1.25, 1.25]);
  expect(judge(equal, { number: 9, metric: 1.24 }).decision.status).toBe('keep');
  expect(judge(equal, { number: 9, metric: 1.26 }).decision.status).toBe('discard');
});

test('a keep on a newer baseline has that one for its root, whatever was discarded on the old one', () => {
  const state: ChampionState = {
    ...{ commit: 'root', root: 'root', changes: [], near: [{ slug: 'idea-5', commit: 'c5', start: 'root' }] },
    ...{ value: 1, sd: 0.001, chosenBy: null },
  };
  const old = [...usual, scored(5, { metric: 1.0005, base: 'root', start: 'root', slug: 'idea-5', champion: state })];
  const newer = [0.9, 0.902, 0.898].map((metric, place) =>
    scored(20 + place, { kind: 'baseline', commit: 'newer', metric }),
  );
  const { decision, plan } = judge([...old, ...newer], { number: 30, metric: 0.85, base: 'newer' });
  expect(decision.status).toBe('keep');
  expect(plan).toMatchObject({ root: 'newer', before: { commit: 'newer', changes: [] } });
  expect(slugs(plan?.changes)).toEqual(['idea-30']);
  expect(slugs(plan?.built ?? [])).toEqual(['idea-30']);
});

test('an experiment on a champion of another track or device model is no keep: it would be credited with what that gained', () => {
  const foreign = judge(usual, { number: 9, metric: 0.5, base: 'elsewhere' }, {}, true);
  expect(foreign).toMatchObject({ decision: { status: 'discard' }, plan: null });
  expect(foreign.decision.reason).toContain('never measured on this track and device model');
});

test('an experiment whose base nobody knows is held against no champion: it is not comparable, and teaches the track nothing', () => {
  const flags = [unknownBaseFlag];
  const champion: ChampionState = {
    ...{ commit: 'c5', root: 'root', changes: [{ slug: 'idea-5', commit: 'c5', start: 'root' }], near: [] },
    ...{ value: 0.9, sd: 0.001, chosenBy: 0.9 },
  };
  const kept = scored(5, { metric: 0.9, base: 'root', start: 'root', slug: 'idea-5', status: 'keep', champion });
  for (const metric of [0.5, 0.95]) {
    const unknown = judge([...usual, kept], { number: 9, metric, base: null, flags });
    expect(unknown).toMatchObject({
      decision: { status: 'discard', evidence: '', observed: null },
      base: null,
      plan: null,
    });
    expect(unknown.decision.reason).toContain('nothing to compare with');
    expect(unknown.decision.reason).toContain('`lab add --base COMMIT`');
    expect(unknown.known?.posterior?.effectOf('c9')).toBeNull();
  }
  // Queued before there was a baseline, judged when a champion stands.
  expect(judge([...usual, kept], { number: 9, metric: 0.5, base: null }).plan).toBeNull();
  // Main's code is what it is measured against as long as there is nothing else.
  expect(judge(usual, { number: 9, metric: 0.5, base: null }).decision.status).toBe('keep');
});

test('a base that a person names and nobody measured here is not replaced by the champion', () => {
  const named = judge(usual, { number: 9, metric: 0.5, base: 'unmeasured', start: null });
  expect(named).toMatchObject({ decision: { status: 'discard', observed: null }, base: null, plan: null });
  expect(named.decision.reason).toContain('unmeasu was never measured');
  expect(judge(usual, { number: 9, metric: 0.5, base: 'root', start: null }).decision.status).toBe('keep');
  // The pipeline's own base, of a track that began anew since: the new baseline is what counts.
  expect(judge(usual, { number: 9, metric: 0.5, base: 'unmeasured' }).base?.commit).toBe('root');
});

test('what ran in place is measured against its base as that was measured, and by no change that the commit stands for', () => {
  const champion: ChampionState = {
    ...{ commit: 'c5', root: 'root', changes: [{ slug: 'idea-5', commit: 'c5', start: 'root' }], near: [] },
    ...{ value: 0.9, sd: 0.001, chosenBy: 0.9 },
  };
  const kept = scored(5, { metric: 0.9, base: 'root', start: 'root', slug: 'idea-5', status: 'keep', champion });
  const runs = [...usual, kept];
  const here = '/lab/5_worktrees/own';
  // Edits that nobody committed on the champion: its own change is no part of them.
  const onChampion = judge(runs, { number: 9, metric: 0.89, base: 'c5', commit: 'c5', here });
  expect(onChampion).toMatchObject({ decision: { status: 'keep' }, base: { commit: 'c5', value: 0.9 }, plan: null });
  expect(onChampion.decision.observed).toBeCloseTo(-0.01, 9);
  const onBaseline = judge(runs, { number: 10, metric: 0.95, base: 'root', here });
  expect(onBaseline).toMatchObject({ decision: { status: 'discard' }, base: { commit: 'root' }, plan: null });
  expect(onBaseline.decision.observed).toBeCloseTo(0.95 - 1.00025, 9);
  expect(onBaseline.decision.reason).toContain('but the champion is 0.900000 by now');
});

test('with one baseline run the noise is unknown, and any gain counts', () => {
  const one = baselineOf([1]);
  expect(judge(one, { number: 9, metric: 0.999999 }).decision.status).toBe('keep');
  expect(judge(one, { number: 9, metric: 1 }).decision.status).toBe('discard');
});

test('a near tie goes to fewer lines where the charter says so', () => {
  // Three lines longer: judgeExperiment above was told so.
  expect(judge(usual, { number: 9, metric: 0.9985 }).decision.status).toBe('keep');
  const tied = judge(usual, { number: 9, metric: 0.9985 }, { tieWidths: 2 });
  expect(tied.decision).toMatchObject({ status: 'discard' });
  expect(tied.decision.reason).toContain('a near tie, and it adds lines');
});

test("the strict rule keeps by the number alone, against the champion's own", () => {
  const champion: ChampionState = {
    ...{ commit: 'c5', root: 'root', changes: [{ slug: 'idea-5', commit: 'c5', start: 'root' }], near: [] },
    ...{ value: 0.992, sd: 0.001, chosenBy: 0.99 },
  };
  const kept = scored(5, { metric: 0.99, base: 'root', start: 'root', slug: 'idea-5', status: 'keep', champion });
  const runs = [...usual, kept];
  expect(judge(runs, { number: 9, metric: 0.991, base: 'c5' }, { rule: 'strict' }).decision.status).toBe('discard');
  expect(judge(runs, { number: 9, metric: 0.9899, base: 'c5' }, { rule: 'strict' }).decision.status).toBe('keep');
});

test('a champion that was chosen by a lucky number is worth less than it, and what follows is held against that', () => {
  const first = judge(usual, { number: 5, metric: 0.997 });
  expect(first.decision.status).toBe('keep');
  const state: ChampionState = {
    ...{ commit: 'c5', root: 'root', changes: [{ slug: 'idea-5', commit: 'c5', start: 'root' }], near: [] },
    ...{ value: 0.998, sd: 0.001, chosenBy: 0.997 },
  };
  const runs = [...usual, scored(5, { metric: 0.997, base: 'root', start: 'root', slug: 'idea-5', champion: state })];
  const next = judge(runs, { number: 9, metric: 0.997, base: 'c5' });
  expect(next.base?.value).toBeGreaterThan(0.997);
  expect(next.base?.value).toBeLessThan(1.00025);
});

test('of a night of useless changes less than half as many may be claimed as the strict rule keeps', () => {
  const kept = { posterior: 0, strict: 0 };
  for (let night = 1; night <= 10; night++) {
    const lot = createRandom(night);
    const baseline = baselineOf([0, 1, 2, 3].map(() => 1 + 0.002 * lot.normal()));
    const scores = Array.from({ length: 20 }, () => 1 + 0.002 * lot.normal());
    for (const rule of ['posterior', 'strict'] as const) {
      const runs = [...baseline];
      for (const [place, metric] of scores.entries()) {
        const number = 10 + place;
        const base =
          viewTrack(runs, track, 'H100', { direction: 'lower', confidence: 0.95 }).champion?.commit ?? 'root';
        const { decision, plan } = judge(runs, { number, metric, base }, { rule });
        if (plan === null) throw new Error('no plan');
        const commit = plan.changes.length === 0 ? 'root' : (plan.changes.at(-1)?.commit ?? '');
        const state = { commit, root: plan.root, changes: plan.changes, near: plan.near };
        const chosenBy = decision.status === 'keep' ? metric : (plan.before?.chosenBy ?? null);
        runs.push(
          scored(number, {
            ...{ metric, base, start: base, slug: `idea-${number}`, status: decision.status },
            champion: { ...state, value: chosenBy ?? 1, sd: 0.001, chosenBy },
          }),
        );
      }
      const changes = runs.at(-1)?.champion?.changes ?? [];
      kept[rule] +=
        rule === 'strict'
          ? changes.length
          : chooseSolid(studyTrack(runs, 'lower'), changes, usualPruning.weight).length;
    }
  }
  expect(kept.strict).toBeGreaterThan(20);
  expect(kept.posterior).toBeLessThan(kept.strict / 2);
});

/** A repository with a first commit, changes of single files on it, and what the recorder would make of a run. */
async function createCode() {
  const repository = await createTemporaryRepository({ 'a.py': 'a = 1\n', 'b.py': 'b = 1\n' });
  repositories.push(repository);
  const { git, root } = repository;
  const first = await git('rev-parse', 'HEAD');
  const make = async (slug: string, start: string, file: string, text: string): Promise<Change> => {
    await git('checkout', '--quiet', '--detach', start);
    await writeFile(join(root, file), text);
    await git('commit', '--quiet', '--all', '--message', slug);
    return { slug, start, commit: await git('rev-parse', 'HEAD') };
  };
  const baseline = baselineOf([1.0, 1.002, 0.998, 1.001]).map((run) => ({ ...run, commit: first }));
  const settle = async (others: ScoredRun[], number: number, change: Change, metric: number) => {
    const judged = judge(others, { number, metric, base: change.start, commit: change.commit });
    const job = createPlainJob(number, {
      ...{ kind: 'experiment', experiment: change.slug, commit: change.commit, base: change.start, track },
      start: change.start,
    });
    const run = createPlainRun(number, { metric, track, device: { id: 'gpu0', class: 'gpu', model: 'H100' } });
    const settled = await settleChampion(root, judged, { number, commit: change.commit, run });
    const own = { ...scoredRunOf(job, run, metric), status: settled.decision.status, champion: settled.champion };
    return { settled, runs: [...others, own] };
  };
  const show = (commit: string | undefined, file: string) => git('show', `${commit}:${file}`);
  return { baseline, first, git, make, settle, show };
}

test('two changes that were built side by side both come into the champion, and its ref keeps it', async () => {
  const { baseline, first, git, make, settle, show } = await createCode();
  const one = await make('one', first, 'a.py', 'a = 2\n');
  const two = await make('two', first, 'b.py', 'b = 2\n');
  const before = await settle(baseline, 5, one, 0.98);
  expect(before.settled.champion?.commit).toBe(one.commit);
  expect(before.settled.champion?.chosenBy).toBe(0.98);
  const { champion } = (await settle(before.runs, 6, two, 0.975)).settled;
  expect(champion?.changes.map(({ commit }) => commit)).toEqual([one.commit, two.commit]);
  expect(await show(champion?.commit, 'a.py')).toBe('a = 2');
  expect(await show(champion?.commit, 'b.py')).toBe('b = 2');
  expect(await git('rev-parse', 'refs/nightlab/champions/6')).toBe(champion?.commit);
  // What never ran was chosen by no number of its own, and is worth more than either.
  expect(champion?.chosenBy).toBeNull();
  expect(champion?.value).toBeLessThan(0.975);
});

test('of two changes of the same line the better one is the champion, whichever comes first', async () => {
  for (const [early, late] of [
    [0.98, 0.95],
    [0.95, 0.98],
  ] as const) {
    const { baseline, first, make, settle } = await createCode();
    const one = await make('one', first, 'a.py', 'a = 2\n');
    const two = await make('two', first, 'a.py', 'a = 3\n');
    const before = await settle(baseline, 5, one, early);
    const { champion, decision } = (await settle(before.runs, 6, two, late)).settled;
    expect(champion?.commit).toBe(late < early ? two.commit : one.commit);
    expect(decision.status).toBe(late < early ? 'keep' : 'discard');
    expect(decision.reason).toContain('does not merge with the champion');
  }
});
