/**
 * Lays a test with fresh seeds down before its first run: which codes, which seeds, how many runs. Refuses with the reason where it would say
 * nothing. Writes nothing but commits that no ref holds yet; the keeper does the rest.
 */
import { isLockOpen } from '../config/open-locks.ts';
import type { ChampionState, Change } from '../domain/change.ts';
import type { FreshTest, TestArm, TestQuestion } from '../domain/fresh-test.ts';
import { LabError } from '../errors/lab-error.ts';
import { type ComposeAbout, composeCommit } from '../git/compose-commit.ts';
import { findCommit } from '../git/repository.ts';
import { type KeptTest, nextTestNumber } from '../lab/fresh-tests.ts';
import { checkFrozen } from '../rules/frozen.ts';
import { createRandom, mixSeed } from '../stats/seeded-random.ts';
import { bisectRuns, seedCount } from '../stats/test-progress.ts';
import type { AddContext } from './add-job.ts';
import { layDownClaim } from './lay-down-claim.ts';
import type { Routes } from './routes.ts';
import { ensureChampion, ensureNoise, type TestGround } from './test-ground.ts';

/** What is asked for. */
export type TestRequest = Routes['test']['request'];

/** A test that is laid down, and what a person should know of it. */
export interface LaidTest {
  test: KeptTest;
  notes: string[];
}

/** Lays down what a person or the pipeline asked for. Throws LabError (user, usage) with what keeps it from being tested. */
export async function layDownTest(
  context: AddContext,
  ground: TestGround,
  request: TestRequest,
  tests: readonly KeptTest[],
): Promise<LaidTest> {
  const { ask } = request;
  const champion = ensureChampion(ground);
  ensureNoise(context, ground);
  const laid =
    ask.kind === 'claim'
      ? await layDownClaim(context, ground, champion, ask.runs, tests)
      : { ...(await layDownAblation(context, ground, champion, ask)), champion, leftOut: [] };
  const { arms, notes } = laid;
  await ensureArms(context, arms);
  return {
    notes,
    test: {
      ...describeTest(context, ground, laid, tests),
      ...{ key: request.key, reverts: ask.kind === 'ablation' && ask.revert, leftOut: laid.leftOut },
      ...{ env: request.env, secretNames: Object.keys(request.secrets) },
    },
  };
}

/** The bisection of a refuted claim: level by level, the code with the first of its changes. */
export async function layDownBisect(
  context: AddContext,
  ground: TestGround,
  claim: KeptTest,
  tests: readonly KeptTest[],
): Promise<KeptTest> {
  const { champion } = claim;
  const { changes, root } = champion;
  const arms: TestArm[] = [{ name: 'baseline', commit: root, changes: [] }];
  for (let count = 1; count < changes.length; count++) {
    const first = changes.slice(0, count);
    const name = `first ${count} ${count === 1 ? 'change' : 'changes'}`;
    const steps = first.map((change) => ({ kind: 'apply' as const, change }));
    const { commit, skipped } = await composeCommit(context.paths.root, root, steps, about(name, champion, ground));
    arms.push({
      name,
      commit,
      changes: first.filter((change) => !skipped.includes(change)).map((change) => change.commit),
    });
  }
  arms.push({ name: 'champion', commit: champion.commit, changes: changes.map(({ commit }) => commit) });
  await ensureArms(context, arms);
  const question = { kind: 'bisect' as const, claim: claim.number, runs: bisectRuns(changes.length) };
  return {
    ...describeTest(context, ground, { question, arms, champion }, tests),
    ...{ key: `bisect:${claim.number}`, reverts: true, leftOut: [], env: claim.env, secretNames: claim.secretNames },
  };
}

async function layDownAblation(
  { paths }: AddContext,
  ground: TestGround,
  champion: ChampionState,
  { each, slugs }: Extract<TestRequest['ask'], { kind: 'ablation' }>,
): Promise<{ question: TestQuestion; arms: TestArm[]; notes: string[] }> {
  const { changes } = champion;
  const unknown = slugs.filter((slug) => !changes.some((change) => change.slug === slug));
  if (unknown.length > 0) {
    const known = changes.map(({ slug }) => slug).join(', ');
    throw new LabError('user', `the champion has no change ${unknown.join(', ')}, expected one of: ${known}`);
  }
  const notes: string[] = [];
  const arms: TestArm[] = [{ name: 'champion', commit: champion.commit, changes: changes.map(({ commit }) => commit) }];
  for (const change of changes.filter(({ slug }) => slugs.length === 0 || slugs.includes(slug))) {
    const name = `without ${change.slug}`;
    const steps = [{ kind: 'revert' as const, change }];
    const { commit, skipped } = await composeCommit(paths.root, champion.commit, steps, about(name, champion, ground));
    const left = without(changes, change);
    if (skipped.length > 0) notes.push(`${change.slug} cannot be taken out by itself: later changes are built on it`);
    else if (commit === champion.commit) notes.push(`${change.slug} leaves no trace in the champion's code any more`);
    else arms.push({ name, commit, changes: left });
  }
  if (arms.length > 1) return { question: { kind: 'ablation', each }, arms, notes };
  throw new LabError('user', 'no change of the champion can be taken out by itself, so there is nothing to measure', {
    hints: notes,
  });
}

const without = (changes: readonly Change[], out: Change): string[] =>
  changes.flatMap(({ commit }) => (commit === out.commit ? [] : [commit]));

function about(name: string, { commit }: ChampionState, { beganAt }: TestGround): ComposeAbout {
  return { message: `nightlab: ${name} of champion ${commit.slice(0, 7)}\n`, atMs: Date.parse(beganAt) };
}

/** Throws LabError (user) where a code cannot run as it is: its commit is gone, or it changed a file that is frozen by now. */
async function ensureArms({ paths, config, main }: AddContext, arms: readonly TestArm[]): Promise<void> {
  for (const { name, commit } of arms) {
    if ((await findCommit(paths.root, commit)) !== commit)
      throw new LabError('user', `the commit ${commit} (${name}) is gone from ${paths.root}`, {
        hints: ['`git fetch` may bring it back from a copy of the repository'],
      });
    const frozen = isLockOpen('worker') ? [] : await checkFrozen(paths.root, main, commit, config.rules);
    if (frozen.length > 0)
      throw new LabError('user', `${name} (${commit.slice(0, 7)}) changed ${frozen.join(', ')}, FROZEN by now`, {
        hints: ['`rules` in lab.yaml says what is frozen'],
      });
  }
}

/** What all tests have. Its seeds follow from its number, so that the same test laid down again has the same. */
function describeTest(
  { paths, book }: AddContext,
  { track, deviceClass, deviceModel, beganAt }: TestGround,
  { question, arms, champion }: Pick<FreshTest, 'question' | 'arms' | 'champion'>,
  tests: readonly KeptTest[],
): FreshTest {
  const jobs = book.all();
  const number = nextTestNumber(
    paths.state,
    jobs.flatMap(({ job }) => job.test?.test ?? []),
  );
  const used = new Set([...jobs.map(({ job }) => job.seed), ...tests.flatMap(({ seeds }) => seeds)]);
  const random = createRandom(mixSeed(number, Number.parseInt(track, 16)));
  const seeds: number[] = [];
  while (seeds.length < seedCount(question)) {
    const seed = leastSeed + Math.floor(random.uniform() * (mostSeed - leastSeed));
    if (used.has(seed)) continue;
    used.add(seed);
    seeds.push(seed);
  }
  return { schema: 1, number, question, track, deviceClass, deviceModel, champion, arms, seeds, beganAt };
}

/** Above what people write by hand, and within what every random generator takes. */
const leastSeed = 1000;
const mostSeed = 2 ** 31;
