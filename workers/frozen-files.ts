/**
 * Main's frozen files on disk, byte for byte and with main's mode, whatever attributes, filters or line ends git was told to apply: laid over a
 * run's checkout, or alone in the scorer's folder. Looks at content and not at git's word for it.
 */
import { createHash } from 'node:crypto';
import { chmodSync, createReadStream, lstatSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { LabConfig } from '../src/config/schema.ts';
import { LabError } from '../src/errors/lab-error.ts';
import { recallBlobs } from '../src/git/blob-content.ts';
import { type FrozenFile, listFrozenFiles } from '../src/rules/frozen.ts';

/** How the pointer begins that Git LFS keeps in place of a content. */
export const lfsPrefix = 'version https://git-lfs.github.com/spec/';

/** Files up to this size are read in one go. */
const atOnceBytes = 256 * 1024;

/** Files whose contents are held in memory at once. */
const batchFiles = 500;

/**
 * Makes every frozen file of a checkout main's own. True where the commit had another content at one of these places (an older one). Throws
 * LabError (refused) where something else than a file is in the way, or where a file of Git LFS is not filled.
 */
export async function layFrozen(
  root: string,
  checkout: string,
  commit: string,
  frozen: readonly FrozenFile[],
  config: Pick<LabConfig, 'rules'>,
): Promise<boolean> {
  const own = new Map((await listFrozenFiles(root, commit, config.rules)).map((file) => [file.path, file.blob]));
  const wrong: FrozenFile[] = [];
  for (const file of frozen) {
    ensureNoLinkAbove(checkout, file.path);
    if (!(await isOnDisk(join(checkout, file.path), file.blob))) wrong.push(file);
    else setMode(join(checkout, file.path), file.mode);
  }
  await writeBlobs(root, checkout, wrong, async (file, content) => {
    // Git keeps the pointer and the checkout has the content: its hash is in the pointer.
    const oid = /^oid sha256:([0-9a-f]{64})$/m.exec(content.subarray(0, 1024).toString('latin1'))?.[1];
    if (oid === undefined || !content.subarray(0, lfsPrefix.length).equals(Buffer.from(lfsPrefix))) return false;
    if ((await hashFile(join(checkout, file.path), 'sha256', null)) !== oid) {
      throw new LabError(
        'refused',
        `${file.path}: frozen and kept by Git LFS, but its content is not the one that main names`,
        {
          hints: ['install git-lfs and run `git lfs install && git lfs fetch --all` in the lab'],
        },
      );
    }
    setMode(join(checkout, file.path), file.mode);
    return true;
  });
  return frozen.some((file) => own.get(file.path) !== file.blob);
}

/** Writes main's frozen files into a folder that holds nothing else: what the scorer is started from. */
export async function exportFrozen(
  root: string,
  main: string,
  config: Pick<LabConfig, 'rules'>,
  folder: string,
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await writeBlobs(root, folder, await listFrozenFiles(root, main, config.rules), async () => false);
}

/** Writes blobs to their places, but for those that `isFine` says are right as they are. */
async function writeBlobs(
  root: string,
  folder: string,
  files: readonly FrozenFile[],
  isFine: (file: FrozenFile, content: Buffer) => Promise<boolean>,
): Promise<void> {
  for (let at = 0; at < files.length; at += batchFiles) {
    const batch = files.slice(at, at + batchFiles);
    const blobs = await recallBlobs(
      root,
      batch.map(({ blob }) => blob),
    );
    for (const file of batch) {
      const content = blobs.get(file.blob);
      if (content === undefined) throw new LabError('internal', `git has no content for ${file.path} (${file.blob})`);
      if (!(await isFine(file, content))) writeFrozen(folder, file, content);
    }
  }
}

function writeFrozen(folder: string, file: FrozenFile, content: Buffer): void {
  const target = join(folder, file.path);
  ensureNoLinkAbove(folder, file.path);
  const found = lstatSync(target, { throwIfNoEntry: false });
  if (found?.isDirectory()) {
    throw new LabError(
      'refused',
      `${file.path} is a folder in this commit, expected ${file.path} of main, a frozen file`,
    );
  }
  mkdirSync(dirname(target), { recursive: true });
  // Made anew and never written into: through a link the content would land elsewhere.
  if (found) unlinkSync(target);
  writeFileSync(target, content, { flag: 'wx' });
  setMode(target, file.mode);
}

function setMode(path: string, mode: string): void {
  const wanted = mode === '100755';
  const { mode: found } = lstatSync(path);
  if (((found & 0o111) !== 0) !== wanted) chmodSync(path, wanted ? 0o755 : 0o644);
}

/** Whether a plain file at `path` is exactly the blob, by git's own hash. */
async function isOnDisk(path: string, blob: string): Promise<boolean> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined || !found.isFile()) return false;
  // Git names blobs by SHA-1, or by SHA-256 where the repository was made so.
  return (await hashFile(path, blob.length === 64 ? 'sha256' : 'sha1', found.size)) === blob;
}

/** Hash of a file's content; with `blobBytes` as git counts it. "" where there is no file. */
async function hashFile(path: string, algorithm: 'sha1' | 'sha256', blobBytes: number | null): Promise<string> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isFile() !== true) return '';
  const hash = createHash(algorithm);
  if (blobBytes !== null) hash.update(`blob ${blobBytes}\0`);
  // A stream takes longer to open than a small file to read.
  if (found.size <= atOnceBytes) return hash.update(readFileSync(path)).digest('hex');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** Throws LabError (refused) where something above `path` is not a folder: what is written below a link would land elsewhere. */
export function ensureNoLinkAbove(folder: string, path: string): void {
  const parts = path.split('/').slice(0, -1);
  for (let depth = 1; depth <= parts.length; depth++) {
    const above = parts.slice(0, depth).join('/');
    const found = lstatSync(join(folder, above), { throwIfNoEntry: false });
    if (found === undefined) return;
    if (found.isDirectory()) continue;
    const what = found.isSymbolicLink() ? 'a link' : 'a file';
    throw new LabError(
      'refused',
      `${above} is ${what} in this commit, expected a folder: ${path} of main belongs below it`,
    );
  }
}
