/**
 * The files that an agent left in its outbox, read with care: an agent may have made links to what it must not hand on, pipes that would
 * block, or more than anybody wants to read. What the files mean is known to outbox.ts and outbox-review.ts.
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, messageOf } from '../errors/lab-error.ts';

/** Most files of an outbox that are read. */
export const maxOutboxFiles = 100;
/** Largest file of an outbox that is read, bytes. */
export const maxOutboxFileBytes = 200_000;

/** One file as text, LF line ends, without a byte order mark. */
export interface OutboxFile {
  /** Name in the outbox. */
  name: string;
  text: string;
}

/** What an outbox holds. */
export interface OutboxListing {
  /** Sorted by name. */
  files: OutboxFile[];
  /** One sentence for each file that was not read, with its name. */
  problems: string[];
}

/** One file, or why it cannot be taken. */
export type OutboxRead = { kind: 'text'; text: string } | { kind: 'missing' } | { kind: 'wrong'; problem: string };

/** A file's name for a sentence: on one line, and not without end. */
export function showName(name: string): string {
  return /[\p{Cc}\p{Zl}\p{Zp}]/u.test(name) ? JSON.stringify(name.slice(0, 100)) : name.slice(0, 100);
}

/** Agents like to wrap a whole file into a code fence, as examples are shown to them. */
function unwrapFence(text: string): string {
  const lines = text.trim().split('\n');
  const fence = /^(`{3,}|~{3,})[\w-]*$/.exec(lines[0] ?? '')?.[1];
  if (fence === undefined || lines.length < 2 || lines.at(-1) !== fence) return text;
  const inside = lines.slice(1, -1);
  return inside.some((line) => line.startsWith(fence)) ? text : `${inside.join('\n')}\n`;
}

function decode(bytes: Buffer): string | null {
  if (bytes.includes(0)) return null;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return unwrapFence(text.replace(/\r\n?/g, '\n'));
  } catch {
    // Not UTF-8: the only thing that a fatal decoder throws for.
    return null;
  }
}

function readPlainFile(path: string, name: string): OutboxRead {
  const shown = showName(name);
  const wrong = (problem: string): OutboxRead => ({ kind: 'wrong', problem: `${shown} ${problem}` });
  try {
    const found = lstatSync(path);
    if (found.isSymbolicLink()) return wrong('is a symbolic link and was not read, expected a plain file');
    if (!found.isFile()) return wrong('is no plain file and was not read');
    // NOFOLLOW and NONBLOCK: what was a file a moment ago may be a link or a pipe now.
    const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const { size } = fstatSync(file);
      if (size > maxOutboxFileBytes) {
        return wrong(`has ${size} bytes and was not read, expected at most ${maxOutboxFileBytes}`);
      }
      const text = decode(readFileSync(file));
      return text === null ? wrong('is no UTF-8 text and was not read') : { kind: 'text', text };
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { kind: 'missing' };
    return wrong(`could not be read: ${messageOf(error)}`);
  }
}

/** Names in the outbox, sorted; a sentence where the agent took the folder away, or put something else in its place. */
function listNames(outbox: string): string[] | string {
  try {
    if (!lstatSync(outbox).isDirectory()) return 'the outbox is no folder any more';
    return readdirSync(outbox).sort();
  } catch (error) {
    return `the outbox cannot be read: ${messageOf(error)}`;
  }
}

/** All files of an outbox; those whose name begins with a dot are passed over. Never throws: what is wrong is a problem. */
export function readOutbox(outbox: string): OutboxListing {
  const listed = listNames(outbox);
  if (typeof listed === 'string') return { files: [], problems: [listed] };
  const names = listed.filter((name) => !name.startsWith('.'));
  const problems: string[] = [];
  if (names.length > maxOutboxFiles) {
    problems.push(`${names.length} files were handed in, only the first ${maxOutboxFiles} by name were read`);
  }
  const files: OutboxFile[] = [];
  for (const name of names.slice(0, maxOutboxFiles)) {
    const read = readPlainFile(join(outbox, name), name);
    if (read.kind === 'text') files.push({ name, text: read.text });
    else if (read.kind === 'wrong') problems.push(read.problem);
  }
  return { files, problems };
}

/** One file of an outbox by its name, given in lower case; its case in the outbox makes no difference. Never throws. */
export function readOutboxFile(outbox: string, name: string): OutboxRead {
  const names = listNames(outbox);
  if (typeof names === 'string') return { kind: 'wrong', problem: names };
  const found = names.find((one) => one === name) ?? names.find((one) => one.toLowerCase() === name);
  return found === undefined ? { kind: 'missing' } : readPlainFile(join(outbox, found), found);
}
