/**
 * Every file of a revision with its blob. What a commit or a tree holds is remembered by its hash; a branch is looked up anew each time. Which
 * of the files matter is the callers' to say.
 */
import { createContentMemory, isFullHash } from './content-memory.ts';
import { readLooseBranch } from './loose-branch.ts';
import { readLooseCommit, readLooseTree, type StoredEntry } from './loose-object.ts';
import { runGit } from './run-git.ts';

/** One entry of a listing. */
export interface ListedFile {
  /** Relative to the repository root, with slashes. */
  path: string;
  /** Git's file mode, "100644"; "120000" is a symbolic link, "160000" a submodule. */
  mode: string;
  type: 'blob' | 'commit';
  /** Full hash of the blob, or of a submodule's commit. */
  hash: string;
}

/** The mode of a folder in a tree. */
export const folderMode = '040000';
const submoduleMode = '160000';

// In paths: about 20 MB each at most.
const listings = createContentMemory<readonly ListedFile[]>(100_000, (files) => files.length + 1);
const trees = createContentMemory<readonly StoredEntry[]>(100_000, (entries) => entries.length + 1);

/** All files of a revision, links and submodules among them, in git's order. Throws LabError where the revision is unknown. */
export async function listTree(root: string, revision: string): Promise<readonly ListedFile[]> {
  const hash = isFullHash(revision) ? revision : readLooseBranch(root, revision);
  if (hash === null) return await readListing(root, revision);
  return await listings.recall(keyOf(root, hash), async () => assemble(root, hash) ?? (await readListing(root, hash)));
}

const keyOf = (root: string, hash: string): string => JSON.stringify([root, hash]);

/** How many trees may still be read one by one, before git is quicker. */
export interface LooseBudget {
  left: number;
}

/** A budget for one question. */
export const looseBudget = (): LooseBudget => ({ left: 64 });

/**
 * The listing of a commit from trees that are known, or that lie loose: main moves by a small commit with every result, and all but a few of its
 * folders are those of before. Null where one is neither.
 */
function assemble(root: string, commit: string): ListedFile[] | null {
  const tree = readLooseCommit(root, commit)?.tree;
  const files: ListedFile[] = [];
  const budget = looseBudget();
  const visit = (hash: string, prefix: string): boolean => {
    const entries = findTree(root, hash, budget);
    if (entries === null) return false;
    return entries.every(({ name, mode, hash: entry }) => {
      if (mode === folderMode) return visit(entry, `${prefix}${name}/`);
      files.push({ path: `${prefix}${name}`, mode, type: mode === submoduleMode ? 'commit' : 'blob', hash: entry });
      return true;
    });
  };
  return tree !== undefined && visit(tree, '') ? files : null;
}

/** The entries of a tree that is known, or that lies loose and within the budget; null where git has to be asked. */
export function findTree(root: string, hash: string, budget: LooseBudget): readonly StoredEntry[] | null {
  const key = keyOf(root, hash);
  const known = trees.find(key);
  if (known !== undefined) return known;
  const entries = budget.left-- > 0 ? readLooseTree(root, hash) : null;
  if (entries !== null) trees.keep(key, entries);
  return entries;
}

async function readListing(root: string, revision: string): Promise<ListedFile[]> {
  const files: ListedFile[] = [];
  const folders = new Map<string, { hash: string; entries: StoredEntry[] }>();
  for (const record of (await runGit(root, ['ls-tree', '-r', '-t', '-z', '--full-tree', revision])).split('\0')) {
    const [, mode = '', type, hash = '', path = ''] =
      /^(\d+) (blob|commit|tree) ([0-9a-f]+)\t(.*)$/s.exec(record) ?? [];
    if (type === undefined) continue;
    const end = path.lastIndexOf('/');
    // Git lists a folder before what is in it; what lies at the top has no tree that it names.
    folders.get(path.slice(0, Math.max(end, 0)))?.entries.push({ name: path.slice(end + 1), mode, hash });
    if (type === 'tree') folders.set(path, { hash, entries: [] });
    else files.push({ path, mode, type: type === 'blob' ? 'blob' : 'commit', hash });
  }
  for (const { hash, entries } of folders.values()) trees.keep(keyOf(root, hash), entries);
  return files;
}
