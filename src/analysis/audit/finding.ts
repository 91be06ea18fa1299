/** What an audit says: findings with their place, by check. Types and their making only; what is looked at is in the check-*.ts files. */

/** The checks in the order in which they are told. */
export const checkNames = ['rows', 'runs', 'records', 'journal', 'reports', 'refs', 'history', 'tracks'] as const;
/** One of checkNames. */
export type CheckName = (typeof checkNames)[number];

/** One thing that is not as it should be. */
export interface Finding {
  /** `wrong`: something is not true; `note`: it cannot be checked, or is owned up to. */
  kind: 'wrong' | 'note';
  /** Where to look: "results.tsv:12", "main 1a2b3c4", ".lab/runs/4/1/run.json". */
  place: string;
  /** What is wrong, the value, and what was expected; one line without the place. */
  message: string;
  /** On a note: it names a slip that was put right or owned up to, nothing that could not be checked. */
  settled?: true;
}

/** What one check looked at and found. */
export interface CheckResult {
  name: CheckName;
  /** How many things were looked at: rows, runs, records, entries, reports, commits. */
  checked: number;
  findings: Finding[];
}

/** A finding of something that is not true. */
export function wrong(place: string, message: string): Finding {
  return { kind: 'wrong', place, message };
}

/** A finding of something that cannot be checked. */
export function note(place: string, message: string): Finding {
  return { kind: 'note', place, message };
}

/** A note on a slip that was put right or owned up to. */
export function settled(place: string, message: string): Finding {
  return { kind: 'note', place, message, settled: true };
}

/** A value for a message: quoted, cut to 120 characters, "nothing" where it is empty. */
export function quoteValue(value: string): string {
  if (value === '') return 'nothing';
  return `"${value.length <= 120 ? value : `${value.slice(0, 119)}…`}"`;
}
