/**
 * Brings what an agent of `lab meta run` changed into the root checkout: all of it or nothing, never through a link, and only where the root's
 * file is still what the agent began with.
 */
import type { Stats } from 'node:fs';
import { lstat, mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoOf } from '../errors/lab-error.ts';
import type { DiffFile } from '../git/diff-facts.ts';
import { runGit, runGitBytes } from '../git/run-git.ts';
import { writeFileSynced } from '../lab/atomic-write.ts';

/** Why a change does not fit the root checkout any more, one sentence per file; empty where all of it fits. */
export async function checkRoot(root: string, files: readonly DiffFile[]): Promise<string[]> {
  const problems: string[] = [];
  for (const file of files) {
    const problem = (await checkWay(root, file.path)) ?? (await checkTarget(root, file));
    if (problem !== null) problems.push(`${file.path} ${problem}`);
  }
  return problems;
}

async function checkWay(root: string, path: string): Promise<string | null> {
  const parts = path.split('/').slice(0, -1);
  for (let count = 1; count <= parts.length; count += 1) {
    const folder = parts.slice(0, count).join('/');
    const stat = await readStat(join(root, folder));
    if (stat === null) return null;
    if (!stat.isDirectory()) return `lies below ${folder}, which is ${describeKind(stat)} in the root checkout`;
  }
  return null;
}

async function checkTarget(root: string, { path, oldBlob }: DiffFile): Promise<string | null> {
  const stat = await readStat(join(root, path));
  if (stat === null) return oldBlob === null ? null : 'is gone from the root checkout meanwhile';
  if (!stat.isFile()) return `is ${describeKind(stat)} in the root checkout`;
  if (oldBlob === null) return 'is new for the agent and is there in the root checkout already';
  return (await isBlob(root, path, oldBlob)) ? null : 'changed in the root checkout meanwhile';
}

/** With and without the conversions of .gitattributes, since a file may lie in the checkout as it was committed before they were set. */
async function isBlob(root: string, path: string, blob: string): Promise<boolean> {
  for (const option of [[], ['--no-filters']]) {
    if ((await runGit(root, ['hash-object', ...option, '--', path])).trim() === blob) return true;
  }
  return false;
}

function describeKind(stat: Stats): string {
  if (stat.isSymbolicLink()) return 'a link';
  return stat.isDirectory() ? 'a folder' : 'no plain file';
}

async function readStat(path: string): Promise<Stats | null> {
  try {
    return await lstat(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return null;
    throw error;
  }
}

/**
 * Writes the files as `commit` has them into the root checkout; to be called right after checkRoot. Where one cannot be written, those before
 * it are put back and the error is thrown on.
 */
export async function applyFiles(root: string, commit: string, files: readonly DiffFile[]): Promise<void> {
  const undo: (() => Promise<void>)[] = [];
  try {
    for (const { path, newMode } of files) {
      const target = join(root, path);
      const stat = await readStat(target);
      const before = stat === null ? null : await readFile(target);
      undo.push(async () => {
        if (stat === null || before === null) await rm(target, { force: true });
        else await writeFileSynced(target, before, { mode: stat.mode & 0o777 });
      });
      if (newMode === null) {
        await rm(target);
        continue;
      }
      const bytes = await runGitBytes(root, ['cat-file', '--filters', `${commit}:${path}`]);
      await mkdir(dirname(target), { recursive: true });
      await writeFileSynced(target, bytes, modeOf(stat, newMode === '100755'));
    }
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error;
  }
}

/** Keeps the rights that a file has; only whether it is executable follows the change. */
function modeOf(stat: Stats | null, isProgram: boolean): { mode?: number } {
  if (stat === null) return isProgram ? { mode: 0o755 } : {};
  const readable = (stat.mode & 0o444) >> 2;
  const plain = stat.mode & 0o666;
  return { mode: isProgram ? plain | readable : plain };
}
