/**
 * Named points: moments at which a test may kill or freeze a process, so that crash tests need no timings. The environment variable
 * LAB_STOP_AT names a point to die at; LAB_FREEZE_IN names a folder, and a file in it named like a point freezes whoever gets there first.
 * In normal use both are unset and a point costs two comparisons.
 */
import { renameSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Ends this very process with SIGKILL where LAB_STOP_AT names this point. Where LAB_FREEZE_IN has a file of that name, the file gets this
 * process's number as its ending and the process stops itself (SIGSTOP) until somebody continues or kills it. Returns at once otherwise.
 */
export function reachPoint(name: string): void {
  const { LAB_STOP_AT: deadly, LAB_FREEZE_IN: folder } = process.env;
  if (deadly === name) signalSelf('SIGKILL');
  if (folder === undefined) return;
  try {
    // Renaming is what makes one of several processes the first; it also says that the point was reached, and by whom.
    renameSync(join(folder, name), join(folder, `${name}.${process.pid}`));
  } catch {
    // Not asked for here, or another process was first.
    return;
  }
  signalSelf('SIGSTOP');
}

/** The signal can be delivered a moment after kill() returns; nothing of the code behind the point may run in that moment. */
function signalSelf(signal: 'SIGKILL' | 'SIGSTOP'): void {
  process.kill(process.pid, signal);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, signal === 'SIGSTOP' ? 50 : Number.POSITIVE_INFINITY);
}
