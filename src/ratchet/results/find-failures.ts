/** Failures that repeat: the same change again, a kind of change that never held, words that only failed changes share. Pure. */
import type { TrialRow } from '../../analysis/trial-rows.ts';

/** One thing that failed again and again. */
export interface RepeatedFailure {
  kind: 'same change' | 'category' | 'words';
  /** The description, the category, or the words. */
  what: string;
  crashes: number;
  discards: number;
  /** From 1. */
  rows: number[];
}

/** Fewer than these of one kind are no pattern. */
const least = { 'same change': 2, category: 3, words: 3 };
const most = 12;

/** Words that name no change. */
const empty = new Set(
  `with from this that then than more less into over under after before only also each other when where which while were been have
  using used uses use add adds added adding change changed changes try tried test tested set sets setting instead increase increased
  decrease decreased reduce reduced raise raised lower higher larger smaller value values model train training step steps first last
  quality slow slower much many loss gain gains tiny helps help effect near miss combo
  both same slightly seems improvement better worse result baseline`.split(/\s+/),
);

/** The repeated failures, those of most rows first. A pattern that says no more than one before it is left out. */
export function findRepeatedFailures(rows: readonly TrialRow[]): RepeatedFailure[] {
  const failed = rows.filter(
    ({ status, category }) => (status === 'crash' || status === 'discard') && category !== 'baseline',
  );
  const held = rows.filter(({ status }) => status === 'keep' || status === 'baseline');
  const heldCategories = new Set(held.map(({ category }) => category));
  const heldTexts = new Set(held.map(({ description }) => foldText(description)));
  const heldWords = new Set(held.flatMap(({ description }) => listWords(description)));
  const found = [
    ...group(failed, 'same change', (row) =>
      [foldText(row.description)].filter((text) => text !== '' && !heldTexts.has(text)),
    ),
    ...group(failed, 'category', ({ category }) =>
      category === 'other' || category === 'baseline' || heldCategories.has(category) ? [] : [category],
    ),
    ...group(failed, 'words', ({ description }) => listWords(description).filter((word) => !heldWords.has(word))),
  ];
  const kept: RepeatedFailure[] = [];
  for (const failure of found) {
    const isTold = kept.some((other) => failure.rows.every((row) => other.rows.includes(row)));
    const same = kept.find((other) => other.kind === 'words' && other.rows.join() === failure.rows.join());
    if (same !== undefined && failure.kind === 'words') same.what = `${same.what}, ${failure.what}`;
    else if (!isTold) kept.push(failure);
  }
  return kept.sort((a, b) => b.rows.length - a.rows.length || (a.rows[0] ?? 0) - (b.rows[0] ?? 0)).slice(0, most);
}

function group(
  rows: readonly TrialRow[],
  kind: RepeatedFailure['kind'],
  keysOf: (row: TrialRow) => string[],
): RepeatedFailure[] {
  const groups = new Map<string, TrialRow[]>();
  for (const row of rows) for (const key of new Set(keysOf(row))) groups.set(key, [...(groups.get(key) ?? []), row]);
  return [...groups]
    .filter(([, same]) => same.length >= least[kind])
    .map(([key, same]) => ({
      kind,
      what: kind === 'same change' ? (same[0]?.description.replaceAll(/\s+/g, ' ').trim() ?? key) : key,
      crashes: same.filter(({ status }) => status === 'crash').length,
      discards: same.filter(({ status }) => status === 'discard').length,
      rows: same.map(({ row }) => row),
    }))
    .sort((a, b) => b.rows.length - a.rows.length);
}

function foldText(description: string): string {
  return description
    .slice(0, 400)
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}.]+/gu, ' ')
    .trim();
}

function listWords(description: string): string[] {
  return foldText(description)
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word.length >= 4 && /\p{L}/u.test(word) && !empty.has(word));
}
