/** The lines of a file by separator and number of cells, and what each such group looks like: for tables without a header and lines that left theirs. Pure. */

import { isHashLike } from './commit-cells.ts';
import type { FieldLayout } from './field-columns.ts';
import { type Guess, guessLayout } from './field-guess.ts';
import type { FieldLine } from './field-lines.ts';
import { readNumber } from './field-numbers.ts';
import { findSeparator, type Separator, splitCells, splitWords } from './field-split.ts';
import { readStatus } from './field-status.ts';

/** Guesses of layouts by groups of lines that are alike. */
export interface LineGroups {
  /** The layout that fits a line; null where nothing in it looks like results. `isFirst`: no layout is known yet, so that the largest group decides. */
  guess(content: string, isFirst: boolean, near: Guess['near']): FieldLayout | null;
}

/** Lines of a group that a guess looks at. */
const mostLines = 500;

function keyOf(content: string): { key: string; separator: Separator } | null {
  const own = findSeparator(content);
  if (own === 'bar') return null;
  const separator = own ?? (content.includes(',') ? 'comma' : null);
  // Words between commas are as many as a sentence has clauses: the count tells a group only where cells are told apart by tabs.
  if (separator === null) return isClassicSpaced(content) ? { key: 'spaces 5', separator: 'spaces' } : null;
  const count = splitCells(content, separator).length;
  return count < 3 ? null : { key: `${separator} ${count}`, separator };
}

/** True for "a1b2c3d 0.9979 44.0 keep baseline": the field's five columns with spaces between them. */
function isClassicSpaced(content: string): boolean {
  const [commit = '', metric = '', memory = '', status = ''] = splitWords(content.slice(0, 2000), 5);
  return (
    isHashLike(commit) &&
    readNumber(metric).value !== null &&
    readNumber(memory).value !== null &&
    readStatus(status, 'status').isKnown
  );
}

/** Groups are counted when the first guess is asked for; a file whose header fits needs none. */
export function createLineGroups(lines: readonly FieldLine[]): LineGroups {
  let groups: Map<string, { separator: Separator; contents: string[]; count: number }> | null = null;
  const guesses = new Map<string, FieldLayout | null>();
  const firsts = new Map<Separator, FieldLayout | null>();
  const count = () => {
    const counted: NonNullable<typeof groups> = new Map();
    for (const { content } of lines) {
      if (content.trim() === '' || content.startsWith('#')) continue;
      const found = keyOf(content);
      if (found === null) continue;
      const group = counted.get(found.key) ?? { separator: found.separator, contents: [], count: 0 };
      group.count++;
      if (group.contents.length < mostLines) group.contents.push(content);
      counted.set(found.key, group);
    }
    return counted;
  };
  const guessGroup = (key: string, near: Guess['near']): FieldLayout | null => {
    const known = guesses.get(key);
    if (known !== undefined) return known;
    const group = groups?.get(key);
    const rows = (group?.contents ?? []).map((content) =>
      group?.separator === 'spaces' ? splitWords(content, 5) : splitCells(content, group?.separator ?? 'tab'),
    );
    const layout = group === undefined ? null : guessLayout({ separator: group.separator, rows, near });
    guesses.set(key, layout);
    return layout;
  };
  return {
    guess(content, isFirst, near) {
      groups ??= count();
      const own = keyOf(content);
      if (own === null) return null;
      if (!isFirst) return guessGroup(own.key, near);
      const known = firsts.get(own.separator);
      if (known !== undefined) return known;
      const largest = [...groups]
        .filter(([, group]) => group.separator === own.separator)
        .sort(([, left], [, right]) => right.count - left.count)
        .find(([key]) => guessGroup(key, near) !== null);
      const layout = largest === undefined ? null : guessGroup(largest[0], near);
      firsts.set(own.separator, layout);
      return layout;
    },
  };
}
