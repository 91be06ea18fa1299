/**
 * The user's own lab: where jobs go that are queued outside any lab. Says where it lies and which lab a queue command is about; imports
 * node built-ins only, because the thin client needs it at every start. Making it is in cli/own-lab/.
 */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { LabError } from '../errors/lab-error.ts';
import { findLabAround, type LabPaths, labPaths } from './lab-paths.ts';

/** Where the user's own lab lies, whether it is there or not: nightlab/own under $XDG_DATA_HOME (~/.local/share). */
export function ownLabFolder(): string {
  const configured = process.env.XDG_DATA_HOME;
  // The specification of these folders says to ignore a relative one.
  const data = configured && isAbsolute(configured) ? configured : join(homedir(), '.local', 'share');
  return join(data, 'nightlab', 'own');
}

/** The user's own lab; null where none was made yet. */
export function findOwnLab(): LabPaths | null {
  const folder = ownLabFolder();
  return existsSync(join(folder, 'lab.yaml')) ? labPaths(folder) : null;
}

/**
 * The lab that a queue command given in `folder` acts on: the one around it, else the user's own. Throws LabError (user) where there is
 * neither, or where a lab.yaml lies in no git repository.
 */
export function findQueueLab(folder: string): LabPaths {
  const found = findLabAround(folder) ?? findOwnLab();
  if (found !== null) return found;
  throw new LabError('user', `${resolve(folder)} is in no lab, and you have no lab of your own yet`, {
    hints: [
      '`lab add -- <command>` makes your own lab and queues the command in it',
      '`lab init` makes a lab here, `lab tour` shows one at work',
    ],
  });
}
