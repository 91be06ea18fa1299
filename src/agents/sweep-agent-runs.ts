/**
 * Ends what a killed lab left of its agents, and deletes the copies of logins that it left with them. A lab that dies takes its agents along
 * by itself (agent-process.ts); this is for what got away: outside a sandbox, a process in a session of its own. What agents handed in stays.
 */
import { existsSync, lstatSync, readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../errors/lab-error.ts';
import { killRunProcesses } from './marked-processes.ts';
import { removePrivateFolders } from './run-place.ts';

/** What a sweep did. */
export interface SweptRuns {
  /** Ids of the processes that it killed. */
  killed: number[];
  /** How many runs had a private home or temporary folder that is deleted now. */
  cleared: number;
  /** Such folders that could not be deleted, each with the reason: a person has to, because copies of logins may lie in them. */
  left: string[];
}

/**
 * Kills every process that is marked with a run in or below `folder`, and waits until they are gone (Linux; elsewhere it kills nothing), then
 * deletes `home/` and `tmp/` of the runs directly below it that have no result. No link is followed. Not to be called while runs there are
 * wanted.
 */
export async function sweepAgentRuns(folder: string): Promise<SweptRuns> {
  const isThere = existsSync(folder);
  // Runs carry the real path of their folder; where it is gone, the given one is as good as any.
  const { killed } = await killRunProcesses(isThere ? realpathSync(folder) : folder);
  const swept: SweptRuns = { killed, cleared: 0, left: [] };
  for (const name of isThere ? readdirSync(folder).sort() : []) {
    const run = join(folder, name);
    // A run has its task or its prompt from before its home was filled; its outbox may hold any names that an agent likes.
    if (!isRealFolder(run) || !(isFile(join(run, 'task.json')) || isFile(join(run, 'prompt.md')))) continue;
    if (isFile(join(run, 'result.json'))) continue;
    await clearRun(run, swept);
  }
  return swept;
}

async function clearRun(run: string, swept: SweptRuns): Promise<void> {
  let isCleared = false;
  for (const path of [join(run, 'home'), join(run, 'tmp')]) {
    if (!isRealFolder(path)) continue;
    try {
      // One at a time, because the other one may be a link.
      await removePrivateFolders({ home: path, temporary: path });
      isCleared = true;
    } catch (error) {
      // One folder of another user must not keep the lab from its work.
      swept.left.push(`${path}: ${messageOf(error)}`);
    }
  }
  if (isCleared) swept.cleared += 1;
}

function isRealFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function isFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
