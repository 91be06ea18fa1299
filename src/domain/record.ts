/** A change of record files (ideas, reports, papers, journal entries) that the recorder is asked to commit on main. Types only. */

/** One file. */
export interface RecordChange {
  /** Relative to the root, with slashes; must have the rule RECORD. */
  path: string;
  /**
   * The text that the change was made from; null: the file must not be there. Has to equal main's text, or the text in the root checkout
   * (a file that a person wrote and has not committed is committed along with the change).
   */
  from: string | null;
  /** The new text; null takes the file away. */
  to: string | null;
}

/** A journal entry of an experiment, keyed by its slug and attempt: asked for twice it is there once. */
export interface ExperimentEntry {
  slug: string;
  attempt: number;
  /** From formatExperimentEntry. */
  text: string;
}

/** What the recorder is asked to write, in one commit. */
export interface RecordRequest {
  /** Subject after "recorder: ". */
  subject: string;
  changes: RecordChange[];
  entries: ExperimentEntry[];
}

/** What came of it. */
export type RecordOutcome =
  | { kind: 'committed'; commit: string }
  /** Main holds all of it already. */
  | { kind: 'unchanged' }
  /** A file was neither as expected nor as wanted: read it again and ask anew. */
  | { kind: 'conflict'; path: string }
  /** Git is at work (a merge, a rebase): ask again later. */
  | { kind: 'delayed'; reason: string };
