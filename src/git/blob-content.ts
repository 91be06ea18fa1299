/** Contents and sizes of blobs by hash, many in one git call. It does not know paths or commits; callers look the hashes up. */
import { LabError } from '../errors/lab-error.ts';
import { createContentMemory } from './content-memory.ts';
import { runGitBytes } from './run-git.ts';

interface BatchRecord {
  hash: string;
  size: number;
}

function parseHeader(line: string): BatchRecord {
  const match = /^([0-9a-f]+) [a-z]+ (\d+)$/.exec(line);
  if (match) return { hash: match[1] ?? '', size: Number(match[2]) };
  throw new LabError('internal', `git cat-file answered '${line}', expected a hash, a type and a size`, {
    hints: ['git fsck    tells whether the repository is whole'],
  });
}

/** Sizes in bytes by hash. Throws LabError (internal) where an object is missing. */
export async function readBlobSizes(root: string, hashes: readonly string[]): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  if (hashes.length === 0) return sizes;
  const input = `${hashes.join('\n')}\n`;
  const output = await runGitBytes(root, ['cat-file', '--batch-check'], { input });
  for (const line of output.toString('latin1').split('\n')) {
    if (line === '') continue;
    const { hash, size } = parseHeader(line);
    sizes.set(hash, size);
  }
  return sizes;
}

/** Contents by hash, all of them in memory at once: ask for the sizes first. Throws LabError (internal) where an object is missing. */
export async function readBlobs(root: string, hashes: readonly string[]): Promise<Map<string, Buffer>> {
  const blobs = new Map<string, Buffer>();
  if (hashes.length === 0) return blobs;
  const output = await runGitBytes(root, ['cat-file', '--batch'], { input: `${hashes.join('\n')}\n` });
  let at = 0;
  while (at < output.length) {
    const end = output.indexOf(10, at);
    if (end === -1) break;
    const { hash, size } = parseHeader(output.toString('latin1', at, end));
    blobs.set(hash, output.subarray(end + 1, end + 1 + size));
    // Each content is followed by a line feed of git's own.
    at = end + 1 + size + 1;
  }
  return blobs;
}

const mostKeptBytes = 8 * 1024 * 1024;
const knownBlobs = createContentMemory<Buffer>(mostKeptBytes, (content) => content.length);

/**
 * As readBlobs, for contents that are asked for at every start of a run: they are kept, and must not be written into. One git call for all that
 * are not known yet.
 */
export async function recallBlobs(root: string, hashes: readonly string[]): Promise<Map<string, Buffer>> {
  const missing: string[] = [];
  const contents = new Map<string, Buffer>();
  let read: Promise<Map<string, Buffer>> | null = null;
  const readMissing = async (hash: string): Promise<Buffer> => {
    missing.push(hash);
    // Once all hashes have been looked up, those that were not known are read together.
    read ??= Promise.resolve().then(() => readBlobs(root, missing));
    const content = (await read).get(hash);
    if (content === undefined) throw new LabError('internal', `git has no content for ${hash}`);
    // A copy of what is kept: a part of git's answer would keep all of the answer in memory.
    return content.length > mostKeptBytes / 4 ? content : Buffer.from(content);
  };
  await Promise.all(
    [...new Set(hashes)].map(async (hash) =>
      contents.set(hash, await knownBlobs.recall(JSON.stringify([root, hash]), () => readMissing(hash))),
    ),
  );
  return contents;
}
