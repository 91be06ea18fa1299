import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { errnoOf } from '../../errors/lab-error.ts';
import { waitUntil } from '../../scenarios/temporary-lab.ts';
import { describeEnd, readLastLines, runCommand } from './run-command.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nightlab-command-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const never = new AbortController().signal;

/** Whether a process of this group is left, be it one that has ended and was not yet reaped. */
function isGroupAlive(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
    return false;
  }
}

test('both streams go to the log and to the listener, and the end is a value', async () => {
  const heard: string[] = [];
  const log = join(folder, 'logs', 'run.log');
  const end = await runCommand(
    'echo one; echo two >&2; exit 3',
    folder,
    log,
    (chunk) => heard.push(String(chunk)),
    never,
  );
  expect(end).toEqual({ exitCode: 3, reason: '' });
  expect(describeEnd(end)).toBe('exit code 3');
  expect((await readFile(log, 'utf8')).split('\n').sort()).toEqual(['', 'one', 'two']);
  expect(heard.join('').split('\n').sort()).toEqual(['', 'one', 'two']);
});

test('of a progress line that was written over the last state is shown, never all of them', async () => {
  await runCommand("printf 'a\\rb\\rc 100 %%\\nlast\\n'", folder, join(folder, 'run.log'), () => undefined, never);
  expect(readLastLines(folder)).toEqual(['c 100 %', 'last']);
});

test('a stop ends what the command has started, too, and is thrown on', async () => {
  const stop = new AbortController();
  const pidFile = join(folder, 'pid');
  const running = runCommand(
    `(echo $$ > pid; exec sleep 1000); true`,
    folder,
    join(folder, 'run.log'),
    () => undefined,
    stop.signal,
  );
  const failed = expect(running).rejects.toThrow('enough');
  await waitUntil('it runs', async () => existsSync(pidFile) && (await readFile(pidFile, 'utf8')).endsWith('\n'));
  const group = Number(await readFile(pidFile, 'utf8'));
  stop.abort(new Error('enough'));
  await failed;
  // What the shell had started is an orphan now: it is counted until the machine's first process has reaped it.
  await waitUntil('nothing of its group is left', async () => !isGroupAlive(group));
});
