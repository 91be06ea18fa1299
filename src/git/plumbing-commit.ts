/**
 * Commits on a branch without a checkout: the branch's last blobs plus an edit, the ref moved by compare-and-swap. Where
 * the branch is checked out, in the main checkout or a linked worktree, index and files follow only as far as they were
 * untouched; a merge, rebase or other work of git there delays the commit.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LabError } from '../errors/lab-error.ts';
import { type BranchMove, type MoveOutcome, removeStaleRefLocks, tryMoveBranch } from './branch-move.ts';
import { mendCheckout } from './checkout-mend.ts';
import {
  type Checkout,
  createIndexLock,
  findCheckoutsOf,
  findOperation,
  type IndexLock,
  removeDeadIndexLock,
  resolveCommonDirectory,
} from './checkout-state.ts';
import { updateCheckout } from './checkout-update.ts';
import { formatIndexRecord, type PathMove } from './path-move.ts';
import { findCommit, readTreeEntry } from './repository.ts';
import { runGit, runGitBytes } from './run-git.ts';
import { useTemporaryIndex } from './temporary-index.ts';
import { formatIdentity, type UserIdentity } from './user-identity.ts';

/** What an edit gives to take its file away. */
export const removed = Symbol('removed');

/** One file to change on the branch. */
export interface PathEdit {
  /** Relative to the root, with slashes. */
  path: string;
  /**
   * Gets the branch's text, null where the file is not there; gives the new text, null to leave it, `removed` to take it away. Called
   * again where the branch moved meanwhile.
   */
  edit(old: string | null): string | null | typeof removed;
  /** Texts besides the branch's that the file may hold in a checkout and that are replaced there too: a person's version that the change was made from. */
  replaces?: string[];
}

/** An entry to put on the branch exactly as it is: any bytes, any mode of a file. Its blob is in the repository already. */
export interface ExactEntry {
  /** Relative to the root, with slashes. */
  path: string;
  /** What the branch must have there; null: nothing. The commit is not made where it has something else by now. */
  before: FileState | null;
  /** What it gets; null takes the file away. */
  after: FileState | null;
  /** Blobs besides the old one that an index of a checkout may hold and that give way: a person's earlier `git add`. */
  staged: (string | null)[];
}

/** A file as a commit holds it. */
export interface FileState {
  /** Blob hash. */
  blob: string;
  /** "100644" or "100755". */
  mode: string;
}

/** What to commit. */
export interface PlumbingCommit {
  /** Branch name without refs/heads/. */
  branch: string;
  message: string;
  /** Applied in order; each path once. */
  edits: PathEdit[];
  /** Taken from files of a checkout, which are not written. None of them is a path of `edits`. */
  exact?: ExactEntry[];
  /** Who makes it; absent: the lab. */
  by?: UserIdentity;
  /** Asked after the edits: true where they found what stands against the whole commit; it ends as `unchanged`. */
  isRefused?(): boolean;
  /** Called once the branch has moved, before index and files of a checkout follow. */
  onMoved?(): void;
}

/** How a commit by plumbing ended. */
export type CommitOutcome =
  | {
      kind: 'committed';
      /** Full hash. */
      commit: string;
      /** Paths whose file in a checkout of the branch has the new content. */
      checkoutUpdated: string[];
      /** Paths whose file there holds something of the user's and was not touched. */
      checkoutLeft: string[];
      /** One sentence for each file there that could not be written; the commit itself holds. */
      checkoutProblems: string[];
    }
  | { kind: 'unchanged' }
  | { kind: 'delayed' /** One sentence: what has to end first. */; reason: string };

const maxAttempts = 20;

/** Text of a blob. Throws LabError where it is not UTF-8, because writing it back would change old bytes. */
async function readText(root: string, branch: string, path: string, hash: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      await runGitBytes(root, ['cat-file', 'blob', hash]),
    );
  } catch (error) {
    if (error instanceof LabError) throw error;
    throw new LabError('user', `${path} on ${branch} is not UTF-8; adding to it would change old bytes`, {
      hints: [`save ${path} as UTF-8 and commit it`],
      cause: error,
    });
  }
}

async function applyEdits(root: string, tip: string, commit: PlumbingCommit): Promise<PathMove[]> {
  const moves: PathMove[] = [];
  for (const { path, edit, replaces } of commit.edits) {
    const entry = await readTreeEntry(root, tip, path);
    if (entry !== null && (entry.type !== 'blob' || entry.mode === '120000')) {
      const found = entry.type === 'tree' ? 'a folder' : entry.type === 'commit' ? 'a submodule' : 'a symbolic link';
      throw new LabError('user', `${path} on ${commit.branch} is ${found}; expected a plain file`);
    }
    const old = entry === null ? null : await readText(root, commit.branch, path, entry.hash);
    const next = edit(old);
    if (next === null || next === old) continue;
    const others: string[] = [];
    // Only the hashes: as the file would be committed, because that is what the file in the checkout is compared by.
    for (const text of replaces ?? [])
      others.push((await runGit(root, ['hash-object', `--path=${path}`, '--stdin'], { input: text })).trim());
    const to =
      next === removed
        ? null
        : (await runGit(root, ['hash-object', '-w', '-t', 'blob', '--stdin'], { input: next })).trim();
    moves.push({ path, from: [entry?.hash ?? null, ...others], to, mode: entry?.mode ?? '100644' });
  }
  for (const exact of commit.exact ?? []) moves.push(await moveExactly(root, tip, commit.branch, exact));
  return moves;
}

async function moveExactly(
  root: string,
  tip: string,
  branch: string,
  { path, before, after, staged }: ExactEntry,
): Promise<PathMove> {
  const entry = await readTreeEntry(root, tip, path);
  if ((entry?.hash ?? null) !== (before?.blob ?? null) || (entry?.mode ?? null) !== (before?.mode ?? null)) {
    throw new LabError('user', `${path} was changed on ${branch} meanwhile; expected it as it was looked at`, {
      hints: ['give the command again to see the present state'],
    });
  }
  const mode = after?.mode ?? before?.mode ?? '100644';
  const from: PathMove['from'] = [before?.blob ?? null, ...staged];
  return { path, from, to: after?.blob ?? null, mode, fromMode: before?.mode ?? mode, isFromCheckout: true };
}

/** False for a file that the branch does not have and that only a checkout loses: a person's, not committed yet, that the change moves elsewhere. */
const changesBranch = ({ from, to, mode, fromMode = mode }: PathMove): boolean =>
  from[0] !== to || (to !== null && fromMode !== mode);

async function createCommit(
  root: string,
  tip: string,
  { message, by }: PlumbingCommit,
  moves: PathMove[],
): Promise<string> {
  return await useTemporaryIndex(async (indexPath) => {
    const env = { GIT_INDEX_FILE: indexPath };
    await runGit(root, ['read-tree', tip], { env });
    const input = moves.filter(changesBranch).map(formatIndexRecord).join('');
    await runGit(root, ['update-index', '-z', '--index-info'], { env, input });
    const tree = (await runGit(root, ['write-tree', '--missing-ok'], { env })).trim();
    const words = ['commit-tree', tree, '-p', tip, '-F', '-'];
    return (await runGit(root, words, { input: message, env: by === undefined ? {} : formatIdentity(by) })).trim();
  });
}

type Locked = { kind: 'locked'; locks: IndexLock[] } | { kind: 'delayed'; reason: string };

async function lockCheckouts(checkouts: Checkout[]): Promise<Locked> {
  const locks: IndexLock[] = [];
  for (const checkout of checkouts) {
    // Before the lock too: a delayed record is tried every second, and each lock could stop the command that ends the person's merge.
    const busy = findOperation(checkout);
    const lock = busy === null ? await createIndexLock(checkout) : { reason: busy };
    // Looked for under the lock: an operation that begins later finds the index locked.
    const reason = 'reason' in lock ? lock.reason : findOperation(checkout);
    if (!('reason' in lock)) locks.push(lock);
    if (reason === null) continue;
    for (const held of locks) held.release();
    return { kind: 'delayed', reason };
  }
  return { kind: 'locked', locks };
}

/** Moves the branch, and index and files with it; the caller holds the index locks. */
async function moveWithCheckouts(
  move: BranchMove,
  moves: PathMove[],
  checkouts: Checkout[],
  onMoved: () => void,
): Promise<CommitOutcome | Exclude<MoveOutcome, 'moved'>> {
  const left = new Set<string>();
  const updated = new Set<string>();
  const problems: string[] = [];
  // Each checkout asks for the move once its own index is ready; the first one makes it.
  let moved: MoveOutcome | null = null;
  const moveBranch = async (): Promise<MoveOutcome> => {
    if (moved !== null) return moved;
    moved = await tryMoveBranch(move);
    if (moved === 'moved') onMoved();
    return moved;
  };
  if (checkouts.length === 0) {
    const outcome = await moveBranch();
    if (outcome !== 'moved') return outcome;
  }
  for (const checkout of checkouts) {
    const update = await updateCheckout(checkout, moves, move.to, async () => (await moveBranch()) === 'moved');
    if (update === null) return (await moveBranch()) === 'locked' ? 'locked' : 'changed';
    for (const path of update.updated) updated.add(path);
    for (const path of update.left) left.add(path);
    problems.push(...update.problems);
  }
  const checkoutUpdated = [...updated].filter((path) => !left.has(path));
  return { kind: 'committed', commit: move.to, checkoutUpdated, checkoutLeft: [...left], checkoutProblems: problems };
}

function releaseAll(locked: Locked): void {
  if (locked.kind === 'locked') for (const lock of locked.locks) lock.release();
}

/**
 * Edits files on a branch in one commit by `nightlab <nightlab@localhost>` or `by`; `root` is the main checkout. `unchanged` where
 * every edit left its file. `delayed` while git is at work where the branch is checked out, or the branch will not stand
 * still. First mends what an earlier call left half done. Throws LabError where the branch is missing, a file is not plain
 * UTF-8 text, or git cannot write; then the branch has not moved.
 */
export async function commitByPlumbing(root: string, commit: PlumbingCommit): Promise<CommitOutcome> {
  const ref = `refs/heads/${commit.branch}`;
  const commonDirectory = await resolveCommonDirectory(root);
  const paths = commit.edits.map((edit) => edit.path);
  let isLocked = false;
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    if (attempt > 0) await delay(Math.random() * 20 * attempt);
    removeStaleRefLocks(commonDirectory);
    const checkouts = await findCheckoutsOf(root, commit.branch);
    for (const checkout of checkouts) removeDeadIndexLock(checkout);
    const tip = await findCommit(root, ref);
    if (tip === null) {
      throw new LabError(
        'user',
        `branch '${commit.branch}' of ${root} has no commit; the lab writes its records there`,
        {
          hints: ['git branch    lists the branches', 'lab doctor    checks the lab'],
        },
      );
    }
    await mendCheckout(root, commit.branch, paths, checkouts);
    const moves = await applyEdits(root, tip, commit);
    if (!moves.some(changesBranch) || commit.isRefused?.()) return { kind: 'unchanged' };
    // Asked before the commit is made, because a delayed call is repeated for hours and each would leave a commit behind.
    const free = await lockCheckouts(checkouts);
    releaseAll(free);
    if (free.kind === 'delayed') return free;
    const to = await createCommit(root, tip, commit, moves);
    const locked = await lockCheckouts(checkouts);
    if (locked.kind === 'delayed') return locked;
    try {
      const move = { root, commonDirectory, branch: commit.branch, from: tip, to };
      const outcome = await moveWithCheckouts(move, moves, checkouts, () => commit.onMoved?.());
      if (typeof outcome === 'object') return outcome;
      isLocked = outcome === 'locked';
    } finally {
      releaseAll(locked);
    }
  }
  const reason = isLocked
    ? `git holds the lock of branch '${commit.branch}': ${join(commonDirectory, `${ref}.lock`)} or HEAD.lock beside it exists`
    : `branch '${commit.branch}' is being moved by others; gave up after ${maxAttempts} attempts`;
  return { kind: 'delayed', reason };
}
