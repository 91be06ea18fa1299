/**
 * Files of the user's in the working tree that a mode rewrites, program.md and prepare.py: read so that no byte is lost when the text is
 * written back, and replaced only where they still are what was read. It commits nothing.
 */
import { lstatSync, readFileSync } from 'node:fs';
import { LabError } from '../errors/lab-error.ts';
import { writeFileSynced } from '../lab/atomic-write.ts';

/** The text of a file; null where there is none. Throws LabError (user) for a link, a folder, or what is no UTF-8. */
export function readOwnFile(path: string): string | null {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return null;
  if (!stats.isFile())
    throw new LabError('user', `${path} is ${stats.isSymbolicLink() ? 'a symbolic link' : 'no file'}, expected a file`);
  const bytes = readFileSync(path);
  const text = bytes.toString('utf8');
  // Written back, anything else would lose bytes of the user's own words.
  if (!Buffer.from(text, 'utf8').equals(bytes))
    throw new LabError('user', `${path} is no UTF-8 text, expected it`, {
      hints: [`\`iconv -t UTF-8\` or an editor converts it`],
    });
  return text;
}

/**
 * Writes a text in the place of `before` (null: there was no file), synced; the mode stays. Throws LabError (user) where the file is
 * another one by now, and where it cannot be written; it is not touched then.
 */
export async function replaceOwnFile(path: string, before: string | null, text: string): Promise<void> {
  const ensureSame = () => {
    if (readOwnFile(path) !== before)
      throw new LabError('user', `${path} was changed meanwhile, expected it as it was read`, {
        hints: ['the same command again takes it as it is now'],
      });
  };
  ensureSame();
  const mode = lstatSync(path, { throwIfNoEntry: false })?.mode;
  await writeFileSynced(path, text, {
    ...(mode === undefined ? {} : { mode: mode & 0o7777 }),
    beforeRename: ensureSame,
  });
}
