/**
 * Takes what a test with fresh seeds showed to be guilty out of the champion: its code without those changes, and what that is worth by all runs.
 * Writes git objects and one ref, no working tree. Which changes are guilty is decide-test.ts's; what could not be taken out is told here.
 */
import type { ChampionState, Change } from '../../src/domain/change.ts';
import type { Run } from '../../src/domain/run.ts';
import { runGit } from '../../src/git/run-git.ts';
import { studyTrack } from '../../src/stats/track-history.ts';
import type { ScoredRun } from '../../src/stats/track-view.ts';
import { type DecidedTest, tellTest } from './decide-test.ts';
import { composeChampion } from './settle-champion.ts';

/** What a settled test rests on. */
export interface SettleTestInput {
  root: string;
  decided: DecidedTest;
  /** The test's last run. */
  number: number;
  run: Run;
  /** All scored runs of the lab. */
  runs: readonly ScoredRun[];
  direction: 'lower' | 'higher';
}

/** What a settled test records: the champion after it, and the verdict and entry by what really left. */
export type SettledTest = Pick<DecidedTest, 'row' | 'entry' | 'verdict' | 'champion'>;

/** Settles, and tells what came of it. Asked again it gives the same. Throws LabError where git does. */
export async function settleAndTell(input: SettleTestInput): Promise<SettledTest> {
  const champion = await settleTest(input);
  return { row: input.decided.row, champion, ...tellTest(input.decided, champion) };
}

/** The champion after the test; null where nothing leaves it. What could not be taken out is in it still. Asked again it gives the same commit. Throws LabError where git does. */
export async function settleTest(input: SettleTestInput): Promise<ChampionState | null> {
  const { before, champion: wanted, tested } = input.decided;
  if (before === null || wanted === null) return null;
  const { root, run, number, direction } = input;
  const isTested = tested !== null && tested.root === before.root && isSameSet(tested.changes, wanted.changes);
  const made = isTested
    ? { commit: tested.commit, changes: wanted.changes }
    : await composeChampion(root, before, wanted.changes, { number, run });
  // What a claim tested has the refs of its jobs; the champion's own says what it is.
  if (isTested) await runGit(root, ['update-ref', `refs/nightlab/champions/${number}`, tested.commit]);
  const own = input.runs.filter((one) => one.track === run.track && one.deviceModel === run.device.model);
  const { posterior, sign, changesOf } = studyTrack(own, direction);
  const names = [...(changesOf(before.root) ?? []), ...made.changes.map(({ commit }) => commit)];
  const level = posterior?.levelOf(names) ?? null;
  return {
    ...{ ...before, ...made },
    near: wanted.near.filter((change) => !made.changes.some(({ commit }) => commit === change.commit)),
    value: level === null ? before.value : sign * level.mean,
    sd: level === null ? before.sd : Math.sqrt(level.variance),
    chosenBy: made.commit === before.commit ? before.chosenBy : null,
  };
}

function isSameSet(one: readonly Change[], other: readonly Change[]): boolean {
  return one.length === other.length && one.every(({ commit }) => other.some((change) => change.commit === commit));
}
