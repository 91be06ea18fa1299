/**
 * Reads what decides whether a commit on main may change frozen files: the tables of its parent, the human_journal.md of the commit itself,
 * and, for a commit in the making, the open META_MODE and its variable. Judging is commit-check.ts.
 */
import { resolve } from 'node:path';
import { labPaths } from '../config/lab-paths.ts';
import { findRepositoryRoot } from '../config/repository-root.ts';
import { readBlobs } from '../git/blob-content.ts';
import { readBlob } from '../git/repository.ts';
import { runGit, runGitResult } from '../git/run-git.ts';
import { type FrozenPermission, permitFrozen } from './commit-check.ts';
import { findMetaEnd, findRunVariable, readMetaState } from './meta-state.ts';

const journalPath = 'human_journal.md';

/** Texts of all tables of results at the top of a commit, as latin1. */
export async function readTables(cwd: string, commit: string): Promise<string[]> {
  const listing = await runGit(cwd, ['ls-tree', '-z', '--full-tree', commit]);
  const blobs = listing
    .split('\0')
    .flatMap((record) => /^100\d+ blob ([0-9a-f]+)\tresults(?:\.[^/]+)?\.tsv$/i.exec(record)?.[1] ?? []);
  return [...(await readBlobs(cwd, [...new Set(blobs)])).values()].map((blob) => blob.toString('latin1'));
}

/** Whether a commit on main may change frozen files, by its own journal and its committer's clock. Throws LabError where it is unknown. */
export async function permitCommit(cwd: string, parent: string, commit: string): Promise<FrozenPermission> {
  const date = (await runGit(cwd, ['show', '--no-patch', '--format=%ct %ci', commit])).trim();
  const [, seconds = '0', sign = '+', hours = '0', minutes = '0'] = /^(\d+) .* ([+-])(\d\d)(\d\d)$/.exec(date) ?? [];
  const offset = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
  return permitFrozen({
    results: await readTables(cwd, parent),
    journal: (await readBlob(cwd, commit, journalPath))?.toString('utf8') ?? null,
    at: new Date(Number(seconds) * 1000),
    offset,
  });
}

/** A commit in the making. */
export interface StagedFacts {
  /** Any folder of the checkout. */
  cwd: string;
  /** The commit that it will stand on. */
  head: string;
  /** Git's GIT_INDEX_FILE where a hook was given one. */
  indexFile: string | null;
  /** Environment of whoever commits. */
  environment: NodeJS.ProcessEnv;
  now: Date;
}

/** Whether what is staged on main may change frozen files: the index's journal must grant it, and META_MODE be open and set. */
export async function permitStaged({ cwd, head, indexFile, environment, now }: StagedFacts): Promise<FrozenPermission> {
  const env = indexFile === null ? {} : { GIT_INDEX_FILE: resolve(cwd, indexFile) };
  const staged = await runGitResult(cwd, ['cat-file', 'blob', `:${journalPath}`], { env });
  const journal = staged.exitCode === 0 ? staged.stdout.toString('utf8') : null;
  const permission = permitFrozen({ results: await readTables(cwd, head), journal, at: now, offset: null });
  if (permission.kind === 'setup') return permission;
  const root = findRepositoryRoot(cwd);
  const paths = root === null ? null : labPaths(root);
  const state = paths === null ? null : readMetaState(paths);
  const refuse = (reason: string): FrozenPermission => ({ kind: 'refused', reason });
  if (paths === null || state === null) return refuse('META_MODE is closed');
  const variable = findRunVariable(environment);
  if (variable !== null) return refuse(`${variable} is set, so this is an agent's or a run's process`);
  if (environment.META_MODE !== '1') return refuse('the environment has no META_MODE=1');
  const end = findMetaEnd(paths, state, now);
  if (end !== null) return refuse(`META_MODE is over: ${end}`);
  if (permission.kind === 'granted') return permission;
  return refuse(`as staged, ${permission.reason}; \`git add ${journalPath}\` takes the grant along`);
}
