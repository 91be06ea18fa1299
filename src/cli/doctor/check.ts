/** One line of `lab doctor`: what was looked at, how it stands, and the command that mends it. */

/** Outcome of one check. */
export interface Check {
  name: string;
  /** `ok`: fine; `note`: works without it; `bad`: the lab cannot work. */
  state: 'ok' | 'note' | 'bad';
  /** What was found. */
  found: string;
  /** The command or edit that mends it; "" where nothing is to be mended. */
  mend: string;
}
