/** A line in cells: by tabs, commas, the bars of a drawn table, or spaces. Pure; each split takes one pass over its line. */

/** What stands between the cells of a line. */
export type Separator = 'tab' | 'comma' | 'semicolon' | 'bar' | 'spaces';

const signs: Record<Exclude<Separator, 'spaces'>, string> = { tab: '\t', comma: ',', semicolon: ';', bar: '|' };

/** Most cells that are told apart in one line: a table has tens, a line with more is read as if it ended there. */
export const mostCells = 2000;

/** True for a line that only rules off: "=====", "---", the borders of a drawn table. */
export function isRuling(content: string): boolean {
  let count = 0;
  for (const letter of content) {
    if (letter === ' ' || letter === '\t') continue;
    const code = letter.codePointAt(0) ?? 0;
    const isBox = code >= 0x2500 && code <= 0x257f;
    if (!isBox && !'=-_*~+|#:.\u2014'.includes(letter)) return false;
    count++;
  }
  return count >= 3;
}

/** The separator that a line shows by itself; null where it has neither tabs nor bars, so that commas and spaces are to be tried. */
export function findSeparator(content: string): 'tab' | 'bar' | null {
  if (content.includes('\t')) return 'tab';
  return /^\s*[|\u2502\u2503\u2551]/.test(content.slice(0, 200)) ? 'bar' : null;
}

// A quote opens a cell only at its beginning and closes it only before the separator or the end; any other quote is a letter.
function splitQuoted(content: string, sign: string): string[] {
  const cells: string[] = [];
  let start = 0;
  while (cells.length < mostCells) {
    let at = start;
    while (content[at] === ' ') at++;
    if (content[at] === '"') {
      let end = at + 1;
      while (true) {
        end = content.indexOf('"', end);
        if (end === -1 || content[end + 1] !== '"') break;
        end += 2;
      }
      if (end === -1) {
        // No quote closes from here on: the rest is read with its quotes as letters.
        cells.push(...content.slice(start).split(sign, mostCells));
        return cells;
      }
      let after = end + 1;
      while (content[after] === ' ') after++;
      if (after >= content.length || content[after] === sign) {
        cells.push(content.slice(at + 1, end).replaceAll('""', '"'));
        if (after >= content.length) return cells;
        start = after + 1;
        continue;
      }
    }
    const next = content.indexOf(sign, start);
    if (next === -1) break;
    cells.push(content.slice(start, next));
    start = next + 1;
  }
  cells.push(content.slice(start));
  return cells;
}

/** The cells of a line, trimmed. Quotes are letters, but for commas and semicolons, where they may hold a cell together. */
export function splitCells(content: string, separator: Separator): string[] {
  if (separator === 'spaces') return splitWords(content, mostCells);
  if (separator === 'comma' || separator === 'semicolon')
    return splitQuoted(content, signs[separator]).map((cell) => cell.trim());
  if (separator === 'tab') return content.split('\t', mostCells).map((cell) => cell.trim());
  const cells = content
    .trim()
    .replaceAll(/[\u2502\u2503\u2551]/g, '|')
    .split('|', mostCells)
    .map((cell) => cell.trim());
  if (cells[0] === '') cells.shift();
  if (cells.at(-1) === '') cells.pop();
  return cells;
}

/** The words of a line, at most so many: the last holds the rest of the line. */
export function splitWords(content: string, most: number): string[] {
  const words: string[] = [];
  const text = content.trim();
  const space = /\s+/g;
  let start = 0;
  while (words.length < most - 1) {
    const found = space.exec(text);
    if (found === null) break;
    words.push(text.slice(start, found.index));
    start = space.lastIndex;
  }
  if (start < text.length) words.push(text.slice(start));
  return words;
}

/** The cells of a line whose tabs were printed as spaces up to the next of every eighth column; the last cell holds the rest. */
export function splitTabStops(content: string, most: number): string[] {
  const cells: string[] = [];
  let start = 0;
  for (let stop = 8; stop < content.length && cells.length < most - 1; stop += 8) {
    if (content[stop - 1] !== ' ' || content[stop] === ' ') continue;
    cells.push(content.slice(start, stop).trim());
    start = stop;
  }
  cells.push(content.slice(start).trim());
  return cells;
}

/** The cells of a line between runs of two and more spaces. */
export function splitGaps(content: string): string[] {
  return content.trim().split(/ {2,}/);
}
