/**
 * Whether a new version of an APPEND-ONLY file keeps the old one byte for byte: tables grow at their end, journals in one place at the
 * top. Pure, on texts that stand for bytes (latin1). Which files are append-only is the taxonomy's.
 */
import { findFirstEntry } from '../lab/journal.ts';

/** Where old text was touched. */
export interface AppendViolation {
  /** Line of the old text, from 1, that is the first one not kept where it may be. */
  line: number;
  /** What is wrong and what was expected, without the path. */
  message: string;
}

function commonPrefix(left: string, right: string): number {
  const limit = Math.min(left.length, right.length);
  let length = 0;
  while (length < limit && left.charCodeAt(length) === right.charCodeAt(length)) length += 1;
  return length;
}

function commonSuffix(left: string, right: string): number {
  const limit = Math.min(left.length, right.length);
  let length = 0;
  while (length < limit && left.charCodeAt(left.length - 1 - length) === right.charCodeAt(right.length - 1 - length)) {
    length += 1;
  }
  return length;
}

function lineAt(text: string, position: number): number {
  return text.slice(0, position).split('\n').length;
}

/** The first difference within the old table; null where it only grew at its end. */
export function checkTableGrowth(before: string, after: string): AppendViolation | null {
  const kept = commonPrefix(before, after);
  // Without a line end the last row would grow itself, and "0.9" become "0.91".
  const isOpen = before !== '' && !before.endsWith('\n');
  const isGrown = kept === before.length && (!isOpen || after.length === kept || /^\r?\n/.test(after.slice(kept)));
  if (isGrown) return null;
  const line = lineAt(before, Math.min(kept, Math.max(0, before.length - 1)));
  return { line, message: 'an old line was changed or taken away, expected new lines at the end only' };
}

/**
 * What speaks against a journal's new version; null where the old text is whole and everything new stands in one place between the
 * heading and the first old entry, beginning at a line start.
 */
export function checkJournalGrowth(before: string, after: string): AppendViolation | null {
  if (before === after || before.trim() === '') return null;
  const prefix = commonPrefix(before, after);
  const suffix = commonSuffix(before, after);
  if (prefix + suffix < before.length) {
    return {
      line: lineAt(before, prefix),
      message: 'old text was changed or taken away, expected it byte for byte below the new entry',
    };
  }
  const entry = findFirstEntry(before);
  const heading = entry === 0 || !before.startsWith('#') ? 0 : before.indexOf('\n') + 1 || before.length;
  // Where new and old text share letters, the same version can be read as an insertion at several places: one good reading is enough.
  for (let at = Math.max(heading, before.length - suffix); at <= Math.min(prefix, entry); at++) {
    if (at === 0 || before[at - 1] === '\n' || (at === before.length && /^\r?\n/.test(after.slice(at)))) return null;
  }
  return {
    line: lineAt(before, Math.min(prefix, before.length - 1)),
    message: 'new text stands between old text, expected it at the top, under the heading',
  };
}

/** The check that fits a path: markdown is a journal, everything else grows at its end. */
export function checkGrowth(path: string, before: string, after: string): AppendViolation | null {
  return /\.(md|markdown)$/i.test(path) ? checkJournalGrowth(before, after) : checkTableGrowth(before, after);
}
