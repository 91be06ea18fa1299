/**
 * Puts text that agents, runs and people wrote into the lab's own markdown so that it stays what it is: it forges no heading, no
 * table cell and no end of a fence, and brings no terminal codes. Pure. It does not judge what the text says.
 */
import { stripVTControlCharacters } from 'node:util';

/** One line with Unix line ends, without terminal codes, control characters and marks that turn the writing direction. */
function clean(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/\r\n?|[\u2028\u2029]/g, '\n')
    .replace(/[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069\ufeff]/gu, '');
}

/** The text as one line for a place inside a line, such as behind "- "; "" for nothing. */
export function formatInline(text: string): string {
  return clean(text).replace(/\s+/g, ' ').trim();
}

/** The text as one line of its own that begins neither a heading, a fence, HTML, a list nor a table. */
export function formatForeignLine(text: string): string {
  return formatInline(text).replace(/^(?=#|```|~~~|[<>=|]|[-+*](?:\s|$)|---|\*\*\*)/, '\\');
}

/** The text as a cell of a table. */
export function formatCell(text: string): string {
  return formatInline(text).replaceAll('\\', '\\\\').replaceAll('|', '\\|');
}

function longestRun(text: string, mark: string): number {
  let longest = 0;
  let run = 0;
  for (const letter of text) {
    run = letter === mark ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}

/** The text as inline code, on one line. */
export function formatCode(text: string): string {
  const line = formatInline(text);
  const marks = '`'.repeat(longestRun(line, '`') + 1);
  const gap = line.startsWith('`') || line.endsWith('`') ? ' ' : '';
  return `${marks}${gap}${line}${gap}${marks}`;
}

/** The text in a fence that nothing in it can close. `info` is the language ("text", "sh") or "". */
export function formatFence(text: string, info: string): string {
  const body = clean(text).replace(/^\n+|\s+$/g, '');
  const fence = '`'.repeat(Math.max(3, longestRun(body, '`') + 1));
  return `${fence}${info}\n${body}\n${fence}`;
}

/** One line of prose outside fences: what would begin a heading, underline one, or open HTML is shown as written. */
function escapeLine(line: string): string {
  return line.replace(/^([ \t]*)(?=#{1,6}(?:\s|$)|(?:=+|-+)\s*$|<(?!https?:))/, '$1\\').trimEnd();
}

/**
 * Several lines of prose as markdown without headings: paragraphs, lists and fences stay, a fence that was left open is closed. ""
 * for nothing.
 */
export function formatBlock(text: string): string {
  const parts: string[] = [];
  let fence: { mark: string; info: string; lines: string[] } | null = null;
  for (const line of clean(text).split('\n')) {
    if (fence === null) {
      const opening = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})\s*([\w+-]*)/.exec(line);
      if (opening?.[1] === undefined) parts.push(escapeLine(line));
      else fence = { mark: opening[1], info: opening[2] ?? '', lines: [] };
    } else {
      const closing = /^ {0,3}(`{3,}|~{3,})\s*$/.exec(line)?.[1] ?? '';
      if (closing.startsWith(fence.mark)) {
        parts.push(formatFence(fence.lines.join('\n'), fence.info));
        fence = null;
      } else fence.lines.push(line);
    }
  }
  if (fence !== null) parts.push(formatFence(fence.lines.join('\n'), fence.info));
  return parts
    .join('\n')
    .replace(/^\n+|\s+$/g, '')
    .replace(/\n{3,}/g, '\n\n');
}

/** The text as a quotation, for words of others beside the lab's own; "" for nothing. */
export function formatQuote(text: string): string {
  const block = formatBlock(text);
  return block === ''
    ? ''
    : block
        .split('\n')
        .map((line) => `> ${line}`.trimEnd())
        .join('\n');
}
