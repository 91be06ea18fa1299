/**
 * What changed outside an experiment's worktree while its agent worked without a sandbox: in the root checkout and in the other worktrees.
 * Who changed it cannot be told; a sandbox makes the question go away. What the recorder commits meanwhile is no change here.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readTreeState } from '../agents/tree-changes.ts';
import type { LabPaths } from '../config/lab-paths.ts';
import { readSessions } from '../ratchet/session.ts';

/** Edited and new files by checkout, relative to the root: content fingerprints as tree-changes.ts makes them. */
export type OutsideState = ReadonlyMap<string, string>;

/** Reads what is edited or new in every checkout of the lab but the one at `tree`. */
export async function readOutside(paths: LabPaths, tree: string): Promise<OutsideState> {
  const names = existsSync(paths.worktrees) ? readdirSync(paths.worktrees).sort() : [];
  // What an agent of a ratchet session edits meanwhile is its own.
  const sessions = new Set(readSessions(paths).map(({ worktree }) => worktree));
  const others = names
    .map((name) => join(paths.worktrees, name))
    .filter((path) => path !== tree && !sessions.has(path) && existsSync(join(path, '.git')));
  const state = new Map<string, string>();
  for (const checkout of [paths.root, ...others]) {
    const prefix = checkout === paths.root ? '' : `${checkout.slice(paths.root.length + 1)}/`;
    for (const [path, content] of (await readTreeState(checkout)).changed) state.set(prefix + path, content);
  }
  return state;
}

/** Paths that were edited or made since `before`, sorted. */
export function listOutsideChanges(before: OutsideState, after: OutsideState): string[] {
  return [...after].flatMap(([path, content]) => (before.get(path) === content ? [] : [path])).sort();
}
