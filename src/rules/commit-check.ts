/**
 * Which file rules a commit, or what is about to be one, breaks. Pure: commit-facts.ts reads the facts from git. This is the first of
 * four locks and it trusts no identity: the recorder's commits are held to append-only like everybody's. There is no META_MODE yet.
 */
import type { FileRule } from '../domain/file-rule.ts';
import { checkGrowth } from './append-only.ts';

/** One changed file as the rules see it. */
export interface ProposedFile {
  path: string;
  /** Its rules; REGULAR files need not be given. */
  rules: readonly FileRule[];
  change: 'added' | 'modified' | 'deleted';
  /** Whether it is a plain file after the change, not a symbolic link or a submodule. True for a deleted one. */
  isPlain: boolean;
  /** Bytes before as latin1 text; null where it was not there or was no plain file. */
  before: string | null;
  /** Bytes after as latin1 text; null where it is not there or is no plain file. */
  after: string | null;
  /** Whether a merge took it as it is from another parent that had changed it: that parent's commit answers for it. */
  isMerged: boolean;
  /** Whether it is what main has (a record also: had) at this path, so that nothing of main's is changed. */
  isMains: boolean;
}

/** A change to judge. */
export interface ProposedCommit {
  files: readonly ProposedFile[];
  /** Whether it lies, or will lie, on the main branch. */
  isOnMain: boolean;
}

/** One broken rule. */
export interface RuleProblem {
  rule: FileRule;
  path: string;
  /** Line of the old text, from 1; null where the whole file is meant. */
  line: number | null;
  /** What is wrong and what was expected, without the path. */
  message: string;
}

const hole = /\{FILL_IN(?::[^}]*)?\}/;

/** A charter with holes is not finished: whoever made the lab fills it, and no night starts before. */
function isUnfinishedCharter({ path, before, after }: ProposedFile): boolean {
  return path === 'program.md' && before !== null && after !== null && hole.test(before);
}

function checkPlace(file: ProposedFile, isOnMain: boolean): RuleProblem[] {
  if (file.isMerged || file.isMains) return [];
  const { path, rules, change } = file;
  const problems: RuleProblem[] = [];
  if (rules.includes('FROZEN') && !(isOnMain && isUnfinishedCharter(file))) {
    problems.push({ rule: 'FROZEN', path, line: null, message: `is FROZEN and was ${change}, expected it untouched` });
  }
  if (isOnMain) return problems;
  for (const rule of ['HUMAN', 'GLOBAL', 'RECORD'] as const) {
    if (!rules.includes(rule)) continue;
    const message = `is ${rule} and was ${change} on a branch, expected that on main only`;
    problems.push({ rule, path, line: null, message });
  }
  return problems;
}

/** With another primary metric the ledger begins anew, and the old one is kept whole under a name of its own, in the same commit. */
function isKeptElsewhere(file: ProposedFile, files: readonly ProposedFile[]): boolean {
  const { before, path } = file;
  if (path !== 'results.tsv' || before === null || file.change === 'deleted') return false;
  return files.some(
    ({ path: other, change, after }) =>
      change === 'added' && /^results\.[^/]+\.tsv$/.test(other) && after?.startsWith(before) === true,
  );
}

function checkAppendOnly(file: ProposedFile, files: readonly ProposedFile[]): RuleProblem[] {
  const { path, rules, change, before, after, isPlain } = file;
  if (!rules.includes('APPEND-ONLY')) return [];
  const rule = 'APPEND-ONLY';
  if (!isPlain) {
    return [{ rule, path, line: null, message: 'is APPEND-ONLY and became a link, expected a plain file' }];
  }
  if (before === null) return [];
  if (change === 'deleted' || after === null) {
    return [{ rule, path, line: 1, message: 'is APPEND-ONLY and was deleted, expected its old text byte for byte' }];
  }
  const violation = checkGrowth(path, before, after);
  if (violation === null || isKeptElsewhere(file, files)) return [];
  return [{ rule, path, line: violation.line, message: `is APPEND-ONLY: ${violation.message}` }];
}

/** Every rule that a change breaks, in the order of its files; [] where it breaks none. */
export function checkCommit({ files, isOnMain }: ProposedCommit): RuleProblem[] {
  return files.flatMap((file) => [...checkPlace(file, isOnMain), ...checkAppendOnly(file, files)]);
}

const controlCharacter = /[\p{Cc}\p{Zl}\p{Zp}]/u;

/** One line for a problem, "results.tsv:7 is APPEND-ONLY: …"; a path with control characters is quoted, so that no name forges a line. */
export function formatRuleProblem({ path, line, message }: RuleProblem): string {
  const name = controlCharacter.test(path) ? JSON.stringify(path) : path;
  return `${name}${line === null ? '' : `:${line}`} ${message}`;
}
