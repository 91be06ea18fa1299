import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import {
  descendantsOf,
  findMarked,
  isAlive,
  listProcesses,
  parseProcStat,
  readBootId,
  readIdentity,
  readProcess,
  residentMib,
  sendSignal,
} from './process-tree.ts';

const children: ChildProcess[] = [];
const markers: string[] = [];

afterEach(() => {
  for (const marker of markers.splice(0)) for (const info of findMarked(marker)) sendSignal(info.pid, 'SIGKILL');
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function start(command: string, marker: string): number {
  const child = spawn('/bin/sh', ['-c', command], { stdio: 'ignore', env: { ...process.env, LAB_RUN: marker } });
  children.push(child);
  markers.push(marker);
  return child.pid ?? 0;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(10);
}

test('descendants are found over several levels, and the process itself is not one', async () => {
  const pid = start('sh -c "sleep 600; :" ; :', `t/${process.pid}.1`);
  await until(() => descendantsOf(pid).some((info) => info.name === 'sleep'));
  expect(descendantsOf(pid).map((info) => info.pid)).not.toContain(pid);
  expect(descendantsOf(process.pid).map((info) => info.pid)).toContain(pid);
});

test('a marked process is found after setsid and a double fork took it out of the tree', async () => {
  const marker = `t/${process.pid}.2`;
  const python = 'import os,time\nif os.fork(): os._exit(0)\nos.setsid()\nif os.fork(): os._exit(0)\ntime.sleep(600)';
  const pid = start(`exec python3 -c '${python}'`, marker);
  await until(() => readProcess(pid) === null && findMarked(marker).length === 1);
  expect(descendantsOf(process.pid).map((info) => info.pid)).not.toContain(findMarked(marker)[0]?.pid);
  expect(findMarked(`t/${process.pid}.`)).toEqual([]);
});

test('an identity is alive only while the same process is', async () => {
  const pid = start('sleep 600', `t/${process.pid}.3`);
  const identity = readIdentity(pid);
  if (identity === null) throw new Error('the child has no identity');
  expect(identity.bootId).toBe(readBootId());
  expect(isAlive(identity)).toBe(true);
  expect(isAlive({ ...identity, start: '1' })).toBe(false);
  expect(isAlive({ ...identity, bootId: 'another' })).toBe(false);
  process.kill(pid, 'SIGKILL');
  await until(() => !isAlive(identity));
  expect(() => sendSignal(999_999_999, 'SIGTERM')).not.toThrow();
});

test.skipIf(process.platform !== 'linux')('a zombie is not alive', async () => {
  // The parent never waits for its child.
  const pid = start('sleep 0 & exec sleep 600', `t/${process.pid}.4`);
  await until(() => readProcess(pid)?.name === 'sleep' && descendantsOf(pid).length === 0);
  expect(listProcesses().every((info) => info.parentPid !== pid)).toBe(true);
});

test('resident memory follows what a process really holds and is missing for one that is gone', async () => {
  const pid = start(`exec python3 -c 'import time; block = b"x" * (80 << 20); time.sleep(600)'`, `t/${process.pid}.5`);
  await until(() => (residentMib([pid]).totalMib ?? 0) > 80);
  expect(residentMib([pid]).totalMib).toBeLessThan(160);
  expect(residentMib([999_999_999]).totalMib).toBeNull();
  expect(residentMib([]).totalMib).toBeNull();
});

test.skipIf(process.platform !== 'linux')('memory that forked processes share is counted once', async () => {
  const marker = `t/${process.pid}.6`;
  start(`exec python3 -c 'import os,time; block = b"x" * (80 << 20); os.fork(); os.fork(); time.sleep(600)'`, marker);
  const pids = () =>
    findMarked(marker)
      .filter((info) => info.name.startsWith('python'))
      .map((info) => info.pid);
  await until(() => pids().length === 4 && (residentMib(pids()).totalMib ?? 0) > 80);
  expect(residentMib(pids()).totalMib).toBeLessThan(160);
});

test('a program name with spaces and brackets does not shift the fields of /proc/<pid>/stat', () => {
  const fields = ['S', '7', '42', '43', ...Array.from({ length: 15 }, () => '0'), '98765', '1', '2'].join(' ');
  expect(parseProcStat(`42 (a) b (c) ${fields}`)).toEqual({
    pid: 42,
    parentPid: 7,
    sessionId: 43,
    start: '98765',
    name: 'a) b (c',
  });
  expect(parseProcStat(`42 (x) ${fields.replace('S', 'Z')}`)).toBeNull();
  expect(parseProcStat('Sat Nov 21 03:44:34 2026')).toBeNull();
});
