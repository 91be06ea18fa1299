/**
 * What the supervisor notes about a run besides exit codes: processes that outlived train, and files that changed under the scorer. Each note
 * is a file of the attempt, so that a takeover knows it.
 */
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../src/errors/lab-error.ts';
import { isDiskFull as isFull } from '../../src/lab/disk-space.ts';
import { type FileListing, findChanged, listFiles } from '../out-watch.ts';
import { attemptPath, readTextFile, writePatiently } from './attempt-files.ts';
import type { SupervisorPlan } from './plan.ts';
import { readKillRequest } from './step-stop.ts';

type Note = (line: string) => void;

/** Lists what the scorer is about to read; an earlier listing is replaced. */
export async function noteScoreInputs(attemptDir: string, plan: SupervisorPlan, note: Note): Promise<void> {
  if (plan.scoreReads === null) return;
  const path = attemptPath(attemptDir, 'scoreInputs');
  const text = JSON.stringify(listFiles(plan.scoreReads));
  await writePatiently(
    'the list of what the scorer reads',
    () => {
      // Not synced: after a power cut the run is lost anyway.
      writeFileSync(`${path}.tmp`, text);
      renameSync(`${path}.tmp`, path);
    },
    note,
  );
}

/** Notes that processes of train had to be killed after it ended. */
export async function noteLeftovers(attemptDir: string, names: readonly string[], note: Note): Promise<void> {
  note(`train ended and left processes, which were killed: ${names.join(', ')}`);
  const text = `${names.join('\n')}\n`;
  await writePatiently('the list of leftovers', () => writeFileSync(attemptPath(attemptDir, 'leftovers'), text), note);
}

/** Flags of the run from what was noted: "leftovers", "changed-while-scored". To be asked when the score step has ended. */
export function readSupervisorFlags(attemptDir: string, plan: SupervisorPlan, note: Note): string[] {
  const flags = existsSync(attemptPath(attemptDir, 'leftovers')) ? ['leftovers'] : [];
  const text = readTextFile(attemptPath(attemptDir, 'scoreInputs'));
  if (text === null || plan.scoreReads === null) return flags;
  try {
    const changed = findChanged(plan.scoreReads, JSON.parse(text) as FileListing);
    if (changed.length === 0) return flags;
    const shown = changed.slice(0, 10).map((path) => JSON.stringify(path));
    note(
      `changed while the scorer read: ${shown.join(', ')}${changed.length > 10 ? ` and ${changed.length - 10} more` : ''}`,
    );
  } catch (error) {
    // Whatever keeps us from looking is no reason to believe that nothing changed.
    note(`cannot compare what the scorer read: ${messageOf(error)}`);
  }
  return [...flags, 'changed-while-scored'];
}

/**
 * Waits, before the score step, while the disk is full: train may have filled it, and a scorer that cannot write loses a finished training.
 * A request to end the run ends the wait; the step then meets it.
 */
export async function waitForScoreRoom(
  attemptDir: string,
  plan: SupervisorPlan,
  note: (line: string) => void,
): Promise<void> {
  for (let isTold = false; isFull(attemptDir) && readKillRequest(attemptDir, plan) === null; await sleep(500)) {
    if (!isTold) note('the disk is full: the score step waits for room');
    isTold = true;
  }
}
