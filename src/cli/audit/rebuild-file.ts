/** Where `lab audit --rebuild` may write: a new file outside git, the lab's state and the protected files. */
import { lstatSync, realpathSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import type { LabPaths } from '../../config/lab-paths.ts';
import type { LabConfig } from '../../config/schema.ts';
import { errnoOf, LabError } from '../../errors/lab-error.ts';
import { rulesOf } from '../../rules/taxonomy.ts';

/** The absolute path to write to. Throws LabError (usage) where it is taken or protected, with what was expected. */
export function resolveRebuildFile(paths: LabPaths, config: LabConfig, word: string): string {
  const refuse = (what: string): never => {
    throw new LabError('usage', `--rebuild got "${word}": ${what}, expected a new file`, {
      hints: ['lab audit --rebuild /tmp/rebuilt.tsv'],
    });
  };
  const asked = resolve(word);
  const folder = findFolder(dirname(asked));
  if (word.trim() === '' || word.endsWith('/') || folder === null)
    return refuse(folder === null ? `the folder ${dirname(asked)} is missing` : 'that is no name of a file');
  const file = join(folder, basename(asked));
  if (lstatSync(file, { throwIfNoEntry: false }) !== undefined) return refuse('it is there already');
  const inside = relative(paths.root, file).split(sep).join('/');
  const parts = file.split(sep);
  if (parts.includes('.git') || parts.includes('.lab')) return refuse('it lies in .git or .lab');
  const rules = inside.startsWith('..') ? [] : rulesOf(inside, config.rules);
  if (rules.length > 0) return refuse(`it is ${rules.join(', ')}`);
  return file;
}

function findFolder(folder: string): string | null {
  try {
    return realpathSync(folder);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return null;
    throw error;
  }
}

/** Writes it, never over anything. Throws LabError (user) where it cannot be written. */
export async function writeRebuildFile(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx' });
  } catch (error) {
    throw new LabError('user', `${file} cannot be written`, { cause: error });
  }
}
