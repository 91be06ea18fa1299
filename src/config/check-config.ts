/** Turns the schema's findings into lines for a person: the path, the value, what was expected, and the nearest valid key. */
import type { z } from 'zod';
import { configSchema, type LabConfig } from './schema.ts';

/** A configuration or the list of what is wrong with it. */
export type ConfigCheck = { kind: 'ok'; config: LabConfig } | { kind: 'wrong'; problems: string[] };

/** Checks one merged, unparsed configuration. Never throws. */
export function checkConfig(raw: unknown): ConfigCheck {
  const parsed = configSchema.safeParse(raw ?? {});
  if (parsed.success) {
    const problems = [
      ...findSharedLinks(parsed.data),
      ...findOutsidePaths(parsed.data),
      ...findEmptyWindow(parsed.data),
    ];
    return problems.length === 0 ? { kind: 'ok', config: parsed.data } : { kind: 'wrong', problems };
  }
  return { kind: 'wrong', problems: parsed.error.issues.flatMap((issue) => formatIssue(issue, raw)) };
}

/** A window that no run fits would fail every metric check. */
function findEmptyWindow({ metric: { minMinutes, maxMinutes } }: LabConfig): string[] {
  if (maxMinutes >= minMinutes) return [];
  return [`metric.maxMinutes: got ${maxMinutes}, expected at least metric.minMinutes, which is ${minMinutes}`];
}

/** What train may read cannot be hidden from it. */
function findSharedLinks({ checkout }: LabConfig): string[] {
  const clean = (path: string) => path.replace(/^(?:\.\/)+|\/+$/g, '');
  const links = new Set(checkout.links.map(clean));
  return checkout.scoreLinks
    .filter((path) => links.has(clean(path)))
    .map(
      (path) =>
        `checkout.scoreLinks: got ${show(path)}, which checkout.links names as well, expected it in one of them`,
    );
}

/** They are taken below the root whatever they look like: another one would silently count as missing, or lead out of the lab. */
function findOutsidePaths({ data, checkout }: LabConfig): string[] {
  const lists = { data, 'checkout.links': checkout.links, 'checkout.scoreLinks': checkout.scoreLinks };
  return Object.entries(lists).flatMap(([key, paths]) =>
    paths
      .filter((path) => path.trim() === '' || /^[/~]/.test(path) || path.split('/').includes('..'))
      .map(
        (path) =>
          `${key}: got ${show(path)}, expected a path inside the lab (a link there may lead to data elsewhere: \`ln -s\`)`,
      ),
  );
}

function formatIssue(issue: z.core.$ZodIssue, raw: unknown): string[] {
  const path = issue.path.map(String);
  const name = path.length === 0 ? 'the file' : path.join('.');
  const value = valueAt(raw, path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const valid = keysAt(path);
      const near = nearest(key, valid);
      const full = [...path, key].join('.');
      const expected = near ? `did you mean ${[...path, near].join('.')}?` : `valid keys here: ${valid.join(', ')}`;
      return `${full}: unknown key (value ${show(valueAt(raw, [...path, key]))}); ${expected}`;
    });
  }
  return [`${name}: got ${show(value)}, expected ${expectedOf(issue)}`];
}

function expectedOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `${/^[aeiou]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`;
    case 'invalid_value':
      return issue.values.length === 1 ? String(issue.values[0]) : `one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return issue.origin === 'number'
        ? `a number ${issue.inclusive ? 'of at least' : 'above'} ${issue.minimum}`
        : 'at least one entry';
    case 'too_big':
      return `a number ${issue.inclusive ? 'of at most' : 'below'} ${issue.maximum}`;
    case 'invalid_format':
      return issue.message;
    default:
      return issue.message.charAt(0).toLowerCase() + issue.message.slice(1);
  }
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function valueAt(raw: unknown, path: string[]): unknown {
  let value: unknown = raw;
  for (const key of path) value = (value as Record<string, unknown> | null | undefined)?.[key];
  return value;
}

function keysAt(path: string[]): string[] {
  let keys = Object.keys(configSchema.shape);
  let shape: Record<string, unknown> = configSchema.shape;
  for (const key of path) {
    const inner = (shape[key] as { unwrap?: () => { shape?: Record<string, unknown> } } | undefined)?.unwrap?.().shape;
    if (!inner) return [];
    shape = inner;
    keys = Object.keys(inner);
  }
  return keys;
}

function nearest(word: string, candidates: string[]): string | null {
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z]/g, '');
  let best: string | null = null;
  let bestDistance = 3;
  for (const candidate of candidates) {
    const distance = editDistance(plain(word), plain(candidate));
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Number of single-letter edits between two words (Levenshtein 1966). */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
