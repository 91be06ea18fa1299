/**
 * The checkout of one run in `.lab/trees/`: the commit, main's frozen files laid over (frozen-files.ts), and what `checkout:` in lab.yaml names
 * beyond git. Made and removed by the worker; nothing outside the folders it made itself is ever touched.
 */
import { closeSync, existsSync, lstatSync, mkdirSync, openSync, readFileSync, readSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { LabPaths } from '../src/config/lab-paths.ts';
import { isLockOpen } from '../src/config/open-locks.ts';
import type { LabConfig } from '../src/config/schema.ts';
import type { Job } from '../src/domain/job.ts';
import { LabError } from '../src/errors/lab-error.ts';
import { readCheckoutSettings } from '../src/git/filter-settings.ts';
import { pinCommit } from '../src/git/repository.ts';
import { runGit } from '../src/git/run-git.ts';
import { addDetachedWorktree, removeWorktree } from '../src/git/worktree.ts';
import { reachPoint } from '../src/lab/named-point.ts';
import { ensureFrozen, type FrozenFile, listFrozenFiles } from '../src/rules/frozen.ts';
import { ensureNoLinkAbove, layFrozen, lfsPrefix } from './frozen-files.ts';

/** A checkout that is ready for its steps. */
export interface Checkout {
  /** Absolute folder. */
  path: string;
  /** Absolute paths of the frozen files in it. */
  frozen: string[];
  /** Absolute targets of its read-only links. */
  linkTargets: string[];
  /** Absolute paths of what only the scorer may read. */
  scoreTargets: string[];
  /** "overlaid" where main's frozen files replaced older ones; "filter-off:<name>" where a git filter would have run a file of the commit. */
  flags: string[];
}

/** The folder of an attempt's checkout. */
export const checkoutFolder = (paths: LabPaths, job: number, attempt: number): string =>
  join(paths.trees, `${job}.${attempt}`);

/**
 * Makes the checkout of an attempt anew. Throws LabError (refused) that names the file where the commit changed a frozen one, a link has
 * no target, or LFS content is missing.
 */
export async function createCheckout(
  paths: LabPaths,
  config: LabConfig,
  main: string,
  job: Job,
  attempt: number,
): Promise<Checkout> {
  const path = checkoutFolder(paths, job.number, attempt);
  mkdirSync(paths.trees, { recursive: true });
  await removeWorktree(paths.root, path, paths.trees);
  // Side by side, because both only read.
  const [settings, frozen] = await Promise.all([
    readCheckoutSettings(paths.root),
    findFrozen(paths, config, main, job.commit),
  ]);
  const filtersOff = await addDetachedWorktree(paths.root, path, job.commit, settings);
  reachPoint('checkout-added');
  if (existsSync(join(path, '.gitmodules')))
    await runGit(path, ['submodule', 'update', '--init', '--recursive', '--quiet']);
  await ensureLfsFilled(path);
  const isOpen = isLockOpen('worker');
  const isOverlaid = !isOpen && (await layFrozen(paths.root, path, job.commit, frozen, config));
  // Looked for before the links are made: the one may lie below the other.
  const scoreTargets = config.checkout.scoreLinks.map((link) => findLinkTarget(paths.root, path, link, 'scoreLinks'));
  const linkTargets = config.checkout.links.map((link) => linkData(paths.root, path, link));
  return {
    path,
    frozen: frozen.map((file) => join(path, file.path)),
    linkTargets,
    scoreTargets,
    flags: [...(isOverlaid ? ['overlaid'] : []), ...filtersOff.map((name) => `filter-off:${name}`)],
  };
}

/** Main's frozen files, all of one state of main, after the check of the commit against the same state. */
async function findFrozen(
  { root }: LabPaths,
  { rules, commands }: LabConfig,
  main: string,
  commit: string,
): Promise<readonly FrozenFile[]> {
  const tip = await pinCommit(root, main);
  // The commit's own list is asked for when the files are laid: by then it is known.
  const [frozen] = await Promise.all([
    listFrozenFiles(root, tip, rules),
    ensureFrozen(root, main, commit, rules, commands, tip),
    listFrozenFiles(root, commit, rules),
  ]);
  return frozen;
}

/** Removes the checkout of an attempt, if there is one; also where the run left folders that it made read-only. */
export async function removeCheckout(paths: LabPaths, job: number, attempt: number): Promise<void> {
  await removeWorktree(paths.root, checkoutFolder(paths, job, attempt), paths.trees);
}

/**
 * Links one path of the root checkout into a folder; gives its target. `key` is lab.yaml's list that names it. Throws LabError (refused) where
 * there is none, or where git has the path too.
 */
export function linkData(root: string, checkout: string, link: string, key: LinkKey = 'links'): string {
  const target = findLinkTarget(root, checkout, link, key);
  const place = join(checkout, link);
  mkdirSync(dirname(place), { recursive: true });
  symlinkSync(target, place);
  return target;
}

/** Links all that the scorer sees into its folder: `links` and `scoreLinks`. One that lies below another is seen through it. */
export function linkScorerData(root: string, folder: string, checkout: LabConfig['checkout']): void {
  const entries = [
    ...checkout.links.map((link) => ({ link, key: 'links' as const })),
    ...checkout.scoreLinks.map((link) => ({ link, key: 'scoreLinks' as const })),
  ];
  const isBelow = (link: string) =>
    entries.some((other) => link.startsWith(`${other.link.replace(/\/+$/, '')}/`) && other.link !== link);
  for (const { link, key } of entries) if (!isBelow(link)) linkData(root, folder, link, key);
}

type LinkKey = 'links' | 'scoreLinks';

function findLinkTarget(root: string, checkout: string, link: string, key: LinkKey): string {
  const target = join(root, link);
  if (!existsSync(target)) {
    throw new LabError('refused', `checkout.${key} names ${link}, which the root checkout does not have`, {
      hints: ['put the data there, or take the name out of lab.yaml'],
    });
  }
  ensureNoLinkAbove(checkout, link);
  if (lstatSync(join(checkout, link), { throwIfNoEntry: false })) {
    throw new LabError('refused', `checkout.${key} names ${link}, which is in git as well, expected one or the other`, {
      hints: ['take it out of lab.yaml, or out of git (`git rm --cached`) and into .gitignore'],
    });
  }
  return target;
}

/** Throws LabError (refused) where a file that LFS should have filled is still its pointer. */
async function ensureLfsFilled(checkout: string): Promise<void> {
  const attributes = join(checkout, '.gitattributes');
  if (!existsSync(attributes) || !readFileSync(attributes, 'utf8').includes('filter=lfs')) return;
  const listing = await runGit(checkout, ['ls-files', '-z', ':(attr:filter=lfs)'], {
    env: { GIT_LITERAL_PATHSPECS: '0' },
  });
  const pointers = listing.split('\0').filter((path) => path !== '' && isLfsPointer(join(checkout, path)));
  if (pointers.length === 0) return;
  throw new LabError(
    'refused',
    `${pointers.slice(0, 5).join(', ')}: still an LFS pointer in the checkout, expected its content`,
    {
      hints: ['install git-lfs and run `git lfs install && git lfs fetch --all` in the lab'],
    },
  );
}

function isLfsPointer(path: string): boolean {
  const handle = openSync(path, 'r');
  try {
    const start = Buffer.alloc(lfsPrefix.length);
    readSync(handle, start, 0, lfsPrefix.length, 0);
    return start.toString('latin1') === lfsPrefix;
  } finally {
    closeSync(handle);
  }
}
