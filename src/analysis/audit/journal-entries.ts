/** The entries of a journal as text, with the job or experiment that each is of. Pure; what an entry should say is known to check-journal.ts. */
import { findFirstEntry } from '../../lab/journal.ts';

/** One entry. */
export interface PlacedEntry {
  /** Line of its heading, from 1. */
  line: number;
  /** LF line ends, without blank lines at its end. */
  text: string;
  /** "job 4" or "slug#1"; null for what somebody else wrote. */
  key: string | null;
}

const jobOrigin = /^## .*\n(?:[ \t]*\n)*job (\d+), attempt \d+, commit /;
const experimentOrigin = /^## .*\n(?:[ \t]*\n)*experiment ([^\s,]+), attempt (\d+), (?:report|no report)\b/;

/** What an entry is of, by its line of origin; null where it has none. */
export function readEntryKey(entry: string): string | null {
  const job = jobOrigin.exec(entry)?.[1];
  if (job !== undefined) return `job ${job}`;
  const experiment = experimentOrigin.exec(entry);
  return experiment === null ? null : `${experiment[1]}#${experiment[2]}`;
}

/** The entries in their order; what stands above the first is none. */
export function listEntries(journal: string): PlacedEntry[] {
  const text = journal.replaceAll('\r\n', '\n');
  const entries: PlacedEntry[] = [];
  let line = 1;
  const countLines = (part: string) => part.split('\n').length - 1;
  let start = findFirstEntry(text);
  line += countLines(text.slice(0, start));
  while (start < text.length) {
    const headingEnd = text.indexOf('\n', start) + 1 || text.length;
    const end = headingEnd + findFirstEntry(text.slice(headingEnd, nextHeading(text, headingEnd)));
    const whole = text.slice(start, end);
    const entry = whole.trimEnd();
    entries.push({ line, text: entry, key: readEntryKey(`${entry}\n`) });
    line += countLines(whole);
    start = end;
  }
  return entries;
}

/** A bound for the search of the next heading, so that a long journal is not read once for each entry: twenty headings on, fences or not. */
function nextHeading(text: string, from: number): number {
  let at = from - 1;
  for (let count = 0; count < 20; count += 1) {
    at = text.indexOf('\n## ', at + 1);
    if (at === -1) return text.length;
  }
  return at + 1;
}
