/**
 * What a merge commit of main does that its difference to the first parent does not show: which side was main before is not written in a
 * commit, so that a merge made on an old commit, with main as its second parent, could lose rows or take a frozen file back without a trace.
 * Covers commits that were made; a merge in the making stands on main itself (commit-facts.ts).
 */
import type { FileRule } from '../domain/file-rule.ts';
import { readBlobs } from '../git/blob-content.ts';
import { isAncestor } from '../git/diff-facts.ts';
import { mergeBase, readTreeEntry, type TreeEntry } from '../git/repository.ts';
import { runGit } from '../git/run-git.ts';
import { readTreeChanges } from '../git/tree-diff.ts';
import type { FrozenPermission, RuleProblem } from './commit-check.ts';
import { permitCommit, readTables } from './frozen-permission.ts';
import { rulesOf } from './taxonomy.ts';

/** A merge on main. */
export interface MainMerge {
  cwd: string;
  /** Name of the main branch. */
  main: string;
  rules: Readonly<Record<string, readonly FileRule[]>>;
  /** Full hash. */
  hash: string;
  /** The parent that its files were compared with. */
  first: string;
  others: readonly string[];
}

const isSame = (left: TreeEntry | null, right: TreeEntry | null): boolean =>
  left?.hash === right?.hash && left?.mode === right?.mode;

/** Whether every head is part of a main that some remote has: then its commits were judged there, by their own journal. */
export async function isRemoteMains(cwd: string, main: string, heads: readonly string[]): Promise<boolean> {
  const words = ['for-each-ref', '--format=%(refname)', 'refs/remotes/'];
  const refs = (await runGit(cwd, words)).split('\n').filter((ref) => ref.endsWith(`/${main}`));
  for (const head of heads) {
    const known = await Promise.all(refs.map((ref) => isAncestor(cwd, head, ref)));
    if (!known.includes(true)) return false;
  }
  return true;
}

/**
 * Whether the last change of a path on the way from `first` to `other` was granted by its own journal. That a lab without a result may be set
 * up freely is no grant: a branch from before the first result has that for ever.
 */
export async function isGrantedOn(cwd: string, first: string, other: string, path: string): Promise<boolean> {
  const words = ['log', '--max-count=1', '--no-merges', '--format=%H %P', '--end-of-options', `${first}..${other}`];
  const [commit = '', parent = ''] = (await runGit(cwd, [...words, '--', path])).trim().split(' ');
  return parent !== '' && (await permitCommit(cwd, parent, commit)).kind === 'granted';
}

function countLines(texts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of texts.flatMap((text) => text.split(/\r?\n/))) counts.set(line, (counts.get(line) ?? 0) + 1);
  return counts;
}

/** Line of `before`, from 1, that is in none of the texts after, or less often; null where all are there. Blank lines do not count. */
function findLostLine(before: string, after: readonly string[]): number | null {
  const left = countLines(after);
  const lines = before.split(/\r?\n/);
  for (const [index, line] of lines.entries()) {
    const count = left.get(line) ?? 0;
    if (count === 0 && line.trim() !== '') return index + 1;
    left.set(line, count - 1);
  }
  return null;
}

async function readText(cwd: string, blob: string | null): Promise<string> {
  return blob === null ? '' : ((await readBlobs(cwd, [blob])).get(blob)?.toString('latin1') ?? '');
}

/**
 * What the merge loses of its other parents: lines that one of them has in an APPEND-ONLY file, and FROZEN files that one had changed with a
 * grant and the merge puts back. `frozen` is what the merge itself permits.
 */
export async function checkMergeLosses(merge: MainMerge, frozen: FrozenPermission): Promise<RuleProblem[]> {
  const { cwd, rules, hash, first, others } = merge;
  const problems: RuleProblem[] = [];
  for (const other of others) {
    const base = await mergeBase(cwd, first, other);
    for (const { path, oldBlob, newBlob } of await readTreeChanges(cwd, other, hash)) {
      const found = rulesOf(path, rules).filter((rule) => rule === 'FROZEN' || rule === 'APPEND-ONLY');
      if (found.length === 0) continue;
      const theirs = await readTreeEntry(cwd, other, path);
      // What the other side left as it was, the first one may have changed: its own commits answer for that.
      if (base !== null && isSame(theirs, await readTreeEntry(cwd, base, path))) continue;
      const isTakenBack = isSame(await readTreeEntry(cwd, first, path), await readTreeEntry(cwd, hash, path));
      if (
        found.includes('FROZEN') &&
        frozen.kind === 'refused' &&
        isTakenBack &&
        (await isGrantedOn(cwd, first, other, path))
      ) {
        const message = `is FROZEN, and the merge takes back what ${other.slice(0, 7)} had changed in META_MODE, expected that kept`;
        problems.push({ rule: 'FROZEN', path, line: null, message });
      }
      if (!found.includes('APPEND-ONLY') || oldBlob === null) continue;
      const after = [await readText(cwd, newBlob), ...(path.endsWith('.tsv') ? await readTables(cwd, hash) : [])];
      const line = findLostLine(await readText(cwd, oldBlob), after);
      if (line === null) continue;
      const message = `is APPEND-ONLY, and the merge loses this line of ${other.slice(0, 7)}, expected those of both sides`;
      problems.push({ rule: 'APPEND-ONLY', path, line, message });
    }
  }
  return problems;
}
