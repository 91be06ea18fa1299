/** Files that are whole or not there at all, also after a power cut. For the lab's own state; records go through git. */

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf, LabError } from '../errors/lab-error.ts';

async function writeFolderSynced(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    // Some file systems cannot sync a folder; the rename is then as lasting as they make it.
    const code = errnoOf(error);
    if (code !== 'EINVAL' && code !== 'ENOTSUP' && code !== 'EPERM' && code !== 'EISDIR') throw error;
  } finally {
    await handle.close();
  }
}

/**
 * Writes a file in one step: a temporary file beside it, synced, renamed, the folder synced. Makes missing folders. `mode`
 * are permission bits (default 0o666 less the umask). `beforeRename` may throw a LabError, the last word on whether the old content gives way.
 * Throws LabError naming the file; the old content then stays.
 */
export async function writeFileSynced(
  path: string,
  data: string | Uint8Array,
  options: { mode?: number; beforeRename?: () => void } = {},
): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`);
  try {
    await mkdir(folder, { recursive: true });
    await createSynced(temporary, data, options.mode);
    // The umask has cut the mode on creation.
    if (options.mode !== undefined) await chmod(temporary, options.mode);
    options.beforeRename?.();
    await rename(temporary, path);
    await writeFolderSynced(folder);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error instanceof LabError ? error : writeError(path, error);
  }
}

/**
 * Writes two JSON files into a folder in which nothing counts before the second one is there: cheaper than one after the other. When this
 * returns both survive a power cut; on an error, or a crash, the second is not there. Throws LabError naming the folder.
 */
export async function writeJsonPairSynced(
  folder: string,
  [first, second]: readonly [{ name: string; value: unknown }, { name: string; value: unknown }],
): Promise<void> {
  const temporary = join(folder, `.${second.name}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`);
  const text = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  try {
    await mkdir(folder, { recursive: true });
    await Promise.all([
      createSynced(join(folder, first.name), text(first.value)),
      createSynced(temporary, text(second.value)),
    ]);
    await rename(temporary, join(folder, second.name));
    await writeFolderSynced(folder);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw writeError(folder, error);
  }
}

async function createSynced(path: string, data: string | Uint8Array, mode = 0o666): Promise<void> {
  const handle = await open(path, 'wx', mode);
  try {
    await handle.writeFile(data);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function writeError(path: string, error: unknown): LabError {
  const hints =
    errnoOf(error) === 'ENOSPC'
      ? ['`lab clean --purge` deletes run folders that left no record', '`df -h` shows what is full']
      : [];
  return new LabError('user', `${path} cannot be written`, { hints, cause: error });
}

/** Writes a value as indented JSON with a final newline, like writeFileSynced. Throws LabError too where JSON cannot hold it. */
export async function writeJsonSynced(path: string, value: unknown, options: { mode?: number } = {}): Promise<void> {
  const text = JSON.stringify(value, null, 2);
  if (text === undefined) throw new LabError('internal', `${path}: the value is not JSON`);
  await writeFileSynced(path, `${text}\n`, options);
}

/** The value in a JSON file, unchecked; null where the file is missing. Throws LabError naming the file where it is no JSON or cannot be read. */
export function readJson(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw new LabError('user', `${path} cannot be read`, { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new LabError('user', `${path} is no valid JSON (${text.length} characters)`, { cause: error });
  }
}
