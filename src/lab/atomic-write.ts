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
 * are permission bits (default 0o666 less the umask). Throws LabError naming the file; the old content then stays.
 */
export async function writeFileSynced(
  path: string,
  data: string | Uint8Array,
  options: { mode?: number } = {},
): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`);
  try {
    await mkdir(folder, { recursive: true });
    const handle = await open(temporary, 'wx', options.mode ?? 0o666);
    try {
      await handle.writeFile(data);
      await handle.sync();
    } finally {
      await handle.close();
    }
    // The umask has cut the mode on creation.
    if (options.mode !== undefined) await chmod(temporary, options.mode);
    await rename(temporary, path);
    await writeFolderSynced(folder);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    const hints = errnoOf(error) === 'ENOSPC' ? ['lab gc    frees space', 'df -h    shows what is full'] : [];
    throw new LabError('user', `${path} cannot be written`, { hints, cause: error });
  }
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
