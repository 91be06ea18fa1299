/**
 * What an experiment that a person built by hand was built on: found in its history, since nobody says it. The pipeline says it, and is not asked.
 * What it is compared with in figures is the recorder's.
 */
import { runGit, runGitResult } from '../git/run-git.ts';
import type { ScoredRun } from '../stats/track-view.ts';

/** What an experiment was built on. Full hashes. */
export interface BuiltOn {
  /** The champion or baseline that it is measured against. */
  base: string;
  /** What its change is told against: the base, or main's commit that it branched from where that is newer. */
  start: string;
}

/** How far back a history is read: with the lab's records that were merged in, a commit or two a run. */
const mostCommits = 20_000;

/** Commits of a track that an experiment can be measured against: its baselines, bridged champions and champions. */
export function listBases(runs: readonly ScoredRun[], track: string): Set<string> {
  const own = runs.filter((run) => run.track === track);
  return new Set(
    own.flatMap((run) => [
      ...(run.kind === 'baseline' || run.kind === 'bridge' ? [run.commit] : []),
      ...(run.champion === null ? [] : [run.champion.commit, run.champion.root]),
    ]),
  );
}

/**
 * Looks the history of `commit` through, merged branches too, for the newest of `bases`: a branch that merged the champion was built on it.
 * Null where it holds none of them besides itself. `isInPlace`: what runs is the folder as it will be then, with what nobody committed in it,
 * so that `commit`, its HEAD, may be what it was built on.
 */
export async function findBuiltOn(
  root: string,
  main: string,
  commit: string,
  bases: ReadonlySet<string>,
  isInPlace = false,
): Promise<BuiltOn | null> {
  if (bases.size === 0) return null;
  // Children before their parents, and what stands side by side by its date.
  const args = ['rev-list', '--date-order', `--max-count=${mostCommits}`, commit, '--'];
  const history = (await runGit(root, args)).split('\n');
  // A champion that is queued again by hand was not built on itself.
  const base = (isInPlace ? history : history.slice(1)).find((hash) => bases.has(hash));
  if (base === undefined) return null;
  // Main's records go on while it is built: what they added is no part of its change. What they share may be older than the base, or beside it.
  const fork = await runGitResult(root, ['merge-base', commit, main]);
  const forked = fork.exitCode === 0 ? fork.stdout.toString('utf8').trim() : commit;
  if (forked === commit || forked === base) return { base, start: base };
  const { exitCode } = await runGitResult(root, ['merge-base', '--is-ancestor', base, forked]);
  return { base, start: exitCode === 0 ? forked : base };
}
