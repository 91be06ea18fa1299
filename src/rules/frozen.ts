/**
 * Frozen files: which ones main has, and whether a commit changed one since its base. "Changed" is refused and named; a file that is
 * merely older than main's is overlaid by the worker. Covers commits only, not what a running process does.
 */
import type { FileRule } from '../domain/file-rule.ts';
import { LabError } from '../errors/lab-error.ts';
import { listChangedPaths, mergeBase } from '../git/repository.ts';
import { runGit } from '../git/run-git.ts';
import { rulesOf } from './taxonomy.ts';

type RuleTable = Readonly<Record<string, readonly FileRule[]>>;

/** A frozen file as a commit holds it. */
export interface FrozenFile {
  path: string;
  /** Blob hash. */
  blob: string;
  /** Git's file mode, for example "100644". */
  mode: string;
}

/** The FROZEN files of a revision, in git's order. Symbolic links and submodules are left out: they have no content to lay over. */
export async function listFrozenFiles(root: string, revision: string, rules: RuleTable): Promise<FrozenFile[]> {
  const listing = await runGit(root, ['ls-tree', '-r', '-z', '--full-tree', revision]);
  const files: FrozenFile[] = [];
  for (const record of listing.split('\0')) {
    const match = /^(\d+) blob ([0-9a-f]+)\t(.*)$/s.exec(record);
    if (!match) continue;
    const [, mode = '', blob = '', path = ''] = match;
    if (mode !== '120000' && rulesOf(path, rules).includes('FROZEN')) files.push({ path, blob, mode });
  }
  return files;
}

/** Paths of FROZEN files that `commit` changed, added, renamed or deleted since it left `main`. */
export async function checkFrozen(root: string, main: string, commit: string, rules: RuleTable): Promise<string[]> {
  const base = await mergeBase(root, main, commit);
  if (base === null) return await compareFrozen(root, main, commit, rules);
  const changed = await listChangedPaths(root, base, commit);
  return changed.map(({ path }) => path).filter((path) => rulesOf(path, rules).includes('FROZEN'));
}

/** Without a common history there is no base to be older than: every frozen file that is not main's own counts as changed. */
async function compareFrozen(root: string, main: string, commit: string, rules: RuleTable): Promise<string[]> {
  const [here, there] = [await listFrozenFiles(root, main, rules), await listFrozenFiles(root, commit, rules)];
  const blobs = new Map(here.map((file) => [file.path, file.blob]));
  const changed = there.filter((file) => blobs.get(file.path) !== file.blob).map((file) => file.path);
  const kept = new Set(there.map((file) => file.path));
  return [...changed, ...here.map((file) => file.path).filter((path) => !kept.has(path))];
}

/** Throws LabError (refused) that names the frozen files which `commit` changed since it left `main`. */
export async function ensureFrozen(root: string, main: string, commit: string, rules: RuleTable): Promise<void> {
  const changed = await checkFrozen(root, main, commit, rules);
  if (changed.length === 0) return;
  throw new LabError(
    'refused',
    `${changed.join(', ')}: FROZEN, but changed since ${main}; expected ${main}'s own text`,
    {
      hints: [
        `\`git checkout ${main} -- ${changed.join(' ')}\` takes the change back`,
        `a human may commit it on ${main} first; numbers from before are then of another track`,
      ],
    },
  );
}
