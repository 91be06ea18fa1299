/**
 * Whether a branch has moved, told by a few small reads and no git process: for what looks often, and for processes that must start fast.
 * Which commit a branch names is asked elsewhere.
 */
import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { errnoOf, LabError } from '../errors/lab-error.ts';

/** Content of a small file; null where it is missing or a folder. Throws LabError (user) where it cannot be read. */
export function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return null;
    throw new LabError('user', `${path} cannot be read`, { cause: error });
  }
}

/** The git folder of the main checkout at `root`, without starting git. */
export function findGitFolder(root: string): string {
  const entry = join(root, '.git');
  const target = statSync(entry, { throwIfNoEntry: false })?.isFile()
    ? /^gitdir: (.+)/.exec(readText(entry) ?? '')?.[1]?.trimEnd()
    : undefined;
  const folder = target === undefined ? entry : resolve(root, target);
  const common = readText(join(folder, 'commondir'))?.trim();
  return common === undefined ? folder : resolve(folder, common);
}

/** Changes whenever a branch has moved, and at a few other times: what its ref says, by a few small reads. */
export function readRefStamp(root: string, branch: string): string {
  const folder = findGitFolder(root);
  const stampOf = (name: string): string => {
    const found = statSync(join(folder, name), { throwIfNoEntry: false });
    return found ? `${found.mtimeMs}:${found.size}:${found.ino}` : '';
  };
  const read: string[] = [];
  let name: string | undefined = `refs/heads/${branch}`;
  for (let hop = 0; name !== undefined && hop < 5; hop++) {
    const text: string | null = readText(join(folder, name));
    read.push(text ?? stampOf('packed-refs'));
    name = /^ref: (.+)/.exec(text ?? '')?.[1]?.trim();
  }
  return [...read, stampOf('reftable/tables.list')].join(' ');
}
