import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { readIdentity } from '../process-tree.ts';
import { lookAtRun } from './run-look.ts';

const children: ChildProcess[] = [];
const onLinux = process.platform === 'linux';

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function start(env: NodeJS.ProcessEnv): ChildProcess {
  const child = spawn('/bin/sleep', ['600'], { env, stdio: 'ignore', detached: true });
  children.push(child);
  return child;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(10);
}

const lookFor = (marker: string, sinceStart: string | null = null, wrapperPid: number | null = null): number[] =>
  lookAtRun({ marker, wrapperPid, sinceStart }).processes.map(({ pid }) => pid);

test('the marker is found wherever it stands in the environment, and nothing that only looks like it', async () => {
  const marker = `look-${process.pid}/1.1`;
  const marked = [
    { LAB_RUN: marker },
    { LAB_RUN: marker, AFTER: '1' },
    { BEFORE: '1', LAB_RUN: marker, AFTER: '1' },
    { BEFORE: '1', LAB_RUN: marker },
  ].map((env) => start(env).pid);
  start({ LAB_RUN: `${marker}0` });
  start({ OLD_LAB_RUN: marker });
  start({ OTHER: `LAB_RUN=${marker}` });
  // A child shows the environment of its parent until it has become sleep.
  await until(() => lookFor(marker).length === marked.length);
  expect(lookFor(marker).sort()).toEqual([...marked].sort());
});

test.skipIf(!onLinux)('what is older than the step is passed over, and the wrapper itself is not found', async () => {
  const marker = `look-${process.pid}/2.1`;
  const older = start({ LAB_RUN: marker });
  await until(() => lookFor(marker).length === 1);
  const { start: olderStart } = readIdentity(older.pid ?? 0) ?? { start: '' };
  const later = String(Number(olderStart) + 1);
  expect(lookFor(marker, olderStart)).toEqual([older.pid]);
  expect(lookFor(marker, later)).toEqual([]);
  expect(lookFor(marker, null, older.pid)).toEqual([]);
});

test.skipIf(!onLinux)('a look is not sure while a young process shows no environment', async () => {
  const bare = start({});
  const since = readIdentity(bare.pid ?? 0)?.start ?? '';
  const look = () => lookAtRun({ marker: 'nobody/1.1', wrapperPid: null, sinceStart: since });
  await until(() => !look().isSure);
  expect(look()).toEqual({ processes: [], isSure: false });
});
