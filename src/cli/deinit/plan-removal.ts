/** What `lab deinit` would take out of a repository and what stays, read and told. Changes nothing. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { LabPaths } from '../../config/lab-paths.ts';
import { resolveMainBranch } from '../../git/repository.ts';
import { runGit } from '../../git/run-git.ts';
import { listWorktrees } from '../../git/worktree.ts';
import { type HookState, readHooks } from '../../rules/hooks.ts';
import { openConfig } from '../open-config.ts';
import { listTables } from './session-tables.ts';
import { findLabFiles, type LabFiles } from './take-files.ts';
import { findLoss } from './worktree-losses.ts';

/** What was asked for. */
export interface RemovalOptions {
  /** Whether .lab/ goes as well. */
  isPurge: boolean;
  /** Whether what the lab wrote into git goes as well. */
  takesFiles: boolean;
}

/** What goes and what stays. */
export interface Removal extends RemovalOptions {
  /** Whether a daemon was up. */
  isUp: boolean;
  /** The lab's own. */
  hooks: HookState[];
  /** Checkouts of runs, absolute. */
  trees: string[];
  /** Worktrees of experiments and sessions, absolute; those that stay are among them. */
  worktrees: string[];
  /** Why a worktree stays, by its path. */
  kept: Map<string, string>;
  /** Full names of private refs that go. */
  refs: string[];
  /** Private refs of ratchet sessions: commits that they tried and did not keep. They go only with --purge. */
  sessionRefs: string[];
  /** Tables of sessions in .lab/ that stay, absolute. */
  tables: string[];
  /** Null without --files. */
  files: (LabFiles & { main: string }) | null;
}

/** Looks at the lab. */
export async function findRemoval(paths: LabPaths, options: RemovalOptions, isUp: boolean): Promise<Removal> {
  const { root } = paths;
  const all = (await runGit(root, ['for-each-ref', '--format=%(refname)', 'refs/nightlab/'])).split('\n');
  const refs = all.filter((ref) => ref !== '');
  const isOfSession = (ref: string): boolean => ref.startsWith('refs/nightlab/ratchet/');
  const worktrees = (await listWorktrees(root))
    .map(({ path }) => path)
    .filter((path) => path.startsWith(`${paths.worktrees}/`));
  const kept = new Map<string, string>();
  for (const path of worktrees) {
    const reason = existsSync(path) ? await findLoss(root, path) : null;
    if (reason !== null) kept.set(path, reason);
  }
  const main = options.takesFiles ? await resolveMainBranch(root, openConfig(paths).main) : null;
  return {
    ...options,
    isUp,
    hooks: (await readHooks(root)).filter(({ kind }) => kind === 'lab'),
    trees: existsSync(paths.trees) ? readdirSync(paths.trees).map((name) => join(paths.trees, name)) : [],
    worktrees,
    kept,
    refs: refs.filter((ref) => !isOfSession(ref)),
    sessionRefs: refs.filter(isOfSession),
    tables: options.isPurge ? listTables(paths) : [],
    files: main === null ? null : { ...(await findLabFiles(root, main)), main },
  };
}

/** What goes, one line each. Pure. */
export function renderRemoval(removal: Removal): string[] {
  const { isUp, isPurge, hooks, trees, worktrees, kept, sessionRefs, tables, files } = removal;
  const chained = hooks.some(({ isChained }) => isChained) ? ' (your own are put back)' : '';
  const lines = [
    isUp ? 'end the daemon' : null,
    hooks.length === 0 ? null : `git hooks ${hooks.map(({ name }) => name).join(', ')}${chained}`,
    `${trees.length} run checkouts in .lab/trees/`,
    `${worktrees.length - kept.size} worktrees in 5_worktrees/ (their branches stay)`,
    ...renderRefs(removal),
    ...(isPurge ? listBySession(sessionRefs).map((line) => `${line} (${ofSessions})`) : []),
    isPurge
      ? `.lab/ with all run folders, logs and the score seed${tables.length === 0 ? '' : ' (tables of sessions stay)'}`
      : null,
    files === null || files.paths.length === 0 ? null : `from ${files.main}, in one commit: ${files.paths.join(', ')}`,
  ];
  return lines.filter((line) => line !== null);
}

const ofSessions = 'every commit that the session tried, kept or not; its branch stays';

/** What the lab keeps below refs/nightlab/, by folder. */
const refKinds: Readonly<Record<string, string>> = {
  jobs: 'what each job ran, the only copy of what was not committed',
  experiments: 'former attempts of experiments, by idea',
  champions: 'champions, by job',
  adding: 'jobs that were never added',
};

/** More names than this are counted; git lists them. */
const mostNames = 12;

/** Which refs go, a line for each folder with the names in it. */
function renderRefs({ refs, sessionRefs, isPurge }: Removal): string[] {
  const others = sessionRefs.length === 0 ? '' : ` but those of sessions${isPurge ? '' : ', which stay'}`;
  if (refs.length === 0) return [`no refs below refs/nightlab/: there are none${others}`];
  return [...groupRefs(refs, 'refs/nightlab/')].map(([folder, names]) => {
    const place = `refs/nightlab/${folder}/`;
    const kind = refKinds[folder];
    const left = names.length - mostNames;
    const more = left > 0 ? ` and ${left} more (\`git for-each-ref ${place}\`)` : '';
    return `refs below ${place}, all ${names.length}${kind === undefined ? '' : ` (${kind})`}: ${names.slice(0, mostNames).join(', ')}${more}`;
  });
}

/** "refs below refs/nightlab/ratchet/mar5/, all 3", for each session. */
function listBySession(refs: readonly string[]): string[] {
  const prefix = 'refs/nightlab/ratchet/';
  return [...groupRefs(refs, prefix)].map(([tag, names]) => `refs below ${prefix}${tag}/, all ${names.length}`);
}

/** Names below each folder of `prefix`, in the order of git; jobs by number. */
function groupRefs(refs: readonly string[], prefix: string): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const ref of refs) {
    const [folder = '', ...name] = ref.slice(prefix.length).split('/');
    groups.set(folder, [...(groups.get(folder) ?? []), name.join('/')]);
  }
  for (const names of groups.values()) names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  return groups;
}

/** What stays and why, one line each. Pure. */
export function renderKept({ isPurge, kept, sessionRefs, tables }: Removal): string[] {
  const lines = [...kept].map(([path, reason]) => `${path}: ${reason}`);
  if (!isPurge && sessionRefs.length > 0)
    lines.push(...listBySession(sessionRefs).map((line) => `${line}: ${ofSessions}; --purge takes them`));
  for (const path of tables) lines.push(`${path}: it is in no commit`);
  return lines;
}
