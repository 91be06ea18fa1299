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

/** How far back a history is read. */
const mostCommits = 2000;

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

/** Looks the history of `commit` through for the newest of `bases`; null where it holds none of them. */
export async function findBuiltOn(
  root: string,
  main: string,
  commit: string,
  bases: ReadonlySet<string>,
): Promise<BuiltOn | null> {
  if (bases.size === 0) return null;
  const history = (await runGit(root, ['rev-list', '--first-parent', `--max-count=${mostCommits}`, commit])).split(
    '\n',
  );
  const at = history.findIndex((hash) => bases.has(hash));
  const base = history[at];
  if (base === undefined) return null;
  // Main's records go on while it is built: what they added is no part of its change.
  const fork = await runGitResult(root, ['merge-base', commit, main]);
  const forkAt = fork.exitCode === 0 ? history.indexOf(fork.stdout.toString('utf8').trim()) : -1;
  return { base, start: forkAt >= 0 && forkAt < at ? (history[forkAt] ?? base) : base };
}
