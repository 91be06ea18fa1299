/**
 * Whether a change does nothing but move seeds: another seed is another draw of the same luck, and no idea. Compares the text of two versions
 * of a file line by line; comments and empty lines do not count. A false alarm would turn a real idea away, so whatever is not plainly a seed's
 * number counts as a real change; a seed that is hidden well passes. Pure.
 */
import { extname } from 'node:path';

/** What two versions of a file differ by. */
export type SeedComparison =
  /** The same but for comments and empty lines. */
  | { kind: 'same' }
  /** Seeds alone: the first line that differs, from 1, as it was and as it is. */
  | { kind: 'seeds'; line: number; before: string; after: string }
  /** Anything else. */
  | { kind: 'other' };

const hashComments = new Set(['.py', '.pyi', '.sh', '.bash', '.yaml', '.yml', '.toml', '.cfg', '.jl', '.r']);
const slashComments = new Set([
  '.js',
  '.mjs',
  '.ts',
  '.c',
  '.cc',
  '.cpp',
  '.cu',
  '.h',
  '.hpp',
  '.rs',
  '.go',
  '.java',
  '.swift',
]);

interface CodeLine {
  /** From 1. */
  number: number;
  text: string;
}

/** Compares two versions of a file; its name says how comments begin. */
export function compareSeeds(path: string, before: string, after: string): SeedComparison {
  const [old, now] = [listCode(path, before), listCode(path, after)];
  if (old.length !== now.length) return { kind: 'other' };
  let first: SeedComparison & { kind: 'seeds' } = { kind: 'seeds', line: 0, before: '', after: '' };
  for (const [index, { text, number }] of now.entries()) {
    const was = old[index]?.text ?? '';
    if (was === text) continue;
    if (!movesSeedsAlone(was, text)) return { kind: 'other' };
    if (first.line === 0) first = { ...first, line: number, before: was.trim(), after: text.trim() };
  }
  return first.line === 0 ? { kind: 'same' } : first;
}

/** Lines that are neither empty nor a comment, without the comment behind them. Inside a text of several lines nothing is a comment. */
function listCode(path: string, content: string): CodeLine[] {
  const extension = extname(path).toLowerCase();
  const mark = hashComments.has(extension) ? '#' : slashComments.has(extension) ? '//' : null;
  const lines = content.split(/\r?\n/);
  // Where a comment ends and a text begins is a parser's question: a file with texts of several lines keeps its comments.
  const texts = mark === '//' ? /`|\/\*/ : /"""|'''|<<|[|>][+-]?\s*$/m;
  const isPlain = !texts.test(content.replaceAll(/^\s*"""[^"\\#]*"""/gm, ''));
  return lines.flatMap((line, index) => {
    const text = cutComment(line, isPlain ? mark : null).trimEnd();
    return text === '' ? [] : [{ number: index + 1, text }];
  });
}

function cutComment(line: string, mark: '#' | '//' | null): string {
  const at = mark === null ? -1 : line.indexOf(mark);
  if (at === -1) return line;
  // A mark behind a quote may be part of a text; one right behind a word (a colour, an address) is none.
  const isComment = !/["']/.test(line.slice(0, at)) && (at === 0 || /\s/.test(line[at - 1] ?? ''));
  return isComment ? line.slice(0, at) : line;
}

/** A number as it stands alone, not a part of a name. */
const numberLiteral = /(?<![\w.])(?:0x[\da-f_]+|\d[\d_]*(?:\.\d*)?(?:e[+-]?\d+)?)(?![\w.])/gi;

function movesSeedsAlone(before: string, after: string): boolean {
  const [old, now] = [listNumbers(before), listNumbers(after)];
  if (before.replaceAll(numberLiteral, '0') !== after.replaceAll(numberLiteral, '0')) return false;
  return now.every(({ text, start, end }, index) => {
    if (old[index]?.text === text) return true;
    return isOfSeed(after.slice(0, start), after.slice(end));
  });
}

function listNumbers(line: string): { text: string; start: number; end: number }[] {
  return [...line.matchAll(numberLiteral)].map(({ 0: text, index }) => ({
    text,
    start: index,
    end: index + text.length,
  }));
}

// The last word says what the number is: `data_seed` is a seed, `seed_length` and `num_seeds` are not.
const seedName = /(?:^|[\W_])(?:seed|SEED|random_state)$|[a-z]Seed$|^randomState$/;
const counting = /(?:^|[^a-z])(?:n|num|count|number|max|min|len|length|size|of)[_-]?seed$/i;
const seedCall =
  /(?:^|\W)(?:manual_seed(?:_all)?|seed_everything|set_seed|seed_all|fix_seed|setSeed|default_rng|RandomState|PRNGKey|random\.Random|srand|seed)$/;

/** Whether the number between these two parts of a line is what a seed is set to, all of it. */
function isOfSeed(head: string, tail: string): boolean {
  const isWhole = /^["']?\s*(?:$|[,;)}#]|\/\/)/.test(tail);
  // --seed 1, --seed=1
  const flag = /(--[\w-]+)(?:=|\s+)["']?$/.exec(head)?.[1];
  if (flag !== undefined) return /^["']?(?:$|[\s;&|)])/.test(tail) && isSeedName(flag);
  // seed = 1, seed: int = 1, LAB_SEED=1 in front of a command
  const set = /([A-Za-z_][\w.]*)\s*(?::\s*(?:int|number|Final(?:\[int\])?)\s*)?(=)\s*["']?$/.exec(head)?.[1];
  if (set !== undefined) {
    const isPrefix = head.endsWith('SEED=') && /^\s+\w/.test(tail) && !/^\s+(?:if|else|for|and|or|in|is)\b/.test(tail);
    return (isWhole || isPrefix) && isSeedName(set);
  }
  // {"seed": 1}, seed: 1 at the beginning of a line; a slice and a lambda look alike and are none
  const key = /(?:^\s*(?:-\s*)?|[{,]\s*)["']?([A-Za-z_][\w.-]*)["']?\s*:\s*["']?$/.exec(head)?.[1];
  if (key !== undefined) return isWhole && isSeedName(key) && !/\blambda\b/.test(head);
  // manual_seed(1), random.Random(1)
  const call = /([\w.]+)\(\s*$/.exec(head)?.[1];
  if (call !== undefined) return /^\s*\)/.test(tail) && seedCall.test(call);
  // environ.get("LAB_SEED", "1")
  return /\b(?:get|getenv)\(\s*["']\w*SEED["']\s*,\s*["']?$/.test(head) && /^["']?\s*\)/.test(tail);
}

function isSeedName(name: string): boolean {
  return seedName.test(name) && !counting.test(name);
}
