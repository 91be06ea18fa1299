/**
 * Texts that look like keys: private key blocks and access tokens of well-known shape. Pure. It stops the common accidents and is no
 * promise: a key without a known shape goes unseen. Names of files are judged in git/secret-names.ts.
 */

/** A piece of text that looks like a key. */
export interface KeyFinding {
  /** What it looks like: "a private key". */
  kind: string;
  /** The key itself: never to be printed or stored. */
  value: string;
  /** Its first 4 characters and an ellipsis, for people; the header of a private key block is shown in full. */
  shown: string;
  /** Line of its first appearance, from 1. */
  line: number;
}

const shapes: readonly { kind: string; pattern: RegExp }[] = [
  { kind: 'an AWS access key', pattern: /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g },
  { kind: 'a GitHub token', pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})/g },
  { kind: 'a GitLab token', pattern: /\bglpat-[A-Za-z0-9_-]{20,}/g },
  { kind: 'a Hugging Face token', pattern: /\bhf_[A-Za-z0-9]{30,}/g },
  { kind: 'a Google key', pattern: /\bAIza[0-9A-Za-z_-]{35}/g },
  { kind: 'a Slack token', pattern: /\bxox[abprs]-[A-Za-z0-9-]{20,}/g },
  { kind: 'an npm token', pattern: /\bnpm_[A-Za-z0-9]{36}/g },
  // sk-…, sk-proj-…, sk-ant-api03-…: a long run with a digit, so that a name of words with hyphens is none.
  { kind: 'an API key', pattern: /\bsk-(?:[a-z0-9]+-){0,3}(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_]{20,}[A-Za-z0-9_-]*/g },
];

// The part in the middle is spelled apart, so that this file does not look like a key itself.
const keyBlock = new RegExp(`-----BEGIN (?:[A-Z0-9]+ )*${'PRIVATE'} KEY(?: BLOCK)?-----`, 'g');

/** Every text that looks like a key, each value once, by its first line. */
export function findKeys(text: string): KeyFinding[] {
  const found = new Map<string, KeyFinding & { index: number }>();
  const add = (kind: string, value: string, shown: string, index: number): void => {
    if (found.has(value)) return;
    let line = 1;
    for (let at = text.indexOf('\n'); at !== -1 && at < index; at = text.indexOf('\n', at + 1)) line += 1;
    found.set(value, { kind, value, shown, line, index });
  };
  for (const { 0: value, index } of text.matchAll(keyBlock)) add('a private key', value, value, index);
  for (const { kind, pattern } of shapes) {
    for (const { 0: value, index } of text.matchAll(pattern)) add(kind, value, `${value.slice(0, 4)}…`, index);
  }
  return [...found.values()].sort((a, b) => a.index - b.index).map(({ index: _, ...finding }) => finding);
}
