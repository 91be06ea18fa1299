/** Limits of idle time and log, pauses and standard input of real supervisors. Whole labs are in src/scenarios/run-limits.test.ts. */
import { closeSync, existsSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { findMarked, isAlive, sendSignal } from '../process-tree.ts';
import { createAttempts, type TestAttempts, until } from './attempts-for-tests.ts';
import { launchSupervisor, requestKill } from './launch.ts';
import { readPauses, sumPauses } from './pause.ts';

let attempts: TestAttempts;

beforeAll(async () => {
  attempts = await createAttempts();
});
afterEach(() => attempts.clean());
afterAll(() => attempts.remove());

const textOf = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');

/** States of the run's processes without their wrapper: "T" stands still. */
function statesOf(dir: string): string[] {
  const wrapper = Number(textOf(join(dir, 'train.pid')).split('\n')[0]);
  return findMarked(attempts.markerOf(dir))
    .filter(({ pid }) => pid !== wrapper)
    .map(({ pid }) => /\) (\w)/.exec(textOf(`/proc/${pid}/stat`))?.[1] ?? 'gone');
}
const stands = (dir: string): boolean => statesOf(dir).length > 0 && statesOf(dir).every((state) => state === 'T');

async function killSupervisor(dir: string): Promise<void> {
  const supervisor = attempts.lastSupervisor(dir);
  if (supervisor === null) throw new Error('no supervisor took the attempt on');
  sendSignal(supervisor.pid, 'SIGKILL');
  await until(() => !isAlive(supervisor));
}

test('a step that prints nothing for its idle limit is ended, and one that prints is not', async () => {
  const quiet = attempts.plan([{ name: 'train', shell: 'echo begin; sleep 600', idleSeconds: 1 }], {
    graceSeconds: 60,
  });
  expect(await attempts.run(quiet)).toMatchObject({
    reason: 'idle',
    steps: [{ signal: 'SIGTERM' }],
    limit: 'train printed nothing for 1 s, its limit of idle time',
  });
  // In all longer than the limit, and far from it between two lines, however busy the machine is.
  const busy = attempts.plan([
    {
      name: 'train',
      shell: 'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18; do echo $i; sleep 0.25; done',
      idleSeconds: 4,
    },
  ]);
  expect(await attempts.run(busy)).toMatchObject({ reason: 'completed', limit: null });
});

test('a log over its limit ends the run that writes it, and head and tail of it stay', async () => {
  const dir = attempts.plan([
    {
      name: 'train',
      shell: `echo first; trap 'echo last; exit 1' TERM; i=0; while :; do i=$((i+1)); echo "line $i of many"; done`,
      maxLogBytes: 20_000,
    },
  ]);
  const exit = await attempts.run(dir);
  expect(exit).toMatchObject({ reason: 'log-limit', limit: 'the log of train grew over its limit of 0.02 MB' });
  const log = textOf(join(dir, 'train.log'));
  expect(log.length).toBeLessThanOrEqual(20_000);
  expect(log).toMatch(/^first\nline 1 of many\n/);
  expect(log).toMatch(/\n\[nightlab: \d+ bytes left out here, the log limit is 20000 bytes\]\n/);
});

test('a writer that ignores its end and floods the log is killed long before its grace is over', async () => {
  const dir = attempts.plan([{ name: 'train', shell: `trap '' TERM; exec cat /dev/zero`, maxLogBytes: 1_000_000 }], {
    graceSeconds: 3600,
  });
  expect(await attempts.run(dir)).toMatchObject({ reason: 'log-limit', steps: [{ signal: 'SIGKILL' }] });
  expect(statSync(join(dir, 'train.log')).size).toBeLessThanOrEqual(1_000_000);
});

test.skipIf(process.platform !== 'linux')(
  'a pause stops the whole tree, counts to no limit, outlives its supervisor and is told by a flag',
  async () => {
    const go = join(attempts.folder, 'go-paused');
    const shell = `setsid sh -c "while :; do sleep 0.1; done" & echo begin; until [ -e ${go} ]; do sleep 0.1; done; echo end; exit 0`;
    const dir = attempts.plan([{ name: 'train', shell, wallSeconds: 6, idleSeconds: 5 }]);
    launchSupervisor(dir, { entry: attempts.entry });
    await until(() => textOf(join(dir, 'train.log')).includes('begin'));
    writeFileSync(join(dir, 'pause'), '');
    await until(() => stands(dir));
    await killSupervisor(dir);
    const pausedAtMs = Date.now();
    const ended = attempts.run(dir);
    // Longer than both limits.
    await until(() => Date.now() - pausedAtMs > 6500);
    expect(stands(dir)).toBe(true);
    writeFileSync(go, '');
    rmSync(join(dir, 'pause'));
    const exit = await ended;
    expect(exit).toMatchObject({ reason: 'completed', supervisors: 2, steps: [{ exitCode: 0 }] });
    expect(exit.flags).toContain('paused');
    expect(textOf(join(dir, 'train.log'))).toBe('begin\nend\n');
    const spans = readPauses(dir, 'train');
    expect(spans).toHaveLength(1);
    expect(spans[0]?.untilMs).toBeGreaterThan(pausedAtMs);
  },
);

test.skipIf(process.platform !== 'linux')(
  'a paused run that is killed gets one SIGTERM and ends politely',
  async () => {
    const dir = attempts.plan([
      {
        name: 'train',
        shell: `exec python3 -c 'import signal,sys,time
def end(*_):
    print("bye", flush=True)
    time.sleep(0.5)  # a second SIGTERM would be met in here
    sys.exit(9)
signal.signal(15, end)
print("ready", flush=True)
time.sleep(600)'`,
      },
    ]);
    const ended = attempts.run(dir);
    await until(() => textOf(join(dir, 'train.log')).includes('ready'));
    writeFileSync(join(dir, 'pause'), '');
    await until(() => stands(dir));
    requestKill(dir, 3600);
    expect(await ended).toMatchObject({ reason: 'killed', steps: [{ exitCode: 9 }], flags: ['paused'] });
    expect(textOf(join(dir, 'train.log'))).toBe('ready\nbye\n');
  },
);

test('train reads what several senders write, also after a change of supervisor; without stdin it reads nothing', async () => {
  const dir = attempts.plan(
    [
      { name: 'train', shell: 'read a; echo "got $a"; read b; echo "got $b"' },
      { name: 'score', shell: 'cat; echo scored' },
    ],
    { stdin: true },
  );
  const send = (line: string): void => {
    // Without waiting for a reader, as `lab send` does.
    const fd = openSync(join(dir, 'stdin'), 'r+');
    writeSync(fd, `${line}\n`);
    closeSync(fd);
  };
  launchSupervisor(dir, { entry: attempts.entry });
  await until(() => existsSync(join(dir, 'train.pid')));
  send('one');
  await until(() => textOf(join(dir, 'train.log')).includes('got one'));
  await killSupervisor(dir);
  const ended = attempts.run(dir);
  send('two');
  expect(await ended).toMatchObject({ reason: 'completed', steps: [{ exitCode: 0 }, { exitCode: 0 }] });
  expect(textOf(join(dir, 'train.log'))).toBe('got one\ngot two\n');
  expect(textOf(join(dir, 'score.log'))).toBe('scored\n');
  expect(existsSync(join(dir, 'stdin'))).toBe(false);

  const closed = attempts.plan([{ name: 'train', shell: 'cat; echo "nothing"' }]);
  await attempts.run(closed);
  expect(textOf(join(closed, 'train.log'))).toBe('nothing\n');
});

test('only the part of a pause that lies after a moment counts from there', () => {
  const spans = [
    { sinceMs: 100, untilMs: 200 },
    { sinceMs: 300, untilMs: null },
  ];
  expect(sumPauses(spans, 0, 350)).toBe(150);
  expect(sumPauses(spans, 150, 250)).toBe(50);
  expect(sumPauses(spans, 320, 350)).toBe(30);
  expect(sumPauses(spans, 200, 300)).toBe(0);
});
