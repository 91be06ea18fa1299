/**
 * The lab's lines in .gitignore: added to the user's file behind whatever stands there, and committed without what the user changed in it and
 * has not committed.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findCommit, readBlob, readTreeEntry } from '../git/repository.ts';

/** What was added. */
export interface IgnoreLines {
  /** What HEAD's .gitignore is to become; null where it has every line already. */
  toCommit: {
    /** The whole file. */
    content: Buffer;
    /** The same for another version of it, such as a staged one. */
    addTo(content: Buffer): Buffer;
  } | null;
  /** Whether the file holds more than that: changes of the user's that no commit has. */
  isMixed: boolean;
}

/** The lines; with those of the starter problem where it is there. */
export function listIgnoreLines(hasProblem: boolean): string[] {
  const own = ['.lab/', '5_worktrees/', 'lab.local.yaml', '__pycache__/'];
  return hasProblem ? [...own, 'problem/data/', 'problem/out/'] : own;
}

/** Text to put behind a version of the file so that it has every line; "" where it has. Bytes as they are, whatever they mean. */
function missingFrom(content: Buffer, wanted: readonly string[]): string {
  const text = content.toString('latin1');
  const lines = new Set(text.split(/\r?\n/).map((line) => line.trim()));
  const missing = wanted.filter((line) => !lines.has(line));
  const gap = text === '' || text.endsWith('\n') ? '' : '\n';
  return missing.length === 0 ? '' : `${gap}${missing.join('\n')}\n`;
}

/** Adds the missing lines to the file in `folder`, a repository's top, and says what is to be committed of it. */
export async function addIgnoreLines(folder: string): Promise<IgnoreLines> {
  const wanted = listIgnoreLines(existsSync(join(folder, 'problem', 'prepare.py')));
  const file = join(folder, '.gitignore');
  const committed = await readCommitted(folder);
  const added = missingFrom(existsSync(file) ? readFileSync(file) : Buffer.alloc(0), wanted);
  if (added !== '') appendFileSync(file, added);
  const addTo = (content: Buffer): Buffer => Buffer.concat([content, Buffer.from(missingFrom(content, wanted))]);
  const content = addTo(committed);
  if (content.equals(committed)) return { toCommit: null, isMixed: false };
  return { toCommit: { content, addTo }, isMixed: !readFileSync(file).equals(content) };
}

/** The file as HEAD has it; empty where it has none. */
async function readCommitted(folder: string): Promise<Buffer> {
  if ((await findCommit(folder, 'HEAD')) === null) return Buffer.alloc(0);
  const entry = await readTreeEntry(folder, 'HEAD', '.gitignore');
  return (entry === null ? null : await readBlob(folder, 'HEAD', '.gitignore')) ?? Buffer.alloc(0);
}
