/**
 * Which lines of a markdown text are headings of the second level and which lie in code fences, and how a text is made safe to stand under
 * a heading: no line of it can pass for a heading, and no fence of it can swallow what follows. Knows nothing of what the headings mean.
 */

/** What a line is. A fence that nothing closes is plain text here, so that it cannot hide the rest of a file. */
export type LineKind = 'text' | 'heading' | 'fence' | 'fenced';

const fencePattern = /^ {0,3}(`{3,}|~{3,})(.*)$/s;
const headingPattern = /^ {0,3}##(?=[ \t]|$)/;

/** The text of a second-level heading, "" where it has none; null where the line is no such heading. */
export function readHeading(line: string): string | null {
  const found = headingPattern.exec(line);
  if (found === null) return null;
  const text = line.slice(found[0].length).trim();
  return text.replace(/(?:^|[ \t])#+$/, '').trim();
}

interface Fence {
  mark: string;
  length: number;
}

function openingOf(line: string): Fence | null {
  const found = fencePattern.exec(line);
  const mark = found?.[1]?.charAt(0);
  if (found?.[1] === undefined || mark === undefined) return null;
  // "```x```" on one line is code within a sentence.
  return mark === '`' && found[2]?.includes('`') ? null : { mark, length: found[1].length };
}

function closingOf(line: string): Fence | null {
  const found = fencePattern.exec(line);
  return found?.[1] === undefined || found[2]?.trim() !== ''
    ? null
    : { mark: found[1].charAt(0), length: found[1].length };
}

/** The kind of each line; lines come without line ends. Takes time in proportion to their number. */
export function classifyLines(lines: string[]): LineKind[] {
  // Longest closing fence from each line to the end, so that no opening has to look for its closing.
  const longest = {
    '`': new Array<number>(lines.length + 1).fill(0),
    '~': new Array<number>(lines.length + 1).fill(0),
  };
  for (let index = lines.length - 1; index >= 0; index--) {
    const closing = closingOf(lines[index] ?? '');
    for (const mark of ['`', '~'] as const) {
      longest[mark][index] = Math.max(longest[mark][index + 1] ?? 0, closing?.mark === mark ? closing.length : 0);
    }
  }
  let fence: Fence | null = null;
  return lines.map((line, index) => {
    if (fence !== null) {
      const closing = closingOf(line);
      if (closing?.mark !== fence.mark || closing.length < fence.length) return 'fenced';
      fence = null;
      return 'fence';
    }
    const opening = openingOf(line);
    if (opening !== null && (longest[opening.mark === '~' ? '~' : '`'][index + 1] ?? 0) >= opening.length) {
      fence = opening;
      return 'fence';
    }
    return headingPattern.test(line) ? 'heading' : 'text';
  });
}

/** True where a fence begins in the text and nothing in it closes it: a fence further down would do so. */
export function hasOpenFence(text: string): boolean {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  const kinds = classifyLines(lines);
  return lines.some((line, index) => kinds[index] === 'text' && openingOf(line) !== null);
}

/** A heading as it is compared: case, spaces, dashes and punctuation make no difference. */
export function foldHeading(heading: string): string {
  return heading.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');
}

// What a backslash in front makes plain text of: a heading or a fence. Backslashes that stand there already are counted.
const guarded = /^( {0,3})(\\*)((?:##(?=[ \t]|$)|`{3,}|~{3,}).*)$/s;

/**
 * A text that can stand below a heading: LF line ends, trimmed, and a backslash before each line that would be a heading and before each
 * fence that the text itself does not close. `plainFences`: before every fence. unguardText gives the text back.
 */
export function guardText(text: string, plainFences = false): string {
  const lines = text.replace(/\r\n?/g, '\n').trim().split('\n');
  const kinds = plainFences
    ? lines.map((line): LineKind => (headingPattern.test(line) ? 'heading' : 'text'))
    : classifyLines(lines);
  return lines
    .map((line, index) => {
      const kind = kinds[index];
      if (kind === 'fence' || kind === 'fenced') return line;
      const found = guarded.exec(line);
      if (found === null) return line;
      const isMeant = found[2] !== '' || kind === 'heading' || openingOf(line) !== null || closingOf(line) !== null;
      return isMeant ? `${found[1]}${found[2]}\\${found[3]}` : line;
    })
    .join('\n');
}

/** The text that guardText was given, trimmed; `kinds` are those of its lines in their file. */
export function unguardLines(lines: string[], kinds: LineKind[]): string {
  return lines
    .map((line, index) => {
      if (kinds[index] === 'fence' || kinds[index] === 'fenced') return line;
      const found = guarded.exec(line);
      return found === null || found[2] === '' ? line : `${found[1]}${found[2]?.slice(1)}${found[3]}`;
    })
    .join('\n')
    .replaceAll('\r', '\n')
    .trim();
}
