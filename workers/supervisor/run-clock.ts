/**
 * The clock by which a running step is judged: it begins at the step's start and goes on evenly, whatever happens to the machine's time. A
 * supervisor that takes over counts the same. Where the system gives no start times in ticks (macOS), a takeover trusts the machine's time
 * once, at its first look. While the machine sleeps the clock stands, but for a takeover, which cannot tell sleep from work.
 */
import { type ProcessIdentity, readProcess } from '../process-tree.ts';

/** When a step began. */
export interface StepBegin {
  /** Its wrapper. */
  identity: ProcessIdentity;
  /** Milliseconds since 1970, by the machine's time at that moment. */
  startedAtMs: number;
  /** The same moment by `readSteadyMs`; null where the wrapper's own start is the step's. */
  steadyMs: number | null;
}

// Linux shows start times to programs in hundredths of a second on every machine.
const tickMs = 10;
// The times that are compared are taken from different sources, and small corrections of the machine's time harm nothing.
const slackMs = 1000;

/** Milliseconds by a clock that nobody sets, the same in all processes since the machine was started. */
export function readSteadyMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

/** Creates the clock of a step; it gives milliseconds since 1970, as if nobody had set the time since the step's start. */
export function createRunClock({ identity, startedAtMs, steadyMs }: StepBegin): () => number {
  const nowMs = readSteadyMs();
  const sinceMs = steadyMs ?? nowMs - (readAgeMs(identity) ?? Date.now() - startedAtMs);
  return () => startedAtMs + Math.max(0, readSteadyMs() - sinceMs);
}

/** How long ago a process was started; null where the system does not say. */
function readAgeMs(identity: ProcessIdentity): number | null {
  const own = readProcess(process.pid)?.start ?? '';
  if (!/^\d+$/.test(own) || !/^\d+$/.test(identity.start)) return null;
  return (Number(own) - Number(identity.start)) * tickMs + performance.now();
}

/** Whether the machine's time still is that of the run's clock, so that times of files mean what they say. */
export function isTimeTrue(clock: () => number): boolean {
  return Math.abs(Date.now() - clock()) <= slackMs;
}

/** When a step ended that was seen alive at `aliveMs` and ended at `nowMs`: the time that its exit file shows, unless that cannot be. Pure. */
export function chooseEndMs(shownMs: number, aliveMs: number, nowMs: number): number {
  return shownMs >= aliveMs - slackMs && shownMs <= nowMs + slackMs ? shownMs : nowMs;
}
