/** The notes on a table as lines for a person: each by itself where they are few, else by what they say, with their line numbers. Pure. */
import type { FieldNote } from '../../domain/field-table.ts';

/** Notes up to this many are shown one by one. */
const fewNotes = 12;

/** Ranges of line numbers that one group shows. */
const mostRanges = 10;

/** "2-5, 9, 12": line numbers in ascending order; the rest is counted. */
export function formatLines(lines: readonly number[]): string {
  const sorted = [...new Set(lines)].sort((left, right) => left - right);
  const ranges: { from: number; to: number }[] = [];
  for (const line of sorted) {
    const last = ranges.at(-1);
    if (last !== undefined && line === last.to + 1) last.to = line;
    else ranges.push({ from: line, to: line });
  }
  const shown = ranges.slice(0, mostRanges);
  const left = sorted.length - shown.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  const text = shown.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(', ');
  return `${sorted.length === 1 ? 'line' : 'lines'} ${text}${left > 0 ? ` and ${left} more` : ''}`;
}

/** What notes of one kind have in common: their words without what they quote and count. */
function kindOf({ kind, text }: FieldNote): string {
  return `${kind} ${text.replaceAll(/"[^"]*"/g, '""').replaceAll(/\d+(?:\.\d+)?/g, '0')}`;
}

/** The notes as lines of text; `isWhole`: every one by itself, however many there are. */
export function renderNotes(notes: readonly FieldNote[], isWhole: boolean): string {
  if (isWhole || notes.length <= fewNotes) return notes.map(({ line, text }) => `  line ${line}: ${text}\n`).join('');
  const groups = new Map<string, FieldNote[]>();
  for (const note of notes) {
    const key = kindOf(note);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [note]);
    else group.push(note);
  }
  return [...groups.values()]
    .map((group) => {
      const texts = new Set(group.map(({ text }) => text));
      const [first = ''] = texts;
      const like = texts.size === 1 ? '' : ` (and ${texts.size - 1} like it)`;
      return `  ${formatLines(group.map(({ line }) => line))}: ${first}${like}\n`;
    })
    .join('');
}
