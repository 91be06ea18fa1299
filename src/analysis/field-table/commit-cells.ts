/** Cells in which a commit should stand: hashes, and what the field writes in their place. Pure. */
import { quote } from './field-lines.ts';
import { isNothing } from './field-numbers.ts';

/** True for a cell that can be a commit's hash. */
export function isHashLike(cell: string): boolean {
  return /^[0-9a-f]{6,40}$/i.test(cell) && !/^\d{1,6}$/.test(cell);
}

/** True for hashes as a person makes them up: letter, digit, letter, digit in order (a1b2c3d). */
function isStaircase(commit: string): boolean {
  if (commit.length < 6 || !/^([a-z]\d)+[a-z]?$|^(\d[a-z])+\d?$/i.test(commit)) return false;
  const codes = [...commit.toLowerCase()].map((letter) => letter.charCodeAt(0));
  return codes.slice(2).every((code, index) => code - (codes[index] ?? 0) === 1);
}

/** What is odd about a commit's cell, as a remark; null for what can be a hash. */
export function describeCommit(commit: string): string | null {
  if (commit === '') return 'no commit';
  if (isNothing(commit)) return `commit ${quote(commit)}: none`;
  if (commit.toUpperCase() === 'HEAD') return 'commit "HEAD" names no one commit';
  if (isStaircase(commit)) return `commit ${quote(commit)} runs like an example and not like a hash: invented?`;
  if (isHashLike(commit)) return null;
  if (commit.length > 40) return `commit ${quote(commit)} is a text, not a hash`;
  if (/^(?=.*\d)(?=.*[a-z])[0-9a-z]{7,8}$/.test(commit) && !/^[a-z]+\d+$/.test(commit))
    return `commit ${quote(commit)} has letters that no hash has: invented?`;
  return `commit ${quote(commit)} is a name, not a hash`;
}
