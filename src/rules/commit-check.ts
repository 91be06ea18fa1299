/**
 * Which file rules a commit, or what is about to be one, breaks. Pure: commit-facts.ts reads the facts from git. This is the first of
 * four locks and it trusts no identity: the recorder's commits are held to append-only like everybody's. Frozen files may change on main
 * alone, while the lab is being set up and in META_MODE.
 */
import type { FileRule } from '../domain/file-rule.ts';
import { checkGrowth } from './append-only.ts';
import { parseGrant } from './grant.ts';

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

/** Whether a commit on main may change frozen files, and why. */
export type FrozenPermission =
  | { kind: 'setup' }
  | { kind: 'granted' /** Heading of the entry of human_journal.md. */; heading: string }
  | {
      kind: 'refused' /** One sentence: what is missing for META_MODE; "" where nothing could help, as on a branch. */;
      reason: string;
    };

/** What decides whether a commit on main may change frozen files. */
export interface FrozenFacts {
  /** Texts of the results.tsv and results.*.tsv of its parent. */
  results: readonly string[];
  /** human_journal.md as the commit itself has it; null where it has none. */
  journal: string | null;
  /** Moment of the commit. */
  at: Date;
  /** Minutes east of UTC of the clock that it was made under; null: this process's own. */
  offset: number | null;
}

/** A change to judge. */
export interface ProposedCommit {
  files: readonly ProposedFile[];
  /** Whether it lies, or will lie, on the main branch. */
  isOnMain: boolean;
  /** Absent: frozen files may not change, for no reason that META_MODE could lift. */
  frozen?: FrozenPermission;
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

/** Whether a table has a line below its header. */
function hasRows(text: string): boolean {
  return text
    .split('\n')
    .slice(1)
    .some((line) => line.trim() !== '');
}

/** Whether a commit on main may change frozen files: a lab without a result is still being set up, else its own journal must grant it. */
export function permitFrozen({ results, journal, at, offset }: FrozenFacts): FrozenPermission {
  if (!results.some(hasRows)) return { kind: 'setup' };
  if (journal === null) return { kind: 'refused', reason: 'human_journal.md is not part of the commit' };
  const grant = parseGrant(journal, at, offset);
  return grant.kind === 'granted'
    ? { kind: 'granted', heading: grant.heading }
    : { kind: 'refused', reason: grant.reason };
}

function checkFrozenChange(file: ProposedFile, { isOnMain, frozen }: ProposedCommit): RuleProblem[] {
  const { path, change } = file;
  if (isOnMain && (isUnfinishedCharter(file) || (frozen !== undefined && frozen.kind !== 'refused'))) return [];
  const reason = isOnMain && frozen?.kind === 'refused' ? frozen.reason : '';
  const expected = isOnMain ? 'expected META_MODE' : 'expected it untouched';
  const message = `is FROZEN and was ${change}, ${expected}${reason === '' ? '' : `: ${reason}`}`;
  return [{ rule: 'FROZEN', path, line: null, message }];
}

function checkPlace(file: ProposedFile, commit: ProposedCommit): RuleProblem[] {
  if (file.isMerged || file.isMains) return [];
  const { path, rules, change } = file;
  const { isOnMain } = commit;
  const problems: RuleProblem[] = rules.includes('FROZEN') ? checkFrozenChange(file, commit) : [];
  if (isOnMain) return problems;
  for (const rule of ['HUMAN', 'GLOBAL', 'RECORD'] as const) {
    if (!rules.includes(rule)) continue;
    const message = `is ${rule} and was ${change} on a branch, expected that on main only`;
    problems.push({ rule, path, line: null, message });
  }
  return problems;
}

/**
 * With another primary metric the ledger begins anew, and the old one is kept whole under a name of its own, in the same commit. A human puts
 * another tool's table aside in the same way (`git mv`): nothing is lost, and the recorder can begin the lab's own.
 */
function isKeptElsewhere(file: ProposedFile, files: readonly ProposedFile[]): boolean {
  const { before, path } = file;
  if (path !== 'results.tsv' || before === null) return false;
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
  if (before === null || (change === 'deleted' && isKeptElsewhere(file, files))) return [];
  if (change === 'deleted' || after === null) {
    return [{ rule, path, line: 1, message: 'is APPEND-ONLY and was deleted, expected its old text byte for byte' }];
  }
  const violation = checkGrowth(path, before, after);
  if (violation === null || isKeptElsewhere(file, files)) return [];
  return [{ rule, path, line: violation.line, message: `is APPEND-ONLY: ${violation.message}` }];
}

/** Every rule that a change breaks, in the order of its files; [] where it breaks none. */
export function checkCommit(commit: ProposedCommit): RuleProblem[] {
  return commit.files.flatMap((file) => [...checkPlace(file, commit), ...checkAppendOnly(file, commit.files)]);
}

const controlCharacter = /[\p{Cc}\p{Zl}\p{Zp}]/u;

/** One line for a problem, "results.tsv:7 is APPEND-ONLY: …"; a path with control characters is quoted, so that no name forges a line. */
export function formatRuleProblem({ path, line, message }: RuleProblem): string {
  const name = controlCharacter.test(path) ? JSON.stringify(path) : path;
  return `${name}${line === null ? '' : `:${line}`} ${message}`;
}
