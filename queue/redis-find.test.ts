import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findAllOnPath, findRedis, isRedisTooOld } from './redis-find.ts';
import { chooseRedis, installRedis } from './redis-install.ts';

let folder: string;
let bin: string;
let cacheDir: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'find-'));
  bin = join(folder, 'bin');
  cacheDir = join(folder, 'cache');
  mkdirSync(bin);
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A server program that can only say its version. */
function writeServer(file: string, answer: string): string {
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${answer}\n`);
  chmodSync(file, 0o755);
  return file;
}

const saysVersion = (version: string): string => `echo "Redis server v=${version} sha=0 malloc=libc bits=64"`;

/** What findRedis gives with only `bin` on PATH. */
const find = (install: 'auto' | 'never' = 'auto') => findRedis({ url: null, cacheDir, install, path: bin });

test('a URL is taken before any server on PATH', async () => {
  writeServer(join(bin, 'redis-server'), saysVersion('7.0.15'));
  expect(await findRedis({ url: 'redis://box:6379', cacheDir, install: 'auto', path: bin })).toEqual({
    kind: 'url',
    url: 'redis://box:6379',
  });
});

test('redis-server on PATH is taken before valkey-server and before the cache', async () => {
  const binary = writeServer(join(bin, 'redis-server'), saysVersion('7.0.15'));
  writeServer(join(bin, 'valkey-server'), saysVersion('8.0.1'));
  writeServer(join(cacheDir, 'server', 'usr', 'bin', 'redis-server'), saysVersion('7.2.0'));
  expect(await find()).toEqual({ kind: 'server', binary, from: 'path', libraryPath: null, version: '7.0.15' });
});

test('valkey-server serves where the redis-server on PATH is older than 6.2', async () => {
  writeServer(join(bin, 'redis-server'), saysVersion('6.0.16'));
  const binary = writeServer(join(bin, 'valkey-server'), 'echo "Valkey server v=8.0.1 sha=0"');
  expect(await find()).toMatchObject({ kind: 'server', binary, version: '8.0.1' });
});

test('the copy in the cache is used where PATH has none, with its own libraries, even where installing is forbidden', async () => {
  const binary = writeServer(join(cacheDir, 'server', 'usr', 'bin', 'redis-server'), saysVersion('7.0.15'));
  const libraryPath = join(cacheDir, 'server', 'usr', 'lib', 'x86_64-linux-gnu');
  mkdirSync(libraryPath, { recursive: true });
  expect(await find('never')).toEqual({ kind: 'server', binary, from: 'cache', libraryPath, version: '7.0.15' });
});

test.runIf(process.platform === 'linux')(
  'with apt-get and no server it is installable, and says which server was skipped and why',
  async () => {
    const old = writeServer(join(bin, 'redis-server'), saysVersion('5.0.14'));
    const broken = writeServer(
      join(cacheDir, 'server', 'usr', 'bin', 'redis-server'),
      'echo "libatomic.so.1: not found" >&2; exit 127',
    );
    writeServer(join(bin, 'apt-get'), 'exit 1');
    writeServer(join(bin, 'dpkg-deb'), 'exit 1');
    const choice = await find();
    expect(choice.kind).toBe('installable');
    if (choice.kind !== 'installable') return;
    expect(choice.skipped[0]).toBe(`${old} is version 5.0.14, at least 6.2 is needed`);
    expect(choice.skipped[1]).toContain(`${broken} does not run`);
    expect(choice.skipped[1]).toContain('libatomic.so.1: not found');
  },
);

test.runIf(process.platform === 'linux')(
  'redis.install never leaves the stand-in, with the command that gives a real server',
  async () => {
    writeServer(join(bin, 'apt-get'), 'exit 1');
    writeServer(join(bin, 'dpkg-deb'), 'exit 1');
    const choice = await find('never');
    expect(choice.kind).toBe('stand-in');
    if (choice.kind === 'stand-in') expect(choice.reason).toContain('`apt-get install redis-server`');
  },
);

test('on a machine with nothing at all the stand-in is left, with a reason, and choosing tries no install', async () => {
  const said: string[] = [];
  const choice = await chooseRedis({ url: null, cacheDir, install: 'auto', path: bin, say: (line) => said.push(line) });
  expect(choice.kind).toBe('stand-in');
  expect(said).toEqual([]);
});

test('a file that is not executable is not found on PATH', async () => {
  writeFileSync(join(bin, 'redis-server'), '');
  expect(await findAllOnPath('redis-server', `${bin}:/nowhere:`)).toEqual([]);
});

test.each([
  ['6.0.16', true],
  ['6.2.0', false],
  ['5.9', true],
  ['7.0.15', false],
  ['10.0', false],
  ['0', true],
])('version %s too old: %s', (version, tooOld) => {
  expect(isRedisTooOld(version)).toBe(tooOld);
});

test.runIf(process.platform === 'linux')('a cache folder that cannot be made is a reason, not an error', async () => {
  writeFileSync(join(folder, 'file'), '');
  const choice = await installRedis({ cacheDir: join(folder, 'file', 'cache'), say: () => {} });
  expect(choice).toMatchObject({ kind: 'stand-in' });
});

const hasNetwork = process.platform === 'linux' && process.env.LAB_TEST_NETWORK === '1';

test.runIf(hasNetwork)(
  'two fetches at once without any redis-server on PATH end with one copy that starts, and no leftovers',
  async () => {
    for (const name of ['apt-get', 'dpkg-deb']) {
      const [real] = await findAllOnPath(name, process.env.PATH ?? '');
      symlinkSync(real ?? '', join(bin, name));
    }
    const options = { url: null, cacheDir, install: 'auto' as const, path: bin, say: () => {} };
    const choices = await Promise.all([chooseRedis(options), chooseRedis(options)]);
    expect(choices[0]).toMatchObject({ kind: 'server', from: 'cache' });
    expect(choices[1]).toEqual(choices[0]);
    expect(await findAllOnPath('redis-server', join(cacheDir, 'server', 'usr', 'bin'))).toHaveLength(1);
    expect(await find('never')).toEqual(choices[0]);
  },
);
