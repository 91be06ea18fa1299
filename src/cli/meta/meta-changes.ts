/**
 * What the open META_MODE changed: the frozen files, those that agents touched and those that were named, from the state's start to the
 * files of the root checkout, hashed into git as they are looked at. What else is changed there is listed and left out.
 */
import { existsSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { checkConfig } from '../../config/check-config.ts';
import { readConfigText } from '../../config/load.ts';
import type { FileRule } from '../../domain/file-rule.ts';
import type { MetaState } from '../../domain/meta.ts';
import { LabError } from '../../errors/lab-error.ts';
import { hashWorkingFile, readIndexEntry } from '../../git/checkout-update.ts';
import type { ExactEntry, FileState } from '../../git/plumbing-commit.ts';
import { readBlob, readTreeEntry, resolveCommit } from '../../git/repository.ts';
import { runGit, runGitResult } from '../../git/run-git.ts';
import { useTemporaryIndex } from '../../git/temporary-index.ts';
import { readTreeChanges } from '../../git/tree-diff.ts';
import type { MetaFile } from '../../lab/meta-entry.ts';
import { checkGrowth } from '../../rules/append-only.ts';
import { parseGrant } from '../../rules/grant.ts';
import { rulesOf } from '../../rules/taxonomy.ts';
import type { OpenLab } from '../open-lab.ts';

const metaJournal = 'meta_journal.md';
const humanJournal = 'human_journal.md';

/** What was looked at, fixed to the byte. */
export interface MetaChanges {
  /** Main's commit that it was compared with, full hash. */
  tip: string;
  /** Uncommitted files of the change, as the root checkout has them; without meta_journal.md. */
  entries: ExactEntry[];
  /** meta_journal.md as the root has it where that differs from main's; null where it does not. */
  metaText: string | null;
  /** Paths that differ from the start, committed or not. */
  paths: string[];
  /** Those of them that are committed on main already and not changed since. */
  committed: string[];
  /** Paths that main itself changed since the start, whatever was edited on top. */
  onMain: string[];
  /** A tree of main with the entries laid over. */
  tree: string;
  files: MetaFile[];
  /** Changed files of the root checkout that stay as they are. */
  leftOut: string[];
}

type RuleTable = Readonly<Record<string, readonly FileRule[]>>;

/** Own rules of a lab.yaml; {} where it has none that can be read: a broken one had no rules either. */
function parseRules(text: string | null): RuleTable {
  try {
    const checked = checkConfig(parse(text ?? ''));
    return checked.kind === 'ok' ? checked.config.rules : {};
  } catch {
    return {};
  }
}

/** Paths of the root checkout that git sees as changed or new, sorted. */
export async function listDirtyPaths(root: string): Promise<string[]> {
  const words = ['status', '--porcelain', '-z', '--untracked-files=all', '--no-renames', '--ignore-submodules=none'];
  const records = (await runGit(root, words)).split('\0').filter((record) => record !== '');
  return records.map((record) => record.slice(3)).sort();
}

/**
 * Paths that git was told not to look at (`update-index --assume-unchanged`, `--skip-worktree`), so that no status names them. One that a
 * sparse checkout leaves out is not there, and is no deletion.
 */
async function listUnwatchedPaths(root: string): Promise<string[]> {
  const records = (await runGit(root, ['ls-files', '-v', '-z'])).split('\0');
  return records
    .filter((record) => /^[a-zS] /.test(record) && (!/^s /i.test(record) || existsSync(join(root, record.slice(2)))))
    .map((record) => record.slice(2));
}

async function keepsModes(root: string): Promise<boolean> {
  const { stdout } = await runGitResult(root, ['config', '--type=bool', 'core.fileMode']);
  return stdout.toString('utf8').trim() !== 'false';
}

async function readWorking(root: string, path: string, old: FileState | null): Promise<FileState | null> {
  const checkout = { path: root, gitDirectory: '' };
  const found = await hashWorkingFile(checkout, path);
  if (found === null) return null;
  if (found === 'other') {
    throw new LabError(
      'refused',
      `${path} is a link, a folder or cannot be read; expected a plain file in plain folders`,
    );
  }
  const isExecutable = ((await lstat(join(root, path))).mode & 0o100) !== 0;
  const mode = (await keepsModes(root)) ? (isExecutable ? '100755' : '100644') : (old?.mode ?? '100644');
  return { blob: found, mode };
}

async function readState(root: string, revision: string, path: string): Promise<FileState | null> {
  const entry = await readTreeEntry(root, revision, path);
  return entry === null ? null : { blob: entry.hash, mode: entry.mode };
}

const isSame = (left: FileState | null, right: FileState | null): boolean =>
  left?.blob === right?.blob && left?.mode === right?.mode;

async function readWorkingText(root: string, path: string): Promise<string> {
  // As it would be committed, whatever line ends the checkout has.
  const blob = (await runGit(root, ['hash-object', '-w', '--', path])).trim();
  return await runGit(root, ['cat-file', 'blob', blob]);
}

async function readText(root: string, revision: string, path: string): Promise<string> {
  return (await readBlob(root, revision, path))?.toString('utf8') ?? '';
}

/** Throws LabError (refused) where the root's version of a journal lost old text of main's, or has new text elsewhere than at its top. */
async function ensureGrown(root: string, tip: string, path: string, after: string): Promise<void> {
  const before = await readText(root, tip, path);
  const violation = checkGrowth(path, before, after);
  if (violation === null) return;
  throw new LabError('refused', `${path}:${violation.line} is APPEND-ONLY: ${violation.message}`, {
    hints: [`\`git diff -- ${path}\` shows it`],
  });
}

/** Throws LabError (refused) where human_journal.md of the root is nothing that the hook would let pass, so that no grant in it could be committed. */
export async function ensureJournalGrown({ paths, main }: OpenLab): Promise<void> {
  if (!existsSync(join(paths.root, humanJournal))) return;
  await ensureGrown(paths.root, `refs/heads/${main}`, humanJournal, await readWorkingText(paths.root, humanJournal));
}

/** Whether main's own human_journal.md grants today what the root's does. */
async function hasGrant(root: string, tip: string, heading: string, now: Date): Promise<boolean> {
  const grant = parseGrant(await readText(root, tip, humanJournal), now);
  return grant.kind === 'granted' && grant.heading === heading;
}

function ensureMayGo(path: string, rules: readonly FileRule[]): void {
  const barred = rules.filter((rule) => rule !== 'FROZEN');
  if (barred.length === 0) return;
  throw new LabError('refused', `--with ${path}: it is ${barred.join(', ')}, expected a file without such a rule`, {
    hints: ['commit it by itself'],
  });
}

/** What to look at. */
export interface MetaQuestion {
  lab: OpenLab;
  state: MetaState;
  /** Paths named by the human, relative to the root. */
  named: readonly string[];
  /** Heading of the entry that grants it. */
  heading: string;
  now: Date;
}

/** The paths of the change that are uncommitted, and those that stand in commits since the start. */
async function choosePaths({ lab, state, named, heading, now }: MetaQuestion, tip: string) {
  const { root } = lab.paths;
  // What the change itself makes frozen belongs to it, and so does what it sets free.
  const texts = [await readText(root, state.start, 'lab.yaml'), readConfigText(root, 'lab.yaml')];
  const tables = [lab.config.rules, ...texts.map(parseRules)];
  const isFrozen = (path: string): boolean => tables.some((table) => rulesOf(path, table).includes('FROZEN'));
  const dirty = await listDirtyPaths(root);
  const since = (await readTreeChanges(root, state.start, tip)).map(({ path }) => path);
  for (const path of named) {
    ensureMayGo(path, rulesOf(path, lab.config.rules));
    if (isSame(await readWorking(root, path, null), await readState(root, state.start, path)))
      throw new LabError('user', `--with ${path}: there is no such change, expected one of the changed files`);
  }
  const wanted = (path: string): boolean => isFrozen(path) || state.touched.includes(path) || named.includes(path);
  const unwatched = await listUnwatchedPaths(root);
  const open = new Set([...dirty, ...unwatched, ...named, ...state.touched].filter(wanted));
  if (dirty.includes(humanJournal) && !(await hasGrant(root, tip, heading, now))) open.add(humanJournal);
  return { open: [...open].sort(), since: since.filter(wanted), leftOut: dirty.filter((path) => !open.has(path)) };
}

async function writeTree(root: string, tip: string, states: ReadonlyMap<string, FileState | null>): Promise<string> {
  return await useTemporaryIndex(async (indexPath) => {
    const env = { GIT_INDEX_FILE: indexPath };
    await runGit(root, ['read-tree', tip], { env });
    const records = [...states].map(([path, state]) =>
      state === null ? `0 ${'0'.repeat(tip.length)} 0\t${path}\0` : `${state.mode} ${state.blob} 0\t${path}\0`,
    );
    await runGit(root, ['update-index', '-z', '--index-info'], { env, input: records.join('') });
    return (await runGit(root, ['write-tree'], { env })).trim();
  });
}

/** Looks at the change and writes its blobs into git. Throws LabError where a file of it is no plain file or lost old text. */
export async function readMetaChanges(question: MetaQuestion): Promise<MetaChanges> {
  const { lab, state } = question;
  const { root } = lab.paths;
  const tip = await resolveCommit(root, `refs/heads/${lab.main}`);
  const { open, since, leftOut } = await choosePaths(question, tip);
  const entries: ExactEntry[] = [];
  const states = new Map<string, FileState | null>();
  let metaText: string | null = null;
  for (const path of open) {
    const before = await readState(root, tip, path);
    const after = await readWorking(root, path, before);
    if (isSame(before, after)) continue;
    if (path === metaJournal && after === null)
      throw new LabError('refused', `${path} is gone, expected its old text`, {
        hints: [`\`git restore -- ${path}\` puts it back`],
      });
    if (after !== null) await runGit(root, ['hash-object', '-w', '--', path]);
    if (path === metaJournal || path === humanJournal) {
      const text = after === null ? '' : await readWorkingText(root, path);
      await ensureGrown(root, tip, path, text);
      if (path === metaJournal) metaText = text;
    }
    states.set(path, after);
    const staged = await readIndexEntry({ path: root, gitDirectory: '' }, path);
    if (path !== metaJournal) entries.push({ path, before, after, staged: staged === 'other' ? [] : [staged] });
  }
  const tree = await writeTree(root, tip, states);
  const all = new Set([...since, ...states.keys()]);
  const changed = (await readTreeChanges(root, state.start, tree)).filter(({ path }) => all.has(path));
  const counts = await countLines(root, state.start, tree);
  const files = changed.map(({ path, oldBlob, newBlob }): MetaFile => {
    const [added, removed] = counts.get(path) ?? [null, null];
    return { path, added, removed, change: oldBlob === null ? 'added' : newBlob === null ? 'deleted' : 'modified' };
  });
  const paths = files.map(({ path }) => path);
  const committed = paths.filter((path) => !states.has(path));
  return { tip, entries, metaText, paths, committed, onMain: since, tree, files, leftOut };
}

async function countLines(
  root: string,
  from: string,
  to: string,
): Promise<Map<string, [number | null, number | null]>> {
  const words = ['diff-tree', '-r', '-z', '--numstat', '--no-renames', from, to];
  const counts = new Map<string, [number | null, number | null]>();
  for (const record of (await runGit(root, words)).split('\0')) {
    const found = /^(\d+|-)\t(\d+|-)\t([\s\S]+)$/.exec(record);
    if (found === null) continue;
    const [, added = '-', removed = '-', path = ''] = found;
    counts.set(path, [added === '-' ? null : Number(added), removed === '-' ? null : Number(removed)]);
  }
  return counts;
}

/** Whether two looks at the change saw the same bytes, modes and files. */
export function isSameChange(left: MetaChanges, right: MetaChanges): boolean {
  const facts = ({ entries, metaText, paths }: MetaChanges) =>
    JSON.stringify([entries.map(({ path, before, after }) => [path, before, after]), metaText, paths]);
  return facts(left) === facts(right);
}
