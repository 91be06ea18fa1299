/**
 * How cards are kept for a job that takes several GPUs at once, and for how long. Pure. Which job comes first is placement.ts.
 *
 * Cards that come free are kept from the moment the job has waited reserveAfterSeconds. Where it still lacks a card after
 * reserveForSeconds of keeping, each kept card lets one job pass and is then kept again, for twice as long: so the window outgrows the
 * other jobs' run time and the job gets its turn, and no card stays idle for ever where one of them never comes free.
 */

/** How patient a job that takes several GPUs is. */
export interface ReserveRule {
  /** How long other jobs may pass it before cards are kept, seconds. */
  reserveAfterSeconds: number;
  /** How long cards are kept in the first window, seconds. */
  reserveForSeconds: number;
}

/** What is remembered of one job's reservation between rounds. */
export interface Reservation {
  number: number;
  /** Windows that ended in vain. */
  rounds: number;
  /** Since when a card is kept in this window, milliseconds since 1970; null where none is. */
  keptSinceMs: number | null;
  /** Cards that one job may still pass on. */
  passes: string[];
}

/** Windows do not double beyond this many rounds: 64 times the first. A job that runs longer than that can be met only by chance. */
export const mostDoublings = 6;

/** True from the moment on at which cards are kept for a job that waits since then. */
export function isReserving(waitingSinceMs: number, nowMs: number, rule: ReserveRule): boolean {
  return nowMs - waitingSinceMs >= rule.reserveAfterSeconds * 1000;
}

/** Length of the window after so many that ended in vain, milliseconds. */
export function windowMs(rounds: number, rule: ReserveRule): number {
  return rule.reserveForSeconds * 1000 * 2 ** Math.min(rounds, mostDoublings);
}

/** What a reservation is brought forward by. */
export interface KeepInput {
  number: number;
  /** Cards that fit the job and are free now; fewer than it takes. */
  free: readonly string[];
  /** Its reservation of the round before; null where it had none. */
  before: Reservation | null;
  nowMs: number;
  rule: ReserveRule;
}

/** Brings a job's reservation to now: the cards that are kept from jobs behind it, and when the window ends (null: none is open). */
export function keepCards({ number, free, before, nowMs, rule }: KeepInput): {
  reservation: Reservation;
  kept: string[];
  endsMs: number | null;
} {
  const { rounds, keptSinceMs, passes }: Omit<Reservation, 'number'> = before ?? {
    rounds: 0,
    keptSinceMs: null,
    passes: [],
  };
  const kept = free.filter((id) => !passes.includes(id));
  if (keptSinceMs !== null && nowMs - keptSinceMs >= windowMs(rounds, rule)) {
    // A window in which the last card was lost meanwhile held nobody up, so it is not counted.
    const next = kept.length > 0 ? rounds + 1 : rounds;
    return {
      reservation: { number, rounds: next, keptSinceMs: null, passes: [...passes, ...kept] },
      kept: [],
      endsMs: null,
    };
  }
  const since = keptSinceMs ?? (kept.length > 0 ? nowMs : null);
  return {
    reservation: { number, rounds, keptSinceMs: since, passes: [...passes] },
    kept,
    endsMs: since === null ? null : since + windowMs(rounds, rule),
  };
}
