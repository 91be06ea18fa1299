/**
 * The checkout of one run in `.lab/trees/`: the commit, main's frozen files laid over, and what `checkout:` in lab.yaml names beyond
 * git. Made and removed by the worker; nothing outside the folders it made itself is ever touched.
 */
import {
  chmodSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { LabPaths } from '../src/config/lab-paths.ts';
import type { LabConfig } from '../src/config/schema.ts';
import type { Job } from '../src/domain/job.ts';
import { LabError } from '../src/errors/lab-error.ts';
import { runGit, runGitBytes } from '../src/git/run-git.ts';
import { addDetachedWorktree, removeWorktree } from '../src/git/worktree.ts';
import { ensureFrozen, type FrozenFile, listFrozenFiles } from '../src/rules/frozen.ts';

/** A checkout that is ready for its steps. */
export interface Checkout {
  /** Absolute folder. */
  path: string;
  /** Absolute paths of the frozen files in it. */
  frozen: string[];
  /** Absolute targets of its read-only links. */
  linkTargets: string[];
  /** "overlaid" where main's frozen files replaced older ones. */
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
  await ensureFrozen(paths.root, main, job.commit, config.rules);
  const path = checkoutFolder(paths, job.number, attempt);
  mkdirSync(paths.trees, { recursive: true });
  await removeWorktree(paths.root, path, paths.trees);
  await addDetachedWorktree(paths.root, path, job.commit);
  if (existsSync(join(path, '.gitmodules')))
    await runGit(path, ['submodule', 'update', '--init', '--recursive', '--quiet']);
  await ensureLfsFilled(path);
  const frozen = await listFrozenFiles(paths.root, main, config.rules);
  const overlaid = await overlayFrozen(paths.root, path, job.commit, frozen, config);
  const linkTargets = config.checkout.links.map((link) => linkData(paths.root, path, link));
  return {
    path,
    frozen: frozen.map((file) => join(path, file.path)),
    linkTargets,
    flags: overlaid ? ['overlaid'] : [],
  };
}

/** Removes the checkout of an attempt, if there is one; also where the run left folders that it made read-only. */
export async function removeCheckout(paths: LabPaths, job: number, attempt: number): Promise<void> {
  const folder = checkoutFolder(paths, job, attempt);
  if (existsSync(folder)) makeFoldersWritable(folder);
  await removeWorktree(paths.root, folder, paths.trees);
}

function makeFoldersWritable(folder: string): void {
  chmodSync(folder, lstatSync(folder).mode | 0o700);
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) makeFoldersWritable(join(folder, entry.name));
}

/** Writes main's frozen files into a folder that holds nothing else: what the scorer is started from. */
export async function exportFrozen(root: string, main: string, config: LabConfig, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const file of await listFrozenFiles(root, main, config.rules)) await writeFrozen(root, folder, file);
}

async function overlayFrozen(
  root: string,
  checkout: string,
  commit: string,
  frozen: FrozenFile[],
  config: LabConfig,
): Promise<boolean> {
  const own = new Map((await listFrozenFiles(root, commit, config.rules)).map((file) => [file.path, file.blob]));
  const older = frozen.filter((file) => own.get(file.path) !== file.blob);
  for (const file of older) await writeFrozen(root, checkout, file);
  return older.length > 0;
}

async function writeFrozen(root: string, folder: string, file: FrozenFile): Promise<void> {
  const target = join(folder, file.path);
  ensureNoLinkAbove(folder, file.path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, await runGitBytes(root, ['cat-file', 'blob', file.blob]));
  chmodSync(target, file.mode === '100755' ? 0o755 : 0o644);
}

/** Links one path of the root checkout into a folder; gives its target. Throws LabError (refused) where there is none, or where git has the path too. */
export function linkData(root: string, checkout: string, link: string): string {
  const target = join(root, link);
  if (!existsSync(target)) {
    throw new LabError('refused', `checkout.links names ${link}, which the root checkout does not have`, {
      hints: ['put the data there, or take the name out of lab.yaml'],
    });
  }
  const place = join(checkout, link);
  ensureNoLinkAbove(checkout, link);
  if (lstatSync(place, { throwIfNoEntry: false })) {
    throw new LabError('refused', `checkout.links names ${link}, which is in git as well, expected one or the other`, {
      hints: ['take it out of lab.yaml, or out of git (`git rm --cached`) and into .gitignore'],
    });
  }
  mkdirSync(dirname(place), { recursive: true });
  symlinkSync(target, place);
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
  const prefix = 'version https://git-lfs.github.com/spec/';
  const handle = openSync(path, 'r');
  try {
    const start = Buffer.alloc(prefix.length);
    readSync(handle, start, 0, prefix.length, 0);
    return start.toString('latin1') === prefix;
  } finally {
    closeSync(handle);
  }
}

/** Throws LabError (refused) where a folder above `path` is a link: what is written below it would land elsewhere. */
function ensureNoLinkAbove(folder: string, path: string): void {
  const parts = path.split('/').slice(0, -1);
  for (let depth = 1; depth <= parts.length; depth++) {
    const above = parts.slice(0, depth).join('/');
    if (lstatSync(join(folder, above), { throwIfNoEntry: false })?.isSymbolicLink()) {
      throw new LabError(
        'refused',
        `${above} is a link in this commit, expected a folder: ${path} of main belongs below it`,
      );
    }
  }
}
