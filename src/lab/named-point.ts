/**
 * Named points: moments at which a test may kill a process, so that crash tests need no timings.
 * The environment variable LAB_STOP_AT names one; in normal use it is unset and a point costs one comparison.
 */

/** Kills this very process with SIGKILL where LAB_STOP_AT names this point; returns at once otherwise. */
export function reachPoint(name: string): void {
  if (process.env.LAB_STOP_AT !== name) return;
  process.kill(process.pid, 'SIGKILL');
  // The signal can be delivered a moment after kill() returns; nothing of the code behind the point may run in that moment.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
