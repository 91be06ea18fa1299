/**
 * Git's entry for a worktree (`.git/worktrees/<id>`: HEAD, commondir, gitdir), made and removed without a git process: every start of a run
 * waits for both. The layout is that of gitrepository-layout(5). Makes entries in plain repositories only, which is read from the settings
 * (filter-settings.ts); everywhere else `git worktree` does it (worktree.ts).
 */
import { randomBytes } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { mkdir, open, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { errnoOf } from '../errors/lab-error.ts';

const asidePrefix = 'lab-worktree-';
/** An entry is in the making for milliseconds; one this old was left by a crash, or is on its way out, which is as well. */
const leftBehindMs = 3_600_000;

/** The repository's own folder where `root` is its main checkout; null where `.git` is something else than a folder. */
export function findGitFolder(root: string): string | null {
  const folder = join(resolveReal(root), '.git');
  return lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() === true ? folder : null;
}

/** Absolute path with links resolved as far as it exists. */
export function resolveReal(path: string): string {
  const absolute = resolve(path);
  if (existsSync(absolute)) return realpathSync(absolute);
  const parent = dirname(absolute);
  return parent === absolute ? absolute : join(resolveReal(parent), basename(absolute));
}

/** Absolute path with the links above it resolved, and not the last name itself. */
export function resolveAbove(path: string): string {
  return join(resolveReal(dirname(resolve(path))), basename(path));
}

/** Whether an entry can be made for a path: nothing is there, not even a link, and its name can name the entry as it is. */
export function canMakeEntry(path: string): boolean {
  const isName = /^\w[\w-]*(?:\.[\w-]+)*$/.test(basename(path)) && !path.endsWith('.lock');
  return isName && lstatSync(path, { throwIfNoEntry: false }) === undefined;
}

/**
 * Makes the folder of a worktree, with nothing in it but `.git`, and its entry with HEAD at a commit; gives the entry's folder. The entry appears
 * whole: other git processes read the entries of all worktrees at any moment, and stop at a half-made one. `path` is absolute, with no link
 * above it; an older entry for it is replaced. Throws what the file system says.
 */
export async function createEntry(gitFolder: string, path: string, commit: string): Promise<string> {
  removeEntries(gitFolder, path);
  await mkdir(path);
  const made = createAsidePath(gitFolder);
  try {
    await mkdir(made);
    await Promise.all([
      writeFile(join(made, 'commondir'), '../..\n'),
      writeFile(join(made, 'gitdir'), `${join(path, '.git')}\n`),
      writeHead(join(made, 'HEAD'), commit),
    ]);
    return await placeEntry(made, join(gitFolder, 'worktrees'), path);
  } catch (error) {
    for (const folder of [made, path]) rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Beside the entries and not among them: `git worktree prune` takes half an entry away, and other git processes stop at one. */
function createAsidePath(gitFolder: string): string {
  return join(gitFolder, `${asidePrefix}${randomBytes(6).toString('hex')}`);
}

/** On disk before the entry appears, as git does it: after a power cut an empty HEAD would stop git in the whole repository. */
async function writeHead(path: string, commit: string): Promise<void> {
  const handle = await open(path, 'wx');
  try {
    await handle.writeFile(`${commit}\n`);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

/** Moves the entry to its place, or to the next free name: a rename never replaces a folder that holds something. */
async function placeEntry(made: string, entries: string, path: string): Promise<string> {
  for (let count = 0; ; count++) {
    const entry = join(entries, count === 0 ? basename(path) : `${basename(path)}-${count}`);
    // Anew in each round: git removes the folder of the entries when its last one goes.
    await mkdir(entries, { recursive: true });
    // Before the entry: one whose worktree has no `.git` is pruned.
    await writeFile(join(path, '.git'), `gitdir: ${entry}\n`);
    try {
      await rename(made, entry);
      return entry;
    } catch (error) {
      const code = errnoOf(error);
      if (code === 'ENOENT' && count < 100 && existsSync(made)) continue;
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOTDIR') throw error;
    }
  }
}

/**
 * Removes the entries that name the worktree at `path`; none is fine. What lies at `path` stays. It goes by what the entries say and not by the
 * worktree's own `.git`, which a run can write.
 */
export function removeEntries(gitFolder: string, path: string): void {
  const entries = join(gitFolder, 'worktrees');
  for (const name of readNames(entries)) {
    const place = readPlace(join(entries, name));
    if (place === null || (place !== path && resolveAbove(place) !== path)) continue;
    const aside = createAsidePath(gitFolder);
    try {
      // Whole, as it appeared: half an entry that a crash leaves may not even say any more which worktree it is for.
      renameSync(join(entries, name), aside);
    } catch (error) {
      // Removed by somebody else in this moment.
      if (errnoOf(error) === 'ENOENT') continue;
      throw error;
    }
    rmSync(aside, { recursive: true, force: true });
  }
}

/** Removes what a crash left of entries in the making, or on their way out. */
export function sweepHalfMadeEntries(gitFolder: string): void {
  for (const name of readNames(gitFolder)) {
    const folder = join(gitFolder, name);
    if (!name.startsWith(asidePrefix)) continue;
    const madeAt = lstatSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - madeAt > leftBehindMs) rmSync(folder, { recursive: true, force: true });
  }
}

function readNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Absolute folder of the worktree that an entry is for; null where it does not say, or has gone meanwhile. */
function readPlace(entry: string): string | null {
  try {
    const text = readFileSync(join(entry, 'gitdir'), 'utf8').trim();
    return text === '' ? null : dirname(resolve(entry, text));
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return null;
    throw error;
  }
}

/**
 * Whether the folder at `path` is a worktree of the repository whose common git folder is given, and nothing else: its `.git` is a plain file that
 * names an entry of that repository, and the entry names it. An agent without a sandbox can take `.git` away, and git then acts on whatever
 * repository lies around.
 */
export function isOwnWorktree(gitFolder: string, path: string): boolean {
  const link = join(path, '.git');
  if (lstatSync(link, { throwIfNoEntry: false })?.isFile() !== true) return false;
  const named = /^gitdir: (.+)\n?$/.exec(readFileSync(link, 'utf8'))?.[1];
  if (named === undefined) return false;
  // Newer gits may write it relative to the worktree.
  const entry = resolve(path, named);
  if (dirname(resolveReal(entry)) !== join(resolveReal(gitFolder), 'worktrees')) return false;
  const place = readPlace(entry);
  return place !== null && resolveAbove(place) === resolveAbove(path);
}
