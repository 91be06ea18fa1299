/**
 * Puts the lab's git hooks where git looks for them, for the root and all worktrees, and takes them away again. A hook of the user's is
 * moved aside, called first, and put back as it was. Where git is told to look in a folder that is not this repository's alone, nothing
 * is written.
 */
import { existsSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import { packageRoot } from '../config/package-root.ts';
import { LabError } from '../errors/lab-error.ts';
import { resolveCommonDirectory } from '../git/checkout-state.ts';
import { runGitResult } from '../git/run-git.ts';
import { type HookName, hookNames, isLabHook, nameUserHook, renderHook } from './hook-script.ts';

/** Where a repository's hooks lie. */
export interface HooksPlace {
  folder: string;
  /** Why the lab writes nothing there, as the end of a sentence; null where it may. */
  objection: string | null;
}

/** How one hook stands. */
export interface HookState {
  name: HookName;
  /** `lab`: the lab's own, up to date or not; `user`: somebody else's; `none`: there is none. */
  kind: 'lab' | 'user' | 'none';
  /** Whether a hook of the user's is kept aside and called first. */
  isChained: boolean;
}

async function readSetting(root: string, scope: string): Promise<string | null> {
  const result = await runGitResult(root, ['config', scope, '--type=path', '--get', 'core.hooksPath']);
  return result.exitCode === 0 ? result.stdout.toString('utf8').replace(/\n$/, '') : null;
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '' || (!way.startsWith('..') && !isAbsolute(way));
}

/** Where git looks for the hooks of the repository at `root`, and whether they are the lab's to write. */
export async function findHooksPlace(root: string): Promise<HooksPlace> {
  const common = await resolveCommonDirectory(root);
  // Asked by scope, because every git call of the lab's is told to use no hooks at all.
  const local = await readSetting(root, '--local');
  if (local === null) {
    for (const scope of ['--global', '--system']) {
      const folder = await readSetting(root, scope);
      const objection = `core.hooksPath (git config ${scope}) names it, for all repositories`;
      if (folder !== null) return { folder, objection };
    }
    return { folder: join(common, 'hooks'), objection: null };
  }
  const folder = isAbsolute(local) ? local : join(root, local);
  if (isInside(common, folder) && isAbsolute(local)) return { folder, objection: null };
  if (!isAbsolute(local)) return { folder, objection: `core.hooksPath is "${local}", another folder in each worktree` };
  return isInside(root, folder)
    ? { folder, objection: 'it lies among the files that git keeps' }
    : { folder, objection: null };
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function readState(folder: string, name: HookName): HookState {
  const path = join(folder, name);
  const isChained = exists(join(folder, nameUserHook(name)));
  if (!exists(path)) return { name, kind: 'none', isChained };
  // A link is the user's even where it leads to a hook of the lab's; one that leads nowhere too.
  const isLab = lstatSync(path).isFile() && isLabHook(readFileSync(path, 'utf8'));
  return { name, kind: isLab ? 'lab' : 'user', isChained };
}

/** How each hook stands. Where the place is not the lab's to write, all are `none`. */
export async function readHooks(root: string): Promise<HookState[]> {
  const { folder, objection } = await findHooksPlace(root);
  if (objection !== null) return hookNames.map((name) => ({ name, kind: 'none', isChained: false }));
  return hookNames.map((name) => readState(folder, name));
}

/**
 * Installs the hooks; twice is once. Returns how each stands. Throws LabError (user) where the hooks' place is not the lab's to write,
 * or where a user's hook is there and another one is kept aside.
 */
export async function installHooks(root: string): Promise<HookState[]> {
  const { folder, objection } = await findHooksPlace(root);
  if (objection !== null) {
    const program = `node ${join(packageRoot(), 'bin', 'lab.cjs')} rules check`;
    throw new LabError('user', `the hooks of ${root} lie in ${folder}: ${objection}, expected a place of its own`, {
      hints: [
        `call it from your hooks: pre-commit and pre-merge-commit \`${program} --staged --hook\`, pre-push \`${program} --push "$1" --hook\``,
      ],
    });
  }
  const states = hookNames.map((name) => readState(folder, name));
  for (const { name, kind, isChained } of states) {
    if (kind !== 'user' || !isChained) continue;
    throw new LabError(
      'user',
      `${join(folder, name)} is not the lab's, and ${nameUserHook(name)} beside it is an older one, expected one of them`,
      { hints: [`make one file of both, remove ${nameUserHook(name)}, then \`lab rules install\``] },
    );
  }
  mkdirSync(folder, { recursive: true });
  for (const { name, kind } of states) {
    const path = join(folder, name);
    const text = renderHook(name, packageRoot(), process.execPath);
    if (kind === 'lab' && readFileSync(path, 'utf8') === text && (lstatSync(path).mode & 0o111) !== 0) continue;
    const fresh = `${path}.nightlab-${process.pid}`;
    writeFileSync(fresh, text, { mode: 0o755 });
    // Killed between the two renames, the user's hook stands aside and none is in its place: the next install finds it there.
    if (kind === 'user') renameSync(path, join(folder, nameUserHook(name)));
    renameSync(fresh, path);
  }
  return hookNames.map((name) => readState(folder, name));
}

/**
 * Takes the lab's hooks away and puts the user's back, bytes, mode or link as they were. Returns the names of the hooks that were the
 * lab's. One that the user wrote over meanwhile stays, with what is kept aside.
 */
export async function uninstallHooks(root: string): Promise<HookName[]> {
  const { folder, objection } = await findHooksPlace(root);
  if (objection !== null || !existsSync(folder)) return [];
  const gone: HookName[] = [];
  for (const { name, kind, isChained } of hookNames.map((hook) => readState(folder, hook))) {
    if (kind === 'user' || (kind === 'none' && !isChained)) continue;
    if (isChained) renameSync(join(folder, nameUserHook(name)), join(folder, name));
    else rmSync(join(folder, name));
    gone.push(name);
  }
  return gone;
}
