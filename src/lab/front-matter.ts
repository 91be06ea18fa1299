/**
 * Markdown with a YAML front matter, as people and agents write it: every scalar stays a string (`rating: 7` is "7"), and what is broken
 * is a problem, not an exception. What the keys mean is known to idea-text.ts and report-text.ts.
 */
import { type FrontMatterEntry, foldKey, locateFrontMatter } from './front-matter-entries.ts';
import { formatLine, formatYamlValue } from './front-matter-values.ts';

/** A file as read. */
export interface FrontMatter {
  /** By key as written; an empty value is "". Where a key stands twice, the first counts. Nested values are left out. */
  values: Record<string, string | string[]>;
  /** Everything below the front matter, byte for byte. */
  body: string;
  /** One sentence each, with the line in the file. */
  problems: string[];
}

/** Reads a file. Never throws: without a front matter `values` is empty and a problem says so. */
export function parseFrontMatter(text: string): FrontMatter {
  const block = locateFrontMatter(text);
  if (block === null) {
    return {
      values: {},
      body: text.replace(/^\ufeff/, ''),
      problems: ['has no front matter: begin the file with a line ---, then "key: value" lines, then a line ---'],
    };
  }
  const values = new Map<string, string | string[]>();
  for (const entry of firstEntries(block.entries)) if (entry.value !== null) values.set(entry.key, entry.value);
  return { values: Object.fromEntries(values), body: text.slice(block.bodyStart), problems: block.problems };
}

function firstEntries(entries: FrontMatterEntry[]): FrontMatterEntry[] {
  const seen = new Set<string>();
  return entries.filter(({ key }) => {
    const folded = foldKey(key);
    if (seen.has(folded)) return false;
    seen.add(folded);
    return true;
  });
}

/** The value of a key, whatever its case and its dashes or underscores; undefined where it is missing. */
export function findValue(values: Record<string, string | string[]>, key: string): string | string[] | undefined {
  const folded = foldKey(key);
  return Object.entries(values).find(([name]) => foldKey(name) === folded)?.[1];
}

/** "key: value" lines for a new file, each with a line end; null and "" leave the value empty, lists take a line per item. */
export function formatEntries(values: Record<string, string | string[] | null>): string {
  return Object.entries(values)
    .map(([key, value]) => {
      if (Array.isArray(value))
        return `${key}:\n${value.map((item) => `  - ${formatYamlValue(item, true)}\n`).join('')}`;
      const text = formatYamlValue(value ?? '');
      return text === '' ? `${key}:\n` : `${key}: ${text}\n`;
    })
    .join('');
}

/**
 * Sets keys in place; order, comments, line ends and all other bytes stay. A key that is missing is added at the end, a front matter
 * that is missing is made. Null and "" leave a key with nothing behind it; line breaks in values become spaces; a value that is already
 * there leaves the text as it is.
 */
export function setFrontMatter(text: string, values: Record<string, string | null>): string {
  const names = Object.keys(values);
  if (names.length === 0) return text;
  const lineEnd = /^[^\n]*\r\n/.test(text) ? '\r\n' : '\n';
  const block = locateFrontMatter(text);
  if (block === null) {
    const mark = text.startsWith('\ufeff') ? '\ufeff' : '';
    const body = text.slice(mark.length);
    const gap = body === '' || /^\r?\n/.test(body) ? '' : lineEnd;
    const made = `---\n${formatEntries(values)}---\n`.replaceAll('\n', lineEnd);
    return `${mark}${made}${gap}${body}`;
  }
  const entries = firstEntries(block.entries);
  const edits: { start: number; end: number; text: string }[] = [];
  const added: Record<string, string | null> = {};
  for (const [key, value] of Object.entries(values)) {
    const entry = entries.find((known) => foldKey(known.key) === foldKey(key));
    if (entry === undefined) added[key] = value;
    else if (entry.value !== formatLine(value ?? ''))
      edits.push(...replaceValue(text, entry, formatYamlValue(value ?? '')));
  }
  const lines = formatEntries(added).replaceAll('\n', lineEnd);
  const gap = lines !== '' && !text.slice(0, block.end).endsWith('\n') ? lineEnd : '';
  edits.push({ start: block.end, end: block.end, text: gap + lines });
  edits.sort((a, b) => b.start - a.start);
  return edits.reduce((whole, edit) => whole.slice(0, edit.start) + edit.text + whole.slice(edit.end), text);
}

function replaceValue(
  text: string,
  entry: FrontMatterEntry,
  value: string,
): { start: number; end: number; text: string }[] {
  const gap = value === '' ? '' : ' ';
  const before = text.slice(entry.colon, entry.valueStart);
  // Behind an empty value there may be a comment, which needs its space.
  if (entry.valueStart === entry.valueEnd) return [{ start: entry.colon, end: entry.colon, text: gap + value }];
  if (!before.includes('\n')) return [{ start: entry.colon, end: entry.valueEnd, text: gap + value }];
  // The value stands on lines below its key: it moves up, so that a comment behind the key stays.
  const lineStart = entry.colon + before.lastIndexOf('\n') + 1;
  const newline = text.indexOf('\n', entry.valueEnd);
  const end = newline === -1 ? text.length : newline + 1;
  return [
    { start: entry.colon, end: entry.colon, text: gap + value },
    { start: lineStart, end, text: '' },
  ];
}
