/**
 * One value of a front matter: reading it as YAML in which every scalar is a string, and writing it so that YAML reads it back. What YAML
 * refuses but a person plainly meant (`title: Foo: bar`) is taken as written. Which lines make up an entry is told by front-matter-entries.ts.
 */
import { isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml';

/** What an entry's text holds. Offsets count from the beginning of the entry. */
export interface EntryValue {
  /** Null where it is nested, which the lab does not read. */
  value: string | string[] | null;
  /** Where the value begins; at the colon where there is none on any line. */
  start: number;
  /** Where it ends, trailing white space not included. */
  end: number;
  /** What is wrong with it, as the end of a sentence; null for nothing. */
  problem: string | null;
}

// Line breaks, tabs and control characters: one value is one line.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what would break a line.
const breaks = /[\u0000-\u001f\u007f\u0085\u2028\u2029]+/g;

/** A text as one line: runs of line breaks, tabs and control characters become one space, ends are trimmed. */
export function formatLine(text: string): string {
  return text.replace(breaks, ' ').trim();
}

/** The text after the key, without a comment. */
function cutComment(rest: string): string {
  return rest.replace(/(?:^|[ \t])#(?:[ \t].*)?$/s, '').trim();
}

function unquote(text: string): string {
  const quoted = /^"([^"\\]*)"$|^'([^']*)'$/.exec(text);
  return quoted?.[1] ?? quoted?.[2] ?? text;
}

/** Takes an entry as written where YAML does not read it. */
function recoverValue(chunk: string, colon: number): EntryValue {
  const [first = '', ...others] = chunk.slice(colon).split(/\r?\n/);
  const rest = cutComment(first);
  const start = rest === '' ? colon : colon + first.indexOf(rest);
  const more = others.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
  const end = more.length === 0 ? start + rest.length : chunk.trimEnd().length;
  if (more.length === 0) {
    const opened = /^[[{]/.test(rest) && !/[\]}]/.test(rest);
    const oddQuotes = /^["']/.test(rest) && (rest.split(rest.charAt(0)).length - 1) % 2 === 1;
    const problem = opened || oddQuotes ? `${rest.charAt(0)} is never closed; read as written` : null;
    return { value: rest, start, end, problem };
  }
  if (rest === '' && more.every((line) => line.startsWith('- '))) {
    return { value: more.map((line) => unquote(cutComment(line.slice(2)))), start, end, problem: null };
  }
  const problem = 'is no valid YAML; its lines are read as one text (quote it: key: "…")';
  return { value: [rest, ...more].filter((line) => line !== '').join(' '), start, end, problem };
}

/** Null where the parser gives up: it recurses, and ten thousand open brackets exhaust its stack. */
function parseYaml(chunk: string) {
  try {
    return parseDocument(chunk, { schema: 'failsafe', uniqueKeys: false, prettyErrors: false, logLevel: 'silent' });
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Reads the text of one entry, `key: value` with its further lines; `colon` is the offset behind the colon. Never throws. */
export function parseEntryValue(chunk: string, colon: number): EntryValue {
  const document = parseYaml(chunk);
  if (document === null) return recoverValue(chunk, colon);
  const map = document.contents;
  const pair = isMap(map) && map.items.length === 1 ? map.items[0] : undefined;
  // `title:Foo: bar` has another key for YAML than for the person who forgot the space.
  const isSameKey = isScalar(pair?.key) && (pair.key.range?.[1] ?? colon) < colon;
  const node = isSameKey ? pair?.value : undefined;
  // An alias, an anchor or a tag is `*emphasis*`, `&` or `!` in front of a plain text here.
  const isPlain = (isScalar(node) || isSeq(node) || isMap(node)) && node.anchor === undefined && node.tag === undefined;
  if (document.errors.length > 0 || document.warnings.length > 0 || !isPlain || !node.range) {
    return recoverValue(chunk, colon);
  }
  const start = node.range[0];
  const end = start + chunk.slice(start, node.range[1]).trimEnd().length;
  if (isMap(node)) return { value: null, start, end, problem: 'holds nested keys, expected a text or a list' };
  if (isScalar(node)) return { value: String(node.value ?? ''), start, end, problem: null };
  const items = node.items.map((item) => {
    if (isScalar(item) && item.anchor === undefined && item.tag === undefined) return String(item.value ?? '');
    // `- Smith: a title` is a map to YAML and a source to a person.
    const range = isScalar(item) || isAlias(item) || isMap(item) || isSeq(item) ? item.range : undefined;
    return range ? chunk.slice(range[0], range[1]).trim() : null;
  });
  if (items.includes(null) || node.items.some((item) => isScalar(item) && item.tag !== undefined)) {
    return recoverValue(chunk, colon);
  }
  return { value: items.filter((item) => item !== null), start, end, problem: null };
}

/**
 * A text as a YAML value on one line: plain where YAML reads it back as it is, else in double quotes; "" for an empty one. Line breaks
 * become spaces.
 */
export function formatYamlValue(text: string, listItem = false): string {
  const line = formatLine(text);
  if (line === '' && !listItem) return '';
  const chunk = listItem ? `k:\n  - ${line}` : `k: ${line}`;
  const document = parseYaml(chunk);
  const map = document?.contents;
  const node = isMap(map) ? map.items[0]?.value : undefined;
  const scalar = listItem ? (isSeq(node) ? node.items[0] : undefined) : node;
  const isReadBack =
    document?.errors.length === 0 &&
    document.warnings.length === 0 &&
    isScalar(scalar) &&
    scalar.type === 'PLAIN' &&
    scalar.anchor === undefined &&
    scalar.tag === undefined &&
    scalar.value === line;
  return isReadBack && line !== '' ? line : JSON.stringify(line);
}
