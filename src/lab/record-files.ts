/**
 * Reads the markdown files of one record folder (ideas, reports): from the root checkout where main is checked out there, so that
 * what a person wrote and has not committed counts too, else from main's last commit. What the texts say is read by others.
 */
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, LabError, messageOf } from '../errors/lab-error.ts';
import { runGit, runGitBytes, runGitResult } from '../git/run-git.ts';

/** One file as read. */
export interface RecordFile {
  /** Relative to the root, with slashes. */
  path: string;
  /** "" where it could not be read. */
  text: string;
  /** Why it could not be read, for a person; null where it was. */
  problem: string | null;
}

/** Largest file that is read as a record, in bytes. */
export const largestRecordBytes = 1024 * 1024;

/** True for names that hold a record: `*.md`, without templates, readmes, hidden files and what editors leave beside a file. */
export function isRecordName(name: string): boolean {
  return name.endsWith('.md') && !/^[._#~]/.test(name) && !/^readme\.md$/i.test(name);
}

function decode(path: string, bytes: Buffer): RecordFile {
  try {
    // The byte order mark stays: who changes the text has to give it back.
    return { path, text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), problem: null };
  } catch {
    return { path, text: '', problem: `${path} is not UTF-8 text` };
  }
}

function formatTooLarge(path: string, bytes: number): RecordFile {
  const problem = `${path} has ${bytes} bytes, expected at most ${largestRecordBytes}`;
  return { path, text: '', problem };
}

async function isCheckedOut(root: string, main: string): Promise<boolean> {
  const result = await runGitResult(root, ['symbolic-ref', '--quiet', 'HEAD']);
  return result.stdout.toString('utf8').trim() === `refs/heads/${main}`;
}

async function readFromDisk(root: string, folder: string): Promise<RecordFile[]> {
  let names: string[];
  try {
    names = await readdir(join(root, folder));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw new LabError('user', `the folder ${folder} cannot be read`, { cause: error });
  }
  const files = await Promise.all(
    names.filter(isRecordName).map(async (name): Promise<RecordFile[]> => {
      const path = `${folder}/${name}`;
      try {
        const stats = await lstat(join(root, path));
        if (stats.isDirectory()) return [];
        if (!stats.isFile())
          return [{ path, text: '', problem: `${path} is a link or no plain file, expected a file` }];
        if (stats.size > largestRecordBytes) return [formatTooLarge(path, stats.size)];
        return [decode(path, await readFile(join(root, path)))];
      } catch (error) {
        // Moved away between the listing and the reading.
        if (errnoOf(error) === 'ENOENT') return [];
        return [{ path, text: '', problem: `${path} cannot be read: ${messageOf(error)}` }];
      }
    }),
  );
  return files.flat();
}

async function readFromBranch(root: string, main: string, folder: string): Promise<RecordFile[]> {
  const listing = await runGit(root, ['ls-tree', '-z', '-l', '--full-tree', `refs/heads/${main}`, '--', `${folder}/`]);
  const files: RecordFile[] = [];
  const wanted: { path: string; hash: string; size: number }[] = [];
  for (const record of listing.split('\0')) {
    const found = /^(\d+) blob ([0-9a-f]+) +(\d+)\t([\s\S]+)$/.exec(record);
    const path = found?.[4] ?? '';
    if (!isRecordName(path.slice(folder.length + 1))) continue;
    const size = Number(found?.[3]);
    if (found?.[1] === '120000')
      files.push({ path, text: '', problem: `${path} is a link or no plain file, expected a file` });
    else if (size > largestRecordBytes) files.push(formatTooLarge(path, size));
    else wanted.push({ path, hash: found?.[2] ?? '', size });
  }
  if (wanted.length === 0) return files;
  const bytes = await runGitBytes(root, ['cat-file', '--batch'], {
    input: wanted.map(({ hash }) => `${hash}\n`).join(''),
  });
  let at = 0;
  for (const { path, size } of wanted) {
    // `<hash> blob <size>\n<content>\n`, in the order asked for.
    const start = bytes.indexOf(0x0a, at) + 1;
    files.push(decode(path, bytes.subarray(start, start + size)));
    at = start + size + 1;
  }
  return files;
}

/**
 * The record files directly in `folder` ("9_reports"), sorted by path; none where the folder is missing. `main` is the branch's
 * short name. A file that cannot be read is listed with its problem. Throws LabError where the folder or the branch cannot be read.
 */
export async function readRecordFiles(root: string, main: string, folder: string): Promise<RecordFile[]> {
  const files = (await isCheckedOut(root, main))
    ? await readFromDisk(root, folder)
    : await readFromBranch(root, main, folder);
  return files.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}
