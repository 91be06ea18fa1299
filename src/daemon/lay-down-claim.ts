/**
 * Lays down the claim that the champion is better than the baseline: which of its changes may be claimed, what error this try may spend, whether
 * the codes are compared seed by seed. Writes nothing but a commit that no ref holds yet.
 */
import { isScored } from '../../workers/recorder/decide-job.ts';
import { listTestJobs } from '../../workers/recorder/test-runs.ts';
import type { ChampionState } from '../domain/change.ts';
import type { FreshTest, TestArm, TestQuestion } from '../domain/fresh-test.ts';
import { LabError } from '../errors/lab-error.ts';
import { composeCommit } from '../git/compose-commit.ts';
import type { KeptTest } from '../lab/fresh-tests.ts';
import { alphaOfTry, planClaim } from '../stats/claim.ts';
import { judgePairing, type SeedPair } from '../stats/pairing.ts';
import { confirmRuns, usualSpending } from '../stats/spend-run.ts';
import { chooseSolid, studyTrack, type TrackKnowledge } from '../stats/track-history.ts';
import type { AddContext } from './add-job.ts';
import { scoredRunsOf } from './scored-runs.ts';
import type { TestGround } from './test-ground.ts';

/** A claim, laid down. */
export interface LaidClaim {
  question: TestQuestion;
  arms: TestArm[];
  /** What is claimed: the champion without the changes that the runs so far do not bear out. */
  champion: ChampionState;
  /** Commits of those changes. */
  leftOut: string[];
  notes: string[];
}

/** Within so many milliseconds all claims of a track and device model share one error. */
const shareMs = 86_400_000;

/** Lays a claim down; `asked` runs at most, null: the lab's own number. Throws LabError (user, usage) where there is nothing to claim. */
export async function layDownClaim(
  context: AddContext,
  ground: TestGround,
  state: ChampionState,
  asked: number | null,
  tests: readonly KeptTest[],
): Promise<LaidClaim> {
  const { config, book } = context;
  const { view, track, deviceModel } = ground;
  const { baseline } = view;
  if (baseline === null) {
    const message = `track ${track} has no baseline on ${deviceModel}, which the champion is compared with`;
    throw new LabError('user', message, { hints: ['`lab baseline` measures it'] });
  }
  const nowMs = Date.parse(ground.beganAt);
  const own = tests.filter((test) => test.track === track && test.deviceModel === deviceModel);
  const recent = own.filter(
    ({ question, beganAt }) => question.kind === 'claim' && nowMs - Date.parse(beganAt) < shareMs,
  );
  const attempt = recent.length + 1;
  // What ran as the baseline is what a bisection begins with; a champion that began with a bridge's is compared with the baseline all the same.
  const isBaseline = book
    .all()
    .some((stored) => stored.job.kind === 'baseline' && stored.job.commit === state.root && isScored(stored));
  const from = isBaseline ? state.root : baseline.commit;
  const runs = scoredRunsOf(book).filter((run) => run.track === track && run.deviceModel === deviceModel);
  const known = studyTrack(runs, config.metric.direction);
  const { champion, leftOut, notes } = await leaveDoubtfulOut(context, ground, state, known);
  const question = {
    ...{ kind: 'claim' as const, attempt, alpha: alphaOfTry(config.decision.alpha, attempt) },
    ...{ runs: asked ?? confirmRuns({ budget: null }, usualSpending), confidence: config.decision.interval },
    isPaired: judgePairing(own.flatMap((test) => listPairs(test, context))).isPaired,
    expected: expectGain(known, champion, { commit: from, value: baseline.value }),
  };
  if (planClaim(question) === null)
    throw new LabError('usage', `a claim got ${question.runs} runs, expected at least 4: two of each code`);
  const commits = champion.changes.map(({ commit }) => commit);
  return {
    ...{ question, champion, leftOut, notes },
    arms: [
      { name: 'baseline', commit: from, changes: [] },
      { name: 'champion', commit: champion.commit, changes: commits },
    ],
  };
}

/** Exploring goes on from changes that a claim would only be diluted by. Throws LabError (user) where nothing is left. */
async function leaveDoubtfulOut(
  { paths, config }: AddContext,
  { beganAt }: TestGround,
  state: ChampionState,
  known: TrackKnowledge,
): Promise<Pick<LaidClaim, 'champion' | 'leftOut' | 'notes'>> {
  const solid = new Set(chooseSolid(known, state.changes, config.decision.pruneWeight));
  const doubtful = state.changes.filter((change) => !solid.has(change));
  if (doubtful.length === 0) return { champion: state, leftOut: [], notes: [] };
  const slugs = doubtful.map(({ slug }) => slug).join(', ');
  if (solid.size === 0)
    throw new LabError(
      'user',
      `the runs so far bear none of the champion's changes out (${slugs}): a claim would be luck`,
      {
        hints: ['`lab champion` shows what each is worth', '`lab ablate` measures them'],
      },
    );
  const steps = [...doubtful].reverse().map((change) => ({ kind: 'revert' as const, change }));
  const message = `nightlab: champion ${state.commit.slice(0, 7)} without ${slugs}\n`;
  const { commit, skipped } = await composeCommit(paths.root, state.commit, steps, {
    message,
    atMs: Date.parse(beganAt),
  });
  const changes = state.changes.filter((change) => solid.has(change) || skipped.includes(change));
  const level = known.posterior?.levelOf([...(known.changesOf(state.root) ?? []), ...changes.map((one) => one.commit)]);
  const out = doubtful.filter((change) => !skipped.includes(change));
  return {
    champion: {
      ...{ ...state, commit, changes },
      ...(level === undefined ? {} : { value: known.sign * level.mean, sd: Math.sqrt(level.variance) }),
      chosenBy: commit === state.commit ? state.chosenBy : null,
    },
    leftOut: out.map((change) => change.commit),
    notes:
      out.length === 0
        ? []
        : [`not claimed, because the runs so far do not bear it out: ${out.map(({ slug }) => slug).join(', ')}`],
  };
}

/** What exploring expects of the champion over the baseline by all runs of the track, oriented; by its value alone where they do not tell. */
function expectGain(
  { posterior, changesOf, sign }: TrackKnowledge,
  { root, changes, value }: ChampionState,
  baseline: { commit: string; value: number },
): number {
  const [from, start] = [changesOf(baseline.commit), changesOf(root)];
  if (posterior === null || from === null || start === null) return sign * (value - baseline.value);
  const to = [...start, ...changes.map(({ commit }) => commit)];
  return posterior.levelOf(to).mean - posterior.levelOf(from).mean;
}

/** Scores of two arms with the same seed, by neighbouring arms, so that no run counts twice. */
function listPairs(test: FreshTest, { book }: AddContext): SeedPair[][] {
  const scored = listTestJobs(test, book.all()).flatMap(({ arm, place, outcome }) =>
    outcome.kind === 'scored' ? [{ arm, place, metric: outcome.metric }] : [],
  );
  return test.arms.flatMap((_, arm) => {
    if (arm % 2 !== 0) return [];
    const left = scored.filter((run) => run.arm === arm);
    return [
      left.flatMap(({ place, metric }): SeedPair[] => {
        const other = scored.find((run) => run.arm === arm + 1 && run.place === place);
        return other === undefined ? [] : [[metric, other.metric]];
      }),
    ];
  });
}
