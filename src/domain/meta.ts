/** META_MODE: the one state in which frozen files may change. Types only; the grant is read in rules/grant.ts, the state kept in rules/meta-state.ts. */

/** What the newest entry of human_journal.md allows. */
export type Grant =
  | {
      kind: 'granted';
      /** Heading of the entry, without "## ". */
      heading: string;
      /** Moment at which it ends, ISO 8601 with offset. */
      until: string;
    }
  | {
      kind: 'refused';
      /** One sentence: what is missing or over, and what was expected. */
      reason: string;
      /** How the entry that is there can be mended, as a hint; null where it takes a new one. */
      mend: string | null;
    };

/** An open META_MODE: the content of .lab/meta.json. */
export interface MetaState {
  schema: 1;
  /** Why it was opened, in the human's words. */
  reason: string;
  /** ISO 8601 with offset. */
  openedAt: string;
  /** End of the grant that it rests on, ISO 8601 with offset; the state is over then, whatever else happens. */
  until: string;
  /** Full hash of main when it was opened: what `lab meta off` compares with. */
  start: string;
  /** Track at that moment, 8 hex digits. */
  track: string;
  /** Who opened it: git's user name. */
  by: string;
  /** Paths that agents of `lab meta run` changed in the root checkout; they are committed along with the frozen files. */
  touched: string[];
  /** What agents were asked for, one line each: "claude: add a second metric". */
  requests: string[];
}
