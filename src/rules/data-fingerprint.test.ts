import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, realpath, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type LabPaths, labPaths } from '../config/lab-paths.ts';
import { configSchema } from '../config/schema.ts';
import { dataDigest, fingerprintData } from './data-fingerprint.ts';

let root = '';
let paths: LabPaths;
const config = configSchema.parse({ data: ['data'] });
const cacheFile = () => join(root, '.lab', 'data-fingerprints.json');
const digest = () => dataDigest(paths, config);

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'data-')));
  paths = labPaths(root);
  await mkdir(join(root, 'data'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** A file whose last change lies far enough back for the cache. */
async function writeSettled(path: string, text: string): Promise<string> {
  const file = join(root, path);
  await writeFile(file, text);
  // The clock of the file system has to tick before what is read can be told from what comes next.
  await delay(150);
  return file;
}

/** Replaces what the cache remembers of a file by a content that it never had. */
async function forgeCache(file: string): Promise<void> {
  const known = JSON.parse(await readFile(cacheFile(), 'utf8'));
  known[file].sha256 = createHash('sha256').update('forged').digest('hex');
  await writeFile(cacheFile(), JSON.stringify(known));
}

test('a lab that names no data has no digest', async () => {
  expect(await dataDigest(paths, configSchema.parse({}))).toBeNull();
});

test('the digest follows content, names and the scorer alone data, and is not a matter of time', async () => {
  const file = await writeSettled('data/a', 'one');
  const first = await digest();
  expect(first).toMatch(/^[0-9a-f]{12}$/);
  await utimes(file, 1, 1);
  expect(await digest()).toBe(first);
  const seen = new Set([first]);
  await writeFile(file, 'two');
  seen.add(await digest());
  await rename(file, join(root, 'data', 'b'));
  seen.add(await digest());
  seen.add(await dataDigest(paths, configSchema.parse({ checkout: { scoreLinks: ['data'] } })));
  expect(seen.size).toBe(4);
});

test('a file is read once, and not again by who comes later, until its times, size or inode differ', async () => {
  const file = await writeSettled('data/a', 'one');
  const honest = await digest();
  await forgeCache('data/a');
  // Only a cache that is trusted can give another answer than the file.
  const forged = await digest();
  expect(forged).not.toBe(honest);
  await chmod(file, 0o600);
  await delay(150);
  expect(await digest()).toBe(honest);
  await forgeCache('data/a');
  await writeFile(join(root, 'copy'), 'one');
  await utimes(join(root, 'copy'), 1, 1);
  await rename(join(root, 'copy'), file);
  expect(await digest()).toBe(honest);
});

test('a change within the same tick of the clock, of the same size, is seen', async () => {
  for (let round = 0; round < 20; round++) {
    await writeFile(join(root, 'data', 'a'), `round ${round % 10}`);
    const before = await digest();
    await writeFile(join(root, 'data', 'a'), `ROUND ${round % 10}`);
    expect(await digest()).not.toBe(before);
  }
});

test('entries of files that are gone leave the cache, and a broken cache is written anew', async () => {
  await writeFile(join(root, 'data', 'gone'), 'one');
  await writeSettled('data/stays', 'two');
  const before = await digest();
  expect(Object.keys(JSON.parse(await readFile(cacheFile(), 'utf8'))).sort()).toEqual(['data/gone', 'data/stays']);
  await writeFile(cacheFile(), '{"data/stays": {');
  expect(await digest()).toBe(before);
  await rm(join(root, 'data', 'gone'));
  await digest();
  expect(Object.keys(JSON.parse(await readFile(cacheFile(), 'utf8')))).toEqual(['data/stays']);
});

test('a missing path is missing, which is not an empty folder; links are followed, in circles only once', async () => {
  const empty = await digest();
  await rm(join(root, 'data'), { recursive: true });
  expect((await fingerprintData(paths, config))[0]?.isThere).toBe(false);
  expect(await digest()).not.toBe(empty);
  await mkdir(join(root, 'elsewhere', 'deep'), { recursive: true });
  await writeFile(join(root, 'elsewhere', 'deep', 'a'), 'one');
  await symlink(join(root, 'elsewhere'), join(root, 'data'));
  await symlink('..', join(root, 'elsewhere', 'deep', 'up'));
  await symlink('self', join(root, 'elsewhere', 'self'));
  const linked = await digest();
  await writeFile(join(root, 'elsewhere', 'deep', 'a'), 'two');
  expect(await digest()).not.toBe(linked);
});

test('a pipe is not waited for and a socket not opened', async () => {
  execFileSync('mkfifo', [join(root, 'data', 'pipe')]);
  const before = await digest();
  await rm(join(root, 'data', 'pipe'));
  expect(await digest()).not.toBe(before);
});

test.skipIf(process.platform !== 'linux')('a file that cannot be read is named', async () => {
  // For root everything is readable; the start of a process's memory is not even for it.
  await symlink('/proc/self/mem', join(root, 'data', 'secret'));
  await expect(digest()).rejects.toThrow(/data\/secret cannot be read/);
});

test('two that ask at once, for more than a turn takes, get the same answer', async () => {
  await writeFile(join(root, 'data', 'large'), Buffer.alloc(20 * 1024 * 1024, 7));
  const [one, two] = await Promise.all([digest(), digest()]);
  expect(one).toBe(two);
});
