import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lock, lockTools, tryLock, waitForLock } from './kernel-lock.ts';

let folder = '';
let path = '';
const pids: number[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nightlab-lock-'));
  path = join(folder, 'a.lock');
});

afterEach(() => {
  for (const pid of pids.splice(0)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Ended by the test itself.
    }
  }
  rmSync(folder, { recursive: true, force: true });
});

async function isFree(): Promise<boolean> {
  const probe = await tryLock(path);
  probe?.release();
  return probe !== null;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(10);
}

for (const tool of lockTools) {
  const isThere = spawnSync(tool, ['--version']).error === undefined;
  test.skipIf(!isThere)(
    `${tool} keeps a second taker out, whichever tool that one uses, until the release`,
    async () => {
      const held = await tryLock(path, { tools: [tool] });
      expect(held).not.toBeNull();
      for (const other of lockTools) {
        if (spawnSync(other, ['--version']).error === undefined)
          expect(await tryLock(path, { tools: [other] })).toBeNull();
      }
      held?.release();
      expect(await isFree()).toBe(true);
    },
  );
}

for (const tool of lockTools) {
  const isThere = spawnSync(tool, ['--version']).error === undefined;
  test.skipIf(!isThere)(
    `${tool} waits for the holder in the kernel, and holds nothing where its wait was given up`,
    async () => {
      const held = await tryLock(path);
      const abort = new AbortController();
      const given = waitForLock(path, { tools: [tool], signal: abort.signal });
      let opened = -1;
      const patient = waitForLock(path, { tools: [tool], onOpen: (fd) => (opened = fd) });
      expect(opened).toBeGreaterThan(2);
      abort.abort(new Error('enough'));
      await expect(given).rejects.toThrow('enough');
      held?.release();
      const got = await patient;
      expect(got.fd).toBe(opened);
      expect(await isFree()).toBe(false);
      got.release();
      expect(await isFree()).toBe(true);
    },
  );
}

test('a missing tool is passed over, and with none left the error names them', async () => {
  const path1 = process.env.PATH;
  process.env.PATH = folder;
  try {
    await expect(tryLock(path)).rejects.toThrow(/flock: not installed; perl: not installed; python3: not installed/);
  } finally {
    process.env.PATH = path1;
  }
});

test('a broken tool is passed over', async () => {
  const path1 = process.env.PATH;
  writeFileSync(join(folder, 'flock'), '#!/bin/sh\nexit 64\n', { mode: 0o755 });
  process.env.PATH = `${folder}:${path1}`;
  try {
    const held = await tryLock(path);
    expect(held).not.toBeNull();
    held?.release();
  } finally {
    process.env.PATH = path1;
  }
});

const hasFlock = spawnSync('flock', ['--version']).error === undefined;

test.skipIf(!hasFlock)(
  'a killed holder leaves the lock with the child that has the descriptor, and the child’s end frees it',
  async () => {
    // Holds the file as descriptor 3 and hands it to a child before it is killed.
    const parent = spawn('/bin/sh', ['-c', `exec 3>>"${path}"; flock -n 3; sleep 600 & echo $!; wait`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const child = Number(
      await new Promise<string>((resolve) => parent.stdout.once('data', (chunk) => resolve(String(chunk)))),
    );
    pids.push(parent.pid ?? 0, child);
    expect(await isFree()).toBe(false);
    parent.kill('SIGKILL');
    await until(() => parent.signalCode !== null);
    expect(await isFree()).toBe(false);
    process.kill(child, 'SIGKILL');
    await until(isFree);
  },
);

test('a child that was given the descriptor keeps the lock after our release', async () => {
  const held = await tryLock(path);
  const child = spawn('sleep', ['600'], { stdio: ['ignore', 'ignore', 'ignore', held?.fd ?? 'ignore'] });
  pids.push(child.pid ?? 0);
  held?.release();
  held?.release();
  expect(await isFree()).toBe(false);
  child.kill('SIGKILL');
  await until(isFree);
});

test('a child that was not given the descriptor does not hold the lock', async () => {
  const held = await tryLock(path);
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  pids.push(child.pid ?? 0);
  held?.release();
  expect(await isFree()).toBe(true);
});

test('lock waits for the holder and stops waiting when its signal aborts', async () => {
  const held = await tryLock(path);
  const abort = new AbortController();
  const given = lock(path, { signal: abort.signal });
  const patient = lock(path);
  abort.abort(new Error('enough'));
  await expect(given).rejects.toThrow();
  held?.release();
  const got = await patient;
  expect(await isFree()).toBe(false);
  got.release();
});

test('the mode of a new lock file is as asked whatever the umask, and a link is refused', async () => {
  const umask = process.umask(0o077);
  try {
    (await tryLock(path, { mode: 0o666 }))?.release();
  } finally {
    process.umask(umask);
  }
  expect(statSync(path).mode & 0o777).toBe(0o666);
  symlinkSync(path, join(folder, 'link.lock'));
  await expect(tryLock(join(folder, 'link.lock'))).rejects.toThrow(/symbolic link/);
});
