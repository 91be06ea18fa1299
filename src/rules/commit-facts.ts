/**
 * Reads from git what commit-check.ts judges: the staged index, each commit of a range, and what a push would take from main. A commit
 * whose parent has no lab.yaml is older than the lab and breaks no rule. What META_MODE permits is frozen-permission.ts. Writes nothing.
 */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { FileRule } from '../domain/file-rule.ts';
import { readBlobs } from '../git/blob-content.ts';
import { isAncestor } from '../git/diff-facts.ts';
import { findCommit, mergeBase, readTreeEntry } from '../git/repository.ts';
import { runGit, runGitResult } from '../git/run-git.ts';
import {
  type CommitWithParents,
  hadBlob,
  listCommits,
  readStagedChanges,
  readTreeChanges,
  type TreeChange,
} from '../git/tree-diff.ts';
import { checkCommit, type FrozenPermission, type ProposedFile, type RuleProblem } from './commit-check.ts';
import { permitCommit, permitStaged } from './frozen-permission.ts';
import { checkMergeLosses, isGrantedOn, isRemoteMains } from './merge-check.ts';
import { rulesOf } from './taxonomy.ts';

/** What rules a check goes by. */
export interface RuleSource {
  /** Any folder of the checkout whose commits are looked at. */
  cwd: string;
  /** Name of the main branch. */
  main: string;
  /** lab.yaml's own rules. */
  rules: Readonly<Record<string, readonly FileRule[]>>;
}

/** What one commit breaks. */
export interface CommitProblems {
  /** Full hash; null for what is staged. */
  commit: string | null;
  problems: RuleProblem[];
}

type RuledChange = TreeChange & { rules: FileRule[] };

const isPlainMode = (mode: string | null): boolean => mode === null || mode.startsWith('100');

function keepRuled(changes: readonly TreeChange[], rules: RuleSource['rules']): RuledChange[] {
  return changes
    .map((change) => ({ ...change, rules: rulesOf(change.path, rules) }))
    .filter((change) => change.rules.length > 0);
}

/** Whether the entry equals the one in a revision, both missing included. */
async function isSameIn(cwd: string, revision: string, { path, newBlob, newMode }: TreeChange): Promise<boolean> {
  const entry = await readTreeEntry(cwd, revision, path);
  return (entry?.hash ?? null) === newBlob && (entry?.mode ?? null) === newMode;
}

/** Whether another parent brought the entry: it has it, and did not merely keep what stood where the histories parted. */
async function isFromParent(
  cwd: string,
  first: string,
  others: readonly string[],
  change: TreeChange,
): Promise<boolean> {
  for (const other of others) {
    if (!(await isSameIn(cwd, other, change))) continue;
    const base = await mergeBase(cwd, first, other);
    if (base === null || !(await isSameIn(cwd, base, change))) return true;
  }
  return false;
}

async function isMainsOwn(source: RuleSource, main: string | null, change: RuledChange): Promise<boolean> {
  if (main === null) return false;
  if (await isSameIn(source.cwd, main, change)) return true;
  // An experiment's branch carries a copy of its report, and main's may have gained a verdict since.
  const { rules, newBlob, path } = change;
  if (newBlob === null || rules.some((rule) => rule !== 'RECORD')) return false;
  return await hadBlob(source.cwd, main, path, newBlob);
}

async function describeFiles(
  source: RuleSource,
  changes: readonly RuledChange[],
  parents: readonly string[],
  isOnMain: boolean,
): Promise<ProposedFile[]> {
  const [first = '', ...others] = parents;
  // Contents only of files that are compared by them: a frozen lock file of megabytes is told by its hash.
  const read = changes.filter(({ rules, path }) => rules.includes('APPEND-ONLY') || path === 'program.md');
  const plain = read.flatMap(({ oldMode, oldBlob, newMode, newBlob }) => [
    ...(oldBlob !== null && isPlainMode(oldMode) ? [oldBlob] : []),
    ...(newBlob !== null && isPlainMode(newMode) ? [newBlob] : []),
  ]);
  const blobs = await readBlobs(source.cwd, [...new Set(plain)]);
  const textOf = (blob: string | null) => (blob === null ? null : (blobs.get(blob)?.toString('latin1') ?? null));
  const main = isOnMain ? null : await findCommit(source.cwd, `refs/heads/${source.main}`);
  const files: ProposedFile[] = [];
  for (const change of changes) {
    const { path, rules, oldBlob, newBlob, newMode } = change;
    files.push({
      path,
      rules,
      change: oldBlob === null ? 'added' : newBlob === null ? 'deleted' : 'modified',
      isPlain: isPlainMode(newMode),
      before: textOf(oldBlob),
      after: textOf(newBlob),
      isMerged: await isFromParent(source.cwd, first, others, change),
      isMains: await isMainsOwn(source, main, change),
    });
  }
  return files;
}

async function hasLab(cwd: string, commit: string): Promise<boolean> {
  return (await readTreeEntry(cwd, commit, 'lab.yaml')) !== null;
}

async function readGitFile(cwd: string, name: string): Promise<string | null> {
  const path = resolve(cwd, (await runGit(cwd, ['rev-parse', '--git-path', name])).replace(/\n$/, ''));
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : null;
}

/** The branch that a commit made now would end up on: HEAD's, in a rebase the rebased one; null where there is none. */
async function readBranch(cwd: string): Promise<string | null> {
  const head = await runGitResult(cwd, ['symbolic-ref', '--quiet', 'HEAD']);
  const ref =
    head.exitCode === 0
      ? head.stdout.toString('utf8').trim()
      : ((await readGitFile(cwd, 'rebase-merge/head-name')) ?? (await readGitFile(cwd, 'rebase-apply/head-name')));
  return ref?.startsWith('refs/heads/') === true ? ref.slice('refs/heads/'.length) : null;
}

/** Heads that the commit in the making merges: of a merge that stopped, or, in pre-merge-commit, of the git that calls the hook. */
async function readMergedHeads(cwd: string, environment: NodeJS.ProcessEnv): Promise<string[]> {
  const stopped = await readGitFile(cwd, 'MERGE_HEAD');
  if (stopped !== null) return stopped.split('\n');
  return Object.keys(environment).flatMap((name) => /^GITHEAD_([0-9a-f]{40,64})$/.exec(name)?.[1] ?? []);
}

/**
 * What a commit of the index would break. `indexFile`: see readStagedChanges; `environment`: of the human who commits. Asks git once
 * where no ruled file is staged.
 */
export async function checkStaged(
  source: RuleSource,
  indexFile: string | null,
  environment: NodeJS.ProcessEnv = process.env,
  now: Date = new Date(),
): Promise<CommitProblems> {
  const { cwd } = source;
  const nothing: CommitProblems = { commit: null, problems: [] };
  const head = await findCommit(cwd, 'HEAD');
  if (head === null) return nothing;
  const changes = keepRuled(await readStagedChanges(cwd, indexFile), source.rules);
  if (changes.length === 0 || !(await hasLab(cwd, head))) return nothing;
  const isOnMain = (await readBranch(cwd)) === source.main;
  const merged = await readMergedHeads(cwd, environment);
  const files = await describeFiles(source, changes, [head, ...merged], isOnMain);
  if (!isOnMain || !changes.some(({ rules }) => rules.includes('FROZEN')))
    return { commit: null, problems: checkCommit({ files, isOnMain }) };
  // A branch's frozen file does not become main's by a merge; what another main has was granted there.
  const isTrusted = merged.length > 0 && (await isRemoteMains(cwd, source.main, merged));
  const judged = files.map((file) => ({
    ...file,
    isMerged: file.isMerged && (isTrusted || !file.rules.includes('FROZEN')),
  }));
  const frozen: FrozenPermission = await permitStaged({ cwd, head, indexFile, environment, now });
  return { commit: null, problems: checkCommit({ files: judged, isOnMain, frozen }) };
}

async function checkOne(source: RuleSource, commit: CommitWithParents, isOnMain: boolean): Promise<RuleProblem[]> {
  const [first, ...others] = commit.parents;
  if (first === undefined) return [];
  if (isOnMain && others.length > 0) return await checkMainMerge(source, commit);
  const { cwd } = source;
  const changes = keepRuled(await readTreeChanges(cwd, first, commit.hash), source.rules);
  if (changes.length === 0 || !(await hasLab(cwd, first))) return [];
  const files = await describeFiles(source, changes, commit.parents, isOnMain);
  if (!isOnMain || !changes.some(({ rules }) => rules.includes('FROZEN'))) return checkCommit({ files, isOnMain });
  return checkCommit({ files, isOnMain, frozen: await permitCommit(cwd, first, commit.hash) });
}

/** Judges a merge of main's history: which parent was main before is unknown, so that each of them counts. */
async function checkMainMerge(source: RuleSource, { hash, parents }: CommitWithParents): Promise<RuleProblem[]> {
  const { cwd, main, rules } = source;
  const labs: string[] = [];
  for (const parent of parents) if (await hasLab(cwd, parent)) labs.push(parent);
  const [first] = labs;
  if (first === undefined) return [];
  const others = parents.filter((parent) => parent !== first);
  const changes = keepRuled(await readTreeChanges(cwd, first, hash), rules);
  const frozen = await permitCommit(cwd, first, hash);
  const files = await describeFiles(source, changes, [first, ...others], true);
  const isTrusted = frozen.kind !== 'refused' || (await isRemoteMains(cwd, main, others));
  const judged: ProposedFile[] = [];
  for (const file of files) {
    const isFrozen = file.isMerged && file.rules.includes('FROZEN');
    // As in a merge in the making: a branch's frozen file does not become main's by a merge.
    const isGood = !isFrozen || isTrusted || (await isGrantedOnAny(cwd, first, others, file.path));
    judged.push({ ...file, isMerged: file.isMerged && isGood });
  }
  const lost = await checkMergeLosses({ cwd, main, rules, hash, first, others: labs.slice(1) }, frozen);
  return [...checkCommit({ files: judged, isOnMain: true, frozen }), ...lost];
}

async function isGrantedOnAny(cwd: string, first: string, others: readonly string[], path: string): Promise<boolean> {
  for (const other of others) if (await isGrantedOn(cwd, first, other, path)) return true;
  return false;
}

/**
 * What each commit of a range breaks against its first parent, the oldest first; commits that break nothing are left out. A commit
 * counts as main's where main reaches it. Throws LabError where a revision is unknown.
 */
export async function checkRange(
  source: RuleSource,
  words: readonly string[],
): Promise<{ checked: number; found: CommitProblems[] }> {
  const main = await findCommit(source.cwd, `refs/heads/${source.main}`);
  const commits = await listCommits(source.cwd, words);
  const aside =
    main === null || commits.length === 0
      ? commits
      : await listCommits(source.cwd, [...words, ...(words.includes('--not') ? [main] : [`^${main}`])]);
  const offMain = new Set(aside.map(({ hash }) => hash));
  const found: CommitProblems[] = [];
  for (const commit of commits) {
    const problems = await checkOne(source, commit, !offMain.has(commit.hash));
    if (problems.length > 0) found.push({ commit: commit.hash, problems });
  }
  return { checked: commits.length, found };
}

/**
 * What main would lose append-only text of if it moved from `before` to `after`: [] where it only goes forward, because then its
 * commits answer for themselves, and where `before` is not known here.
 */
export async function checkRewrite(source: RuleSource, before: string, after: string): Promise<RuleProblem[]> {
  if ((await findCommit(source.cwd, before)) === null || (await isAncestor(source.cwd, before, after))) return [];
  const changes = keepRuled(await readTreeChanges(source.cwd, before, after), source.rules);
  const files = await describeFiles(source, changes, [before], true);
  return checkCommit({ files, isOnMain: true }).filter(({ rule }) => rule === 'APPEND-ONLY');
}
