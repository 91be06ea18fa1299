/**
 * Finds the front matter at the head of a markdown file and the lines of each entry in it, with offsets, so that a value can be replaced
 * and every other byte stays. Reading one value is the work of front-matter-values.ts.
 */
import { parseEntryValue } from './front-matter-values.ts';

/** One `key: value` of a front matter with the lines that belong to it. Offsets count from the beginning of the file. */
export interface FrontMatterEntry {
  /** As written, without quotes. */
  key: string;
  /** From 1. */
  line: number;
  start: number;
  /** Behind the colon. */
  colon: number;
  /** Where the value begins; equal to valueEnd where it is empty. */
  valueStart: number;
  valueEnd: number;
  /** Null where the value is nested, which the lab does not read. */
  value: string | string[] | null;
}

/** The front matter of a file. */
export interface FrontMatterBlock {
  /** Where a further entry goes: the beginning of the closing line, or the end of the entries where nothing closes it. */
  end: number;
  /** Where the text below it begins. */
  bodyStart: number;
  entries: FrontMatterEntry[];
  /** One sentence each, with the line. */
  problems: string[];
}

interface Line {
  /** Without the line end. */
  text: string;
  start: number;
  /** From 1. */
  number: number;
}

function splitLines(text: string): Line[] {
  const lines: Line[] = [];
  let start = 0;
  for (const full of text.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
    lines.push({ text: full.replace(/\r?\n$/, ''), start, number: lines.length + 1 });
    start += full.length;
  }
  return lines;
}

// A key at the beginning of a line, quoted or not, and the colon; a space has to follow the colon, or nothing.
const keyed = /^(?:"([^"]+)"|'([^']+)'|([^\s#:"'[\]{},&*!|>%@`?-][^:#]{0,100}?))[ \t]*:(?=[ \t]|$)/;
// `title:Foo` is a slip, `https://…` is not an entry.
const tightlyKeyed = /^([A-Za-z_][\w-]*):(?!\/\/)(?=\S)/;

// A front matter with more is no front matter; comparing keys takes time with their square.
const mostEntries = 200;

/** A key as it is compared: case, dashes, underscores and spaces make no difference. */
export function foldKey(key: string): string {
  return key.toLowerCase().replace(/[-_\s]+/g, '');
}

/** The front matter of a file; null where it has none. Never throws; what is odd is a problem. */
export function locateFrontMatter(text: string): FrontMatterBlock | null {
  const lines = splitLines(text);
  const opening = lines[0]?.text.replace(/^\ufeff/, '');
  if (opening === undefined || !/^---[ \t]*$/.test(opening)) return null;
  const { closing, isClosed } = findClosing(lines);
  const after = lines[closing];
  const end = after?.start ?? text.length;
  const block: FrontMatterBlock = {
    end,
    bodyStart: isClosed ? (lines[closing + 1]?.start ?? text.length) : end,
    ...readEntries(text, lines.slice(1, closing)),
  };
  // Without an entry `---` is a line across the page, unless it is closed at once.
  if (block.entries.length === 0 && !(isClosed && lines.slice(1, closing).every(isBlankOrComment))) return null;
  if (!isClosed) block.problems.unshift('the front matter is not closed: put a line --- below its last key');
  return block;
}

function isBlankOrComment(line: Line): boolean {
  return /^\s*(?:#|$)/.test(line.text);
}

/** Index of the line that ends the front matter: `---`, or where nothing closes it the first that cannot belong to it. */
function findClosing(lines: Line[]): { closing: number; isClosed: boolean } {
  const isHeading = (index: number) =>
    /^ {0,3}#{1,6}[ \t]/.test(lines[index]?.text ?? '') && (lines[index - 1]?.text.trim() ?? '') === '';
  for (let index = 1; index < lines.length; index++) {
    if (/^(?:---|\.\.\.)[ \t]*$/.test(lines[index]?.text ?? '')) return { closing: index, isClosed: true };
    // A `---` further down is a line across the page. A comment follows other keys without a blank line.
    if (index > 1 && isHeading(index) && /^ {0,3}##/.test(lines[index]?.text ?? '')) break;
  }
  const closing = lines.findIndex((line, index) => index > 0 && (line.text.trim() === '' || isHeading(index)));
  return { closing: closing === -1 ? lines.length : closing, isClosed: false };
}

function readEntries(text: string, lines: Line[]): { entries: FrontMatterEntry[]; problems: string[] } {
  const entries: FrontMatterEntry[] = [];
  const problems: string[] = [];
  let open: { line: Line; last: Line; key: string; colon: number } | null = null;
  const close = () => {
    if (open === null) return;
    const { line, last, key, colon } = open;
    const chunk = text.slice(line.start, last.start + last.text.length);
    const read = parseEntryValue(chunk, colon);
    if (read.problem !== null) problems.push(`line ${line.number}: ${key} ${read.problem}`);
    const same = entries.find((entry) => foldKey(entry.key) === foldKey(key));
    if (same !== undefined) {
      problems.push(`line ${line.number}: ${key} stands twice; the first one (line ${same.line}) counts`);
    }
    entries.push({
      key,
      line: line.number,
      start: line.start,
      colon: line.start + colon,
      valueStart: line.start + read.start,
      valueEnd: line.start + read.end,
      value: read.value,
    });
    open = null;
  };
  for (const line of lines) {
    const found = keyed.exec(line.text) ?? tightlyKeyed.exec(line.text);
    if (found !== null) {
      close();
      if (entries.length === mostEntries) {
        problems.push(`line ${line.number}: more than ${mostEntries} keys; the rest is not read`);
        return { entries, problems };
      }
      const key = (found[1] ?? found[2] ?? found[3] ?? '').trim();
      // Where the space is missing only recovery can read the line, and it does.
      open = { line, last: line, key, colon: found[0].length };
    } else if (open !== null && /^(?:[ \t]+\S|-(?:\s|$)|[\]}])/.test(line.text)) {
      open.last = line;
    } else if (!isBlankOrComment(line)) {
      close();
      problems.push(`line ${line.number}: "${line.text.trim().slice(0, 60)}" is no "key: value"; it is not read`);
    }
  }
  close();
  return { entries, problems };
}
