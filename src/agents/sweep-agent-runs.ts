/**
 * Ends what a killed lab left of its agents. A lab that dies takes its agents along by itself (agent-process.ts); this is for what got away:
 * outside a sandbox, a process in a session of its own. Their folders are left as they are.
 */
import { existsSync, realpathSync } from 'node:fs';
import { killRunProcesses } from './marked-processes.ts';

/**
 * Kills every process that is marked with a run in or below `folder`, and waits until they are gone. Linux; elsewhere it does nothing. Not to
 * be called while runs below that folder are wanted. Gives the ids of the processes that it killed.
 */
export async function sweepAgentRuns(folder: string): Promise<number[]> {
  // Runs carry the real path of their folder; where it is gone, the given one is as good as any.
  return (await killRunProcesses(existsSync(folder) ? realpathSync(folder) : folder)).killed;
}
