/** What a champion is made of: changes that experiments brought, kept apart so that each can be left out, taken back or put in again. Types only. */

/** What one experiment did to the code that it started from. `commit` names it wherever a key is needed. */
export interface Change {
  /** Slug of the experiment. */
  slug: string;
  /** Full hash of the experiment's own commit, as built and reviewed. */
  commit: string;
  /** Full hash that the change is told against. */
  start: string;
}

/** The champion as the recorder left it after a decision: the code, what is in it, and what it is worth by all runs of the track. */
export interface ChampionState {
  /** Full hash: the experiment's own commit, or one that the lab put together. */
  commit: string;
  /** Full hash of the code without any of the changes: the baseline's, or the champion that a bridge brought over. */
  root: string;
  /** Changes in it, in the order in which they were kept. */
  changes: Change[];
  /** Discards that one run could not tell from the champion, best first. */
  near: Change[];
  /** What it is worth, in the metric's own unit and direction: allows for having been chosen by its number. */
  value: number;
  /** Standard deviation of `value`; null where the noise is unknown. */
  sd: number | null;
  /** The number that it was chosen by; null where this very code never ran. */
  chosenBy: number | null;
}

/** An experiment's code as it ran, where that is not the experiment's own commit: other changes were taken out or put in by lot, to learn what they are worth. */
export interface Variant {
  /** Full hash of the experiment's own commit. */
  of: string;
  /** Kept changes that were taken out. */
  leftOut: Change[];
  /** Near misses that were put in. */
  riders: Change[];
}

/** Which run of which test (src/domain/fresh-test.ts) a job is. */
export interface TestRun {
  /** Number of the test. */
  test: number;
  /** Place of the code in the test's list of arms. */
  arm: number;
  /** Full hash of the code without any of the changes: the root of the champion under test. */
  root: string;
  /** Commits of the changes that are in what runs, beyond the root's. */
  changes: string[];
}
