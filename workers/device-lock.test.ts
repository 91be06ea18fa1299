import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defaultDeviceLockFolder, deviceLockPath, lockDevice, readDeviceHolder } from './device-lock.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nightlab-device-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a device has one holder, who is named while it holds and not afterwards', async () => {
  const locks = join(folder, 'locks');
  expect(await readDeviceHolder(locks, 'gpu0')).toBeNull();
  const held = await lockDevice(locks, 'gpu0', { lab: '/labs/one', job: 12345 });
  expect(held).not.toBeNull();
  expect(await lockDevice(locks, 'gpu0', { lab: '/labs/two', job: 7 })).toBeNull();
  expect(await readDeviceHolder(locks, 'gpu0')).toMatchObject({ lab: '/labs/one', job: 12345, pid: process.pid });
  held?.release();
  expect(await readDeviceHolder(locks, 'gpu0')).toBeNull();
  const next = await lockDevice(locks, 'gpu0', { lab: '/l', job: 7 });
  expect(await readDeviceHolder(locks, 'gpu0')).toMatchObject({ lab: '/l', job: 7 });
  next?.release();
});

test('two devices do not exclude each other', async () => {
  const one = await lockDevice(folder, 'GPU-aa/bb', { lab: '/l', job: 1 });
  const two = await lockDevice(folder, 'cpu0', { lab: '/l', job: 2 });
  expect([one, two]).not.toContain(null);
  expect(deviceLockPath(folder, '../x/y')).toBe(join(folder, '.._x_y.lock'));
  one?.release();
  two?.release();
});

test('folder and files are open to all users whatever the umask', async () => {
  const umask = process.umask(0o077);
  const locks = join(folder, 'locks');
  try {
    (await lockDevice(locks, 'cpu0', { lab: '/l', job: 1 }))?.release();
  } finally {
    process.umask(umask);
  }
  expect(statSync(locks).mode & 0o7777).toBe(0o1777);
  expect(statSync(deviceLockPath(locks, 'cpu0')).mode & 0o777).toBe(0o666);
});

test('a folder that is a link or a file is refused by name', async () => {
  mkdirSync(join(folder, 'real'));
  symlinkSync(join(folder, 'real'), join(folder, 'link'));
  writeFileSync(join(folder, 'file'), '');
  await expect(lockDevice(join(folder, 'link'), 'cpu0', { lab: '/l', job: 1 })).rejects.toThrow(
    /link is a symbolic link/,
  );
  await expect(lockDevice(join(folder, 'file'), 'cpu0', { lab: '/l', job: 1 })).rejects.toThrow(/file is a file/);
});

test('a held lock whose file says nothing has an unknown holder', async () => {
  const held = await lockDevice(folder, 'cpu0', { lab: '/l', job: 1 });
  writeFileSync(deviceLockPath(folder, 'cpu0'), '');
  expect(await readDeviceHolder(folder, 'cpu0')).toBe('unknown');
  held?.release();
});

test('the default folder does not depend on TMPDIR where there is a shared /tmp', () => {
  const before = process.env.TMPDIR;
  process.env.TMPDIR = folder;
  try {
    const isShared = (statSync('/tmp').mode & 0o1002) === 0o1002;
    expect(defaultDeviceLockFolder().startsWith(folder)).toBe(!isShared);
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
});
