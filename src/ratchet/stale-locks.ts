/**
 * Locks that a killed command left on the refs of its session. A git that is killed while it writes a ref leaves `<ref>.lock`, and every later
 * git stops at it. Covers the branch of the session and its own refs; what lies in the worktree's entry goes with the worktree, which is made
 * anew where git cannot mend it. Locks on refs of the user's stay.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { LabPaths } from '../config/lab-paths.ts';
import type { RatchetSession } from '../domain/ratchet.ts';
import { resolveCommonDirectory } from '../git/checkout-state.ts';

/** How long a git that outlived its command may still take to end, in milliseconds. */
const patienceMs = 2_000;

/** Takes away the locks that are there and do not go within two seconds; gives their paths. To be called with the session's lock held. */
export async function removeStaleLocks(
  paths: Pick<LabPaths, 'root'>,
  { branch, tag }: Pick<RatchetSession, 'branch' | 'tag'>,
): Promise<string[]> {
  const refs = join(await resolveCommonDirectory(paths.root), 'refs');
  const tries = join(refs, 'nightlab', 'ratchet', tag);
  const names = existsSync(tries) ? readdirSync(tries).filter((name) => name.endsWith('.lock')) : [];
  const found = [join(refs, 'heads', `${branch}.lock`), ...names.map((name) => join(tries, name))];
  let left = found.filter((path) => existsSync(path));
  for (const end = performance.now() + patienceMs; left.length > 0 && performance.now() < end; await delay(50))
    left = left.filter((path) => existsSync(path));
  for (const path of left) rmSync(path, { force: true });
  return left;
}
