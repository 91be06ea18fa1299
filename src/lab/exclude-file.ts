/**
 * The clone's own exclude file, `.git/info/exclude`: a file of the user's into which the lab writes lines of its own. Here is only how it is
 * read and written; which lines these are is the business of whoever writes them.
 */
import { lstatSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { errnoOf, LabError } from '../errors/lab-error.ts';
import { runGit } from '../git/run-git.ts';
import { writeFileSynced } from './atomic-write.ts';

/** Absolute path of the clone's exclude file, which need not exist. */
export async function findExcludeFile(root: string): Promise<string> {
  return resolve(root, (await runGit(root, ['rev-parse', '--git-path', 'info/exclude'])).trim());
}

/**
 * The exclude file with each byte as one character (latin1), so that lines of any encoding come back as they were; null where there is
 * none. Throws LabError (user) where it cannot be read.
 */
export function readExcludeText(file: string): string | null {
  try {
    return readFileSync(file, 'latin1');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw new LabError('user', `${file} cannot be read`, { cause: error });
  }
}

/**
 * Writes the text that readExcludeText would give, in one step. The mode stays, and a file that is a link elsewhere is written there. Throws
 * LabError (user); the old text then stays.
 */
export async function writeExcludeText(file: string, text: string): Promise<void> {
  const target = resolveTarget(file);
  const mode = statSync(target, { throwIfNoEntry: false })?.mode;
  await writeFileSynced(target, Buffer.from(text, 'latin1'), mode === undefined ? {} : { mode: mode & 0o7777 });
}

/** Renaming over a link would make a file of it, and leave the one that other clones read behind. */
function resolveTarget(file: string): string {
  try {
    return realpathSync(file);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw new LabError('user', `${file} cannot be read`, { cause: error });
    const isLink = lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() === true;
    return isLink ? resolve(dirname(file), readlinkSync(file)) : file;
  }
}
