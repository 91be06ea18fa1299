/**
 * Fingerprints of the data that a track names: `data` and `checkout.scoreLinks` of lab.yaml. By content; a file is read again only where
 * its size, its times or its inode changed, which is remembered in .lab/data-fingerprints.json. Data in git counts by its blob, elsewhere.
 */
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { z } from 'zod';
import type { LabPaths } from '../config/lab-paths.ts';
import type { LabConfig } from '../config/schema.ts';
import { errnoOf, LabError } from '../errors/lab-error.ts';
import { readJson, writeJsonSynced } from '../lab/atomic-write.ts';
import { lock } from '../lab/kernel-lock.ts';

/** One path that lab.yaml names as data. */
export interface DataPart {
  /** `data`, or `score-data` for what only the scorer sees. */
  role: 'data' | 'score-data';
  /** As lab.yaml writes it. */
  path: string;
  /** 64 hex digits over the names and contents of its files. */
  fingerprint: string;
  /** False where nothing is at the path. */
  isThere: boolean;
}

const knownContent = z.object({
  size: z.string(),
  mtimeNs: z.string(),
  ctimeNs: z.string(),
  inode: z.string(),
  sha256: z.string(),
});
const knownContents = z.record(z.string(), knownContent);
type Known = z.infer<typeof knownContents>;

/** Something below a named path: a file with its content, or what stands in for one that has none. */
type Found =
  | { kind: 'file'; file: string; marks: Omit<Known[string], 'sha256'> }
  | { kind: 'loop' | 'pipe' | 'socket' | 'device'; file: string };

/** Clocks of file systems tick every few milliseconds; a file that changed this shortly before it was read may change again unseen. */
const tickMs = 100;

/** From this much on that has to be read, processes take turns, so that client and daemon do not read the same gigabytes side by side. */
const turnBytes = 16n * 1024n * 1024n;

const turns = new Map<string, Promise<unknown>>();

/**
 * The data that the configuration names, `data` before `checkout.scoreLinks`. A missing path counts as missing, a link that leads back
 * above itself as a loop, a socket, pipe or device as what it is. Throws LabError (user) that names the file where one cannot be read.
 */
export async function fingerprintData(paths: LabPaths, config: LabConfig): Promise<DataPart[]> {
  const named = [
    ...config.data.map((path) => ({ role: 'data' as const, path })),
    ...config.checkout.scoreLinks.map((path) => ({ role: 'score-data' as const, path })),
  ];
  if (named.length === 0) return [];
  const cacheFile = join(paths.state, 'data-fingerprints.json');
  // One after the other: the second finds what the first has read.
  const work = (turns.get(cacheFile) ?? Promise.resolve()).then(() => fingerprintNamed(paths, named, cacheFile));
  turns.set(
    cacheFile,
    work.catch(() => undefined),
  );
  return await work;
}

/** All named data as 12 hex digits; null where lab.yaml names none. Throws as fingerprintData does. */
export async function dataDigest(paths: LabPaths, config: LabConfig): Promise<string | null> {
  const parts = await fingerprintData(paths, config);
  if (parts.length === 0) return null;
  const text = parts.map(({ role, path, fingerprint, isThere }) => JSON.stringify([role, path, fingerprint, isThere]));
  return createHash('sha256').update(text.join('\n')).digest('hex').slice(0, 12);
}

async function fingerprintNamed(
  paths: LabPaths,
  named: Pick<DataPart, 'role' | 'path'>[],
  cacheFile: string,
): Promise<DataPart[]> {
  const listed = [];
  for (const { role, path } of named) listed.push({ role, path, found: await listFound(paths.root, path) });
  const files = listed.flatMap(({ found }) => found ?? []);
  const known = await readContents(paths, cacheFile, files);
  return listed.map(({ role, path, found }) => ({
    role,
    path,
    fingerprint: hashFound(path, found, known),
    isThere: found !== null,
  }));
}

/** Nothing at the path hashes as nothing, so that tracks of labs from before this had a word for it keep their names. */
function hashFound(path: string, found: Found[] | null, known: Known): string {
  const hash = createHash('sha256');
  if (found?.length === 0) hash.update(`${JSON.stringify([path, 'empty folder'])}\n`);
  for (const one of found ?? []) {
    const content = one.kind === 'file' ? (known[one.file]?.sha256 ?? '') : one.kind;
    hash.update(`${JSON.stringify([one.file, content])}\n`);
  }
  return hash.digest('hex');
}

/** The contents of all files, from the cache where their marks are the same. Files that are gone leave the cache. */
async function readContents(paths: LabPaths, cacheFile: string, found: Found[]): Promise<Known> {
  const files = found.filter((one) => one.kind === 'file');
  const isKnown = (known: Known, { file, marks }: (typeof files)[number]) => {
    const content = Object.hasOwn(known, file) ? known[file] : undefined;
    return (
      content !== undefined &&
      content.size === marks.size &&
      content.mtimeNs === marks.mtimeNs &&
      content.ctimeNs === marks.ctimeNs &&
      content.inode === marks.inode
    );
  };
  let kept = readKnown(cacheFile);
  const unread = files.filter((file) => !isKnown(kept, file));
  const bytes = unread.reduce((sum, { marks }) => sum + BigInt(marks.size), 0n);
  if (unread.length > 0) mkdirSync(paths.state, { recursive: true });
  const turn = bytes >= turnBytes ? await lock(join(paths.state, 'data-fingerprints.lock')) : null;
  try {
    if (turn !== null) kept = readKnown(cacheFile);
    const result: Known = { ...kept };
    let changed = false;
    for (const one of unread) {
      if (isKnown(kept, one)) continue;
      const startedAt = Date.now();
      const sha256 = await hashFile(paths.root, one.file);
      result[one.file] = { ...one.marks, sha256 };
      if (isSettled(paths.root, one.file, one.marks, startedAt)) {
        kept[one.file] = { ...one.marks, sha256 };
        changed = true;
      }
    }
    const present = new Set(files.map(({ file }) => file));
    for (const file of Object.keys(kept)) {
      if (present.has(file) || statSync(join(paths.root, file), { throwIfNoEntry: false })) continue;
      delete kept[file];
      changed = true;
    }
    if (changed) await writeJsonSynced(cacheFile, kept);
    return result;
  } finally {
    turn?.release();
  }
}

/** Whether what was read can be remembered: the file is as it was before, and its last change lies further back than a tick of the clock. */
function isSettled(root: string, file: string, marks: Omit<Known[string], 'sha256'>, startedAt: number): boolean {
  const now = statSync(join(root, file), { bigint: true, throwIfNoEntry: false });
  if (!now || JSON.stringify(marksOf(now)) !== JSON.stringify(marks)) return false;
  const age = startedAt - Number(now.ctimeNs / 1_000_000n);
  // A clock of a file server may be ahead: then nothing can be told from it, and reading again each time would be worse.
  return age < 0 || age > tickMs;
}

type BigStats = { [Key in 'size' | 'mtimeNs' | 'ctimeNs' | 'ino']: bigint };

function marksOf(stats: BigStats): Omit<Known[string], 'sha256'> {
  return {
    size: String(stats.size),
    mtimeNs: String(stats.mtimeNs),
    ctimeNs: String(stats.ctimeNs),
    inode: String(stats.ino),
  };
}

/** The cache as it is on disk. One of another make or a broken one is as good as none: everything is read once more. */
function readKnown(cacheFile: string): Known {
  try {
    const parsed = knownContents.safeParse(readJson(cacheFile) ?? {});
    return parsed.success ? parsed.data : {};
  } catch {
    return {};
  }
}

/** Everything below a path in the order of names; null where nothing is there. */
async function listFound(root: string, path: string): Promise<Found[] | null> {
  const found: Found[] = [];
  let seen = 0;
  const visit = async (place: string, above: string[]): Promise<boolean> => {
    // A folder of a hundred thousand files must not keep the daemon from answering.
    if (++seen % 1000 === 0) await breathe();
    const full = join(root, place);
    const stats = statOrLoop(full);
    if (stats === null) return false;
    if (stats === 'loop') found.push({ kind: 'loop', file: place });
    else if (stats.isDirectory()) {
      const real = realpathSync(full);
      if (above.includes(real)) found.push({ kind: 'loop', file: place });
      else for (const name of readNames(full)) await visit(join(place, name), [...above, real]);
    } else if (stats.isFile()) found.push({ kind: 'file', file: place, marks: marksOf(stats) });
    else found.push({ kind: stats.isSocket() ? 'socket' : stats.isFIFO() ? 'pipe' : 'device', file: place });
    return true;
  };
  return (await visit(path, [])) ? found : null;
}

/** Stats of what a path leads to; null where nothing is there (a link into the void included). */
function statOrLoop(
  full: string,
): (BigStats & Pick<Stats, 'isDirectory' | 'isFile' | 'isSocket' | 'isFIFO'>) | 'loop' | null {
  try {
    return statSync(full, { bigint: true, throwIfNoEntry: false }) ?? null;
  } catch (error) {
    if (errnoOf(error) === 'ELOOP') return 'loop';
    throw unreadable(full, error);
  }
}

function readNames(full: string): string[] {
  try {
    return readdirSync(full).sort();
  } catch (error) {
    throw unreadable(full, error);
  }
}

async function hashFile(root: string, file: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(join(root, file))) hash.update(chunk as Buffer);
  } catch (error) {
    throw unreadable(join(root, file), error);
  }
  return hash.digest('hex');
}

function unreadable(full: string, cause: unknown): LabError {
  return new LabError(
    'user',
    `${full} cannot be read, and lab.yaml names it as data: its content is part of the track`,
    {
      cause,
      hints: [
        `\`ls -ld ${full}\` shows whose it is; make it readable, or take it out of \`data\` or \`checkout.scoreLinks\``,
      ],
    },
  );
}
