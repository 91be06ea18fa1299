/**
 * Frozen files: which ones main has, and whether a commit changed one since its base, or brings a file that stands in for one (shadow-check.ts).
 * "Changed" is refused and named; a file that is merely older than main's is overlaid by the worker. Covers commits only, not what a running
 * process does.
 */
import { isLockOpen } from '../config/open-locks.ts';
import type { FileRule } from '../domain/file-rule.ts';
import { LabError } from '../errors/lab-error.ts';
import { createContentMemory, isFullHash } from '../git/content-memory.ts';
import { mergeBase, pinCommit } from '../git/repository.ts';
import { readTreeChanges } from '../git/tree-diff.ts';
import { listTree } from '../git/tree-listing.ts';
import { checkShadows, type ShadowInput } from './shadow-check.ts';
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

const frozenLists = createContentMemory<readonly FrozenFile[]>(100_000, (files) => files.length + 1);

/** The FROZEN files of a revision, in git's order. Symbolic links and submodules are left out: they have no content to lay over. */
export async function listFrozenFiles(
  root: string,
  revision: string,
  rules: RuleTable,
): Promise<readonly FrozenFile[]> {
  const pinned = await pinCommit(root, revision);
  const read = async () => {
    const files = (await listTree(root, pinned)).filter(({ type, mode }) => type === 'blob' && mode !== '120000');
    return files
      .filter(({ path }) => rulesOf(path, rules).includes('FROZEN'))
      .map(({ path, hash, mode }) => ({ path, blob: hash, mode }));
  };
  return isFullHash(pinned) ? await frozenLists.recall(JSON.stringify([root, pinned, rules]), read) : await read();
}

/**
 * Paths of FROZEN files that `commit` changed (content or mode), added, renamed or deleted since it left `main`. Without a common history there
 * is no base to be older than: everything that is not main's own counts.
 */
export async function checkFrozen(root: string, main: string, commit: string, rules: RuleTable): Promise<string[]> {
  const tip = await pinCommit(root, main);
  const base = (await mergeBase(root, tip, commit)) ?? tip;
  const changed = await readTreeChanges(root, base, commit);
  return changed.map(({ path }) => path).filter((path) => rulesOf(path, rules).includes('FROZEN'));
}

/**
 * Throws LabError (refused) that names the frozen files which `commit` changed since it left `main`, or the files that Python would load in
 * their place. `commands` are lab.yaml's: Python looks first where their scripts lie. `tip` is the commit of `main` where the caller knows it.
 */
export async function ensureFrozen(
  root: string,
  main: string,
  commit: string,
  rules: RuleTable,
  commands: ShadowInput['commands'] = {},
  tip: string | null = null,
): Promise<void> {
  if (isLockOpen('worker')) return;
  // One state of main for both questions, also where it moves between them.
  const pinned = tip ?? (await pinCommit(root, main));
  const changed = await checkFrozen(root, pinned, commit, rules);
  if (changed.length > 0) {
    const shown = changed.map(showPath);
    throw new LabError(
      'refused',
      `${shown.join(', ')}: FROZEN, but changed since ${main}; expected ${main}'s own text and mode`,
      {
        hints: [
          `\`git checkout ${main} -- ${shown.join(' ')}\` takes the change back`,
          `a human may change it on ${main} in META_MODE (\`lab meta on\`); numbers from before are then of another track`,
        ],
      },
    );
  }
  const shadows = await checkShadows({ root, main: pinned, commit, rules, commands });
  const [first] = shadows;
  if (first === undefined) return;
  const more =
    shadows.length === 1
      ? ''
      : `; so do ${shadows
          .slice(1, 6)
          .map(({ path }) => showPath(path))
          .join(', ')}`;
  throw new LabError('refused', `${showPath(first.path)} ${first.reason}${more}`, {
    hints: [
      'give it another name, or leave it out (`git rm --cached` and .gitignore where it is no part of the code)',
      `what ${main} itself has may stay: a human can commit it there`,
    ],
  });
}

/** A path for a sentence: one with control characters is quoted, so that a name cannot forge a line. */
function showPath(path: string): string {
  return /[\p{Cc}\p{Zl}\p{Zp}]/u.test(path) ? JSON.stringify(path) : path;
}
