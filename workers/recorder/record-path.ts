/** Where the recorder may be asked to write: plain files with the rule RECORD, inside the lab, behind no link. Reads only. */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabPaths } from '../../src/config/lab-paths.ts';
import type { LabConfig } from '../../src/config/schema.ts';
import { errnoOf, LabError } from '../../src/errors/lab-error.ts';
import { readTreeEntry } from '../../src/git/repository.ts';
import { rulesOf } from '../../src/rules/taxonomy.ts';

function refuse(path: string, what: string): never {
  throw new LabError('refused', `${JSON.stringify(path)} ${what}`, {
    hints: [
      '`git ls-files 1_ideas 9_reports 0_docs/papers` lists the record files; lab.yaml can give more globs the rule RECORD',
    ],
  });
}

/** Whether a path is relative, with slashes, without empty, `.` or `..` parts, and outside git's own folder. Pure. */
function isNormalised(path: string): boolean {
  const parts = path.split('/');
  // Control characters: they would break lines of listings, and no record needs one.
  return !/[\p{Cc}\\]/u.test(path) && parts.every((part) => !/^\.{0,2}$/.test(part) && !/^\.git$/i.test(part));
}

/** Throws LabError (refused) that names the path and the rule where the recorder must not write there. */
export async function ensureRecordPath(
  paths: LabPaths,
  main: string,
  rules: LabConfig['rules'],
  path: string,
): Promise<void> {
  if (!isNormalised(path)) refuse(path, 'is no record file, expected a path inside the lab, relative and without ".."');
  const found = rulesOf(path, rules);
  const against = found.filter((rule) => rule === 'FROZEN' || rule === 'HUMAN');
  if (against.length > 0)
    refuse(path, `is ${found.join(', ')}: the recorder never writes a ${against.join(' or ')} file`);
  if (!found.includes('RECORD'))
    refuse(path, `is ${found.join(', ') || 'REGULAR'}, expected a file with the rule RECORD`);
  const parts = path.split('/');
  for (let depth = 1; depth <= parts.length; depth += 1) {
    const place = parts.slice(0, depth).join('/');
    const isFolder = depth < parts.length;
    const entry = await readTreeEntry(paths.root, `refs/heads/${main}`, place);
    if (entry !== null && (entry.mode === '120000' || entry.type !== (isFolder ? 'tree' : 'blob')))
      refuse(path, `cannot be written: on ${main} ${place} is a link or no plain ${isFolder ? 'folder' : 'file'}`);
    if (await isLink(join(paths.root, place)))
      refuse(
        path,
        `cannot be written: ${place} is a symbolic link in ${paths.root}, expected a plain ${isFolder ? 'folder' : 'file'}`,
      );
  }
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return false;
    throw new LabError('user', `${path} cannot be looked at`, { cause: error });
  }
}
