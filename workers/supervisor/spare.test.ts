import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { isAlive, listProcesses, type ProcessIdentity, readIdentity, sendSignal } from '../process-tree.ts';
import { createAttempts, type TestAttempts, until } from './attempts-for-tests.ts';
import { launchSupervisor, waitForExit } from './launch.ts';
import { dropSpare, keepSpare } from './spare.ts';

let attempts: TestAttempts;
// A spare is told from other processes by its command line in /proc.
const onLinux = process.platform === 'linux';
const children: ChildProcess[] = [];

beforeAll(async () => {
  attempts = await createAttempts();
});
afterEach(async () => {
  dropSpare();
  for (const child of children.splice(0)) child.kill('SIGKILL');
  attempts.clean();
  // The next test must not take a spare that is about to end for its own.
  if (onLinux) await until(() => sparesOf(process.pid).length === 0);
});
afterAll(() => attempts.remove());

/** The spares of a process, by their command line. */
function sparesOf(parentPid: number): ProcessIdentity[] {
  return listProcesses()
    .filter((info) => info.parentPid === parentPid && readCommand(info.pid).includes('--spare'))
    .flatMap(({ pid }) => readIdentity(pid) ?? []);
}

function readCommand(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    // It has ended since it was listed.
    return [];
  }
}

/** The one spare of a process; `usedPid`: one that has been given an attempt, and may still be about to end. */
async function findSpare(parentPid = process.pid, usedPid = -1): Promise<ProcessIdentity> {
  let found: ProcessIdentity[] = [];
  await until(() => {
    found = sparesOf(parentPid).filter(({ pid }) => pid !== usedPid);
    return found.length === 1;
  });
  return found[0] as ProcessIdentity;
}

test.skipIf(!onLinux)(
  'an attempt is run by the spare, which knows its secrets from the pipe only, and another spare follows',
  async () => {
    keepSpare({ entry: attempts.entry });
    const spare = await findSpare();
    const looked = join(attempts.folder, 'looked');
    const shell = `[ "$MY_TOKEN" = s3cr3t"-"valüe ]; echo $?; until [ -e ${looked} ]; do sleep 0.05; done`;
    const dir = attempts.plan([{ name: 'train', shell }], { secretNames: ['MY_TOKEN'] });
    const ended = waitForExit(dir, { entry: attempts.entry, secrets: { MY_TOKEN: 's3cr3t-valüe' } });
    await until(() => readdirSync(dir).includes('train.log'));
    expect(attempts.lastSupervisor(dir)).toEqual(spare);
    expect(readFileSync(`/proc/${spare.pid}/environ`, 'utf8')).not.toContain('s3cr3t-val');
    writeFileSync(looked, '');
    expect(await ended).toMatchObject({ reason: 'completed', supervisors: 1 });
    expect(readFileSync(join(dir, 'train.log'), 'utf8')).toBe('0\n');
    for (const name of readdirSync(dir)) expect(readFileSync(join(dir, name), 'utf8')).not.toContain('s3cr3t-val');
    await findSpare(process.pid, spare.pid);
  },
);

test.skipIf(!onLinux)('what goes wrong in a spare stands in its attempt’s log', async () => {
  keepSpare({ entry: attempts.entry });
  await findSpare();
  const dir = attempts.plan([{ name: 'train' }]);
  writeFileSync(join(dir, 'plan.json'), '{}');
  launchSupervisor(dir, { entry: attempts.entry });
  await until(() => readFileSync(join(dir, 'supervisor.log'), { flag: 'a+' }).includes('schema is undefined'));
});

test.skipIf(!onLinux)('a spare that died is not waited for: the attempt gets a supervisor of its own', async () => {
  keepSpare({ entry: attempts.entry });
  const spare = await findSpare();
  sendSignal(spare.pid, 'SIGKILL');
  const dir = attempts.plan([{ name: 'train', shell: 'echo ran' }]);
  expect(await attempts.run(dir)).toMatchObject({ reason: 'completed' });
  expect(readFileSync(join(dir, 'train.log'), 'utf8')).toBe('ran\n');
});

test.skipIf(!onLinux)('a spare ends when it is dropped, and when the process that kept it is killed', async () => {
  keepSpare({ entry: attempts.entry });
  const spare = await findSpare();
  dropSpare();
  await until(() => !isAlive(spare));

  const keeper = join(attempts.folder, 'keeper.mjs');
  await build({
    stdin: {
      contents: `import { keepSpare } from './spare.ts'; keepSpare({ entry: process.argv[2] }); setInterval(() => {}, 1000);`,
      resolveDir: import.meta.dirname,
    },
    outfile: keeper,
    ...{ bundle: true, format: 'esm', platform: 'node', target: 'node20', logLevel: 'warning' },
  });
  const child = spawn(process.execPath, [keeper, attempts.entry], { stdio: 'ignore' });
  children.push(child);
  const other = await findSpare(child.pid);
  child.kill('SIGKILL');
  await until(() => !isAlive(other));
});
