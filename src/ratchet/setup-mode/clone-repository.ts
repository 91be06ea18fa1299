/**
 * Clones a repository so that a kill in the middle leaves nothing that looks like the clone: under another name, and moved to its place when
 * it is whole. What such a kill left is taken away by the next one.
 */
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from '../../errors/lab-error.ts';
import { isAlive } from '../../git/checkout-state.ts';
import { runGitResult } from '../../git/run-git.ts';

/** How a clone ended. `taken`: something has come to its place meanwhile. */
export type CloneOutcome =
  | { kind: 'cloned' }
  | { kind: 'taken' }
  | { kind: 'failed' /** What git said. */; log: string[] };

/** Begins the name of a clone in the making inside its folder, which was there before. */
const inside = '.nightlab-';

/** Whether a folder holds anything besides clones in the making. */
export function isFilledFolder(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).some((name) => findMaker(name, inside) === null);
}

/** Clones `address` into `place`, which is missing or empty. Throws the reason of `signal` where that ended it, and then leaves nothing. */
export async function cloneRepository(
  address: string,
  place: string,
  cwd: string,
  signal: AbortSignal,
): Promise<CloneOutcome> {
  signal.throwIfAborted();
  // A folder that is there stays the same one: a shell may stand in it, or it is a disk of its own.
  const isThere = existsSync(place);
  const [folder, start] = isThere ? [place, inside] : [dirname(place), `.${basename(place)}${inside}`];
  if (existsSync(folder)) removeLeft(folder, start);
  const making = join(folder, `${start}${process.pid}`);
  try {
    const { exitCode, stderr } = await runGitResult(cwd, ['clone', '--quiet', '--', address, making], { signal });
    signal.throwIfAborted();
    if (exitCode !== 0) {
      const log = stderr.split('\n').map((line) => line.trim());
      return { kind: 'failed', log: log.filter((line) => line !== '') };
    }
    return isThere ? moveUp(making, place) : moveTo(making, place);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

function moveTo(making: string, place: string): CloneOutcome {
  try {
    renameSync(making, place);
    return { kind: 'cloned' };
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return { kind: 'taken' };
    throw error;
  }
}

function moveUp(making: string, place: string): CloneOutcome {
  if (isFilledFolder(place)) return { kind: 'taken' };
  // Git's folder last: until then it is no clone.
  const names = readdirSync(making).filter((name) => name !== '.git');
  for (const name of [...names, '.git']) renameSync(join(making, name), join(place, name));
  return { kind: 'cloned' };
}

/** The process that a clone in the making is named after; null for another name. */
function findMaker(name: string, start: string): number | null {
  const rest = name.startsWith(start) ? name.slice(start.length) : '';
  return /^[1-9]\d*$/.test(rest) ? Number(rest) : null;
}

function removeLeft(folder: string, start: string): void {
  for (const name of readdirSync(folder)) {
    const maker = findMaker(name, start);
    if (maker !== null && !isAlive(maker)) rmSync(join(folder, name), { recursive: true, force: true });
  }
}
