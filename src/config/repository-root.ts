/**
 * Where the repository around a folder lies. Starts no git and imports node built-ins only, because every command of the lab asks
 * this first.
 */
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { errnoOf, LabError } from '../errors/lab-error.ts';

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new LabError('user', `${path} cannot be read`, { cause: error });
  }
}

/** The main checkout of a repository whose common directory is not simply `<root>/.git` (submodules); null where it has none. */
function rootOfCommonDirectory(common: string): string | null {
  if (basename(common) === '.git') return dirname(common);
  const worktree = /^\s*worktree\s*=\s*(.+?)\s*$/m.exec(readText(join(common, 'config')) ?? '')?.[1];
  return worktree === undefined ? null : realpathSync(resolve(common, worktree));
}

/**
 * The root of the main checkout of the repository that owns `cwd`, as a real path, found without starting git. A linked
 * worktree leads to the main checkout. Null outside any repository and in a bare one. Throws LabError where a `.git`
 * cannot be read.
 */
export function findRepositoryRoot(cwd: string): string | null {
  let folder: string;
  try {
    folder = realpathSync(cwd);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw new LabError('user', `${cwd} cannot be read`, { cause: error });
  }
  for (;;) {
    const entry = join(folder, '.git');
    const stats = statSync(entry, { throwIfNoEntry: false });
    if (stats?.isDirectory() && readText(join(entry, 'HEAD')) !== null) return folder;
    if (stats?.isFile()) {
      const target = /^gitdir: (.+)/.exec(readText(entry) ?? '')?.[1]?.replace(/\r$/, '');
      if (target !== undefined) {
        const gitDirectory = resolve(folder, target);
        const common = readText(join(gitDirectory, 'commondir'));
        // No commondir: a submodule or a separate git directory; either way this folder is its main checkout.
        return common === null ? folder : rootOfCommonDirectory(realpathSync(resolve(gitDirectory, common.trim())));
      }
    }
    const parent = dirname(folder);
    if (parent === folder) return null;
    folder = parent;
  }
}

/** The checkout (root or linked worktree) around `folder`; null where there is none. */
export function findCheckoutRoot(folder: string): string | null {
  for (let place = resolve(folder); ; place = dirname(place)) {
    if (existsSync(join(place, '.git'))) return place;
    if (place === dirname(place)) return null;
  }
}
