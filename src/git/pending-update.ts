/**
 * The note that says what a move of the branch is about to change in a checkout. Written and taken away under the index lock, so whoever
 * holds the lock and finds one knows that its writer died in between. Disk only; what is done about it is in checkout-update.ts.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from '../errors/lab-error.ts';
import type { Checkout } from './checkout-state.ts';
import type { PathMove } from './path-move.ts';

/** What was about to happen. */
export interface PendingUpdate {
  /** Full hash that the branch was to get. */
  commit: string;
  moves: PathMove[];
}

const endMark = 'end';

function noteOf(checkout: Checkout): string {
  return join(checkout.gitDirectory, 'nightlab-pending-update');
}

/** Writes the note, synced. Throws LabError that names the file. */
export function writePendingUpdate(checkout: Checkout, { commit, moves }: PendingUpdate): void {
  const blob = (hash: string | null): string => hash ?? '-';
  const lines = moves.map(
    ({ path, from, to, mode, isFromCheckout }) =>
      `${mode}${isFromCheckout === true ? '!' : ''} ${blob(to)} ${from.map(blob).join(',')} ${path}`,
  );
  try {
    writeFileSync(noteOf(checkout), [commit, ...lines, endMark].join('\0'), { flush: true });
  } catch (error) {
    throw new LabError('user', `${noteOf(checkout)} cannot be written`, { cause: error });
  }
}

/** Whether there is a note; it may be one of a living process, unless the index lock is held. */
export function hasPendingUpdate(checkout: Checkout): boolean {
  return existsSync(noteOf(checkout));
}

/** The note; null where there is none, or only half of one: it is written before the branch moves, so nothing happened then. */
export function readPendingUpdate(checkout: Checkout): PendingUpdate | null {
  if (!hasPendingUpdate(checkout)) return null;
  const [commit = '', ...lines] = readFileSync(noteOf(checkout), 'utf8').split('\0');
  if (lines.pop() !== endMark) return null;
  const moves: PathMove[] = [];
  for (const line of lines) {
    const [, mode = '', mark, to = '', blobs = '', path = ''] = /^(\d+)(!?) (\S+) (\S+) ([\s\S]+)$/.exec(line) ?? [];
    const [before = null, ...others] = blobs.split(',').map((hash) => (hash === '-' ? null : hash));
    moves.push({
      path,
      from: [before, ...others],
      to: to === '-' ? null : to,
      mode,
      ...(mark === '!' && { isFromCheckout: true }),
    });
  }
  return { commit, moves };
}

/** Takes the note away. */
export function removePendingUpdate(checkout: Checkout): void {
  rmSync(noteOf(checkout), { force: true });
}
