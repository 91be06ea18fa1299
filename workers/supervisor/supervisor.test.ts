import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { probeSandbox } from '../../src/sandbox/bubblewrap.ts';
import { lockDevice, readDeviceHolder } from '../device-lock.ts';
import { findMarked, isAlive, type ProcessIdentity } from '../process-tree.ts';
import { createAttempts, readKeptPeakMib, type TestAttempts, until } from './attempts-for-tests.ts';
import { launchSupervisor, readAttempt, requestKill, waitForExit } from './launch.ts';

let attempts: TestAttempts;
const works = (await probeSandbox()).kind === 'bubblewrap';

beforeAll(async () => {
  attempts = await createAttempts();
});
beforeEach(() => attempts.clean());
let held: Awaited<ReturnType<typeof lockDevice>> = null;
afterEach(() => {
  held?.release();
  held = null;
  attempts.clean();
});
afterAll(() => attempts.remove());

function linesOf(path: string): string[] {
  return existsSync(path)
    ? readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : [];
}

test('a run with three steps completes with codes, times, logs, memory, and nothing left', async () => {
  const measured = join(attempts.folder, 'measured');
  const python = `import os,time
b = b"x" * (60 << 20)
time.sleep(0.6)
while not os.path.exists("${measured}"): time.sleep(0.01)`;
  const dir = attempts.plan([
    { name: 'prepare', shell: 'echo made' },
    {
      name: 'train',
      shell: `echo "seed $LAB_SEED run $LAB_RUN"; echo bad >&2; python3 -c '${python}'`,
      env: { LAB_SEED: '7' },
    },
    { name: 'score', shell: 'pwd' },
  ]);
  const ended = attempts.run(dir);
  // A step ends when it ends, however few samples a busy machine has taken by then.
  await until(() => linesOf(join(dir, 'device.tsv')).length > 2 && readKeptPeakMib(dir) > 60);
  writeFileSync(measured, '');
  const exit = await ended;
  expect(exit).toMatchObject({ reason: 'completed', supervisors: 1, problem: null, memorySource: 'process-tree' });
  expect(exit.steps.map(({ name, exitCode, signal }) => [name, exitCode, signal])).toEqual([
    ['prepare', 0, null],
    ['train', 0, null],
    ['score', 0, null],
  ]);
  expect(exit.steps[1]?.seconds).toBeGreaterThan(0.55);
  expect(exit.peakMemoryMib).toBeGreaterThan(60);
  expect(exit.peakMemoryMib).toBeLessThan(200);
  expect(readFileSync(join(dir, 'train.log'), 'utf8')).toBe(`seed 7 run ${attempts.markerOf(dir)}\nbad\n`);
  expect(readFileSync(join(dir, 'score.log'), 'utf8')).toBe(`${attempts.folder}\n`);
  const samples = linesOf(join(dir, 'device.tsv'));
  expect(samples[0]).toBe('seconds\trss_mib\tgpu_mib');
  expect(samples.length).toBeGreaterThan(2);
  expect(readdirSync(dir).filter((name) => name.endsWith('.tmp') || name === 'waiting.json')).toEqual([]);
  // The last wrapper ends a moment after it has written its step's exit code.
  await until(() => findMarked(attempts.markerOf(dir)).length === 0);
  // The supervisor frees the device when it ends, a moment after its last word.
  await until(async () => (await readDeviceHolder(attempts.locks, 'cpu0')) === null);
});

test('a step that fails keeps its code, and no further step is started', async () => {
  const dir = attempts.plan([
    { name: 'train', shell: 'exit 3' },
    { name: 'score', shell: 'echo never' },
  ]);
  const exit = await attempts.run(dir);
  expect(exit.reason).toBe('completed');
  expect(exit.steps).toMatchObject([{ name: 'train', exitCode: 3, signal: null }]);
  expect(existsSync(join(dir, 'score.log'))).toBe(false);
});

test('a step that a signal ends has the signal and no exit code', async () => {
  const exit = await attempts.run(attempts.plan([{ name: 'train', shell: 'kill -SEGV $$' }]));
  expect(exit.steps).toMatchObject([{ exitCode: null, signal: 'SIGSEGV' }]);
});

test('a command or a folder that does not exist fails like in a shell, with the reason in the log', async () => {
  const missing = attempts.plan([{ name: 'train', argv: ['/no/such/program'] }]);
  expect((await attempts.run(missing)).steps).toMatchObject([{ exitCode: 127 }]);
  expect(readFileSync(join(missing, 'train.log'), 'utf8')).toMatch(/\/no\/such\/program/);
  const nowhere = attempts.plan([{ name: 'train', shell: 'true', cwd: '/no/such/folder' }]);
  expect((await attempts.run(nowhere)).steps).toMatchObject([{ exitCode: 126 }]);
  expect(readFileSync(join(nowhere, 'train.log'), 'utf8')).toBe('nightlab: the folder /no/such/folder is gone\n');
});

test('a step that the system refuses to start is a failed step with the reason in its log', async () => {
  const dir = attempts.plan([{ name: 'train', shell: 'true', env: { BIG: 'x'.repeat(300_000) } }]);
  const exit = await attempts.run(dir);
  expect(exit).toMatchObject({ reason: 'completed', steps: [{ exitCode: 126 }] });
  expect(readFileSync(join(dir, 'train.log'), 'utf8')).toMatch(/cannot start the train step: .*E2BIG/);
});

test('a broken plan starts nothing and the log names the field', async () => {
  const dir = attempts.plan([{ name: 'train', shell: 'true' }]);
  const plan = JSON.parse(readFileSync(join(dir, 'plan.json'), 'utf8')) as object;
  writeFileSync(join(dir, 'plan.json'), JSON.stringify({ ...plan, devices: [{ id: 'tpu0', class: 'tpu' }] }));
  launchSupervisor(dir, { entry: attempts.entry });
  await until(() =>
    readFileSync(join(dir, 'supervisor.log'), 'utf8').includes('devices[0].class is "tpu", expected cpu or gpu'),
  );
  expect(readAttempt(dir)).toEqual({
    ...{ waitsFor: [], startedAt: null, devices: null, isWithdrawn: false, step: null, exit: null },
  });
});

test('where supervisors end at once the wait says so with their last words, after a few tries', async () => {
  const dir = attempts.plan([{ name: 'train', shell: 'true' }]);
  writeFileSync(join(dir, 'plan.json'), '{}');
  await expect(attempts.run(dir)).rejects.toThrow(/ends as soon as it is launched: .*schema is undefined, expected 1/);
});

test('secrets reach the steps and no file of the attempt', async () => {
  const dir = attempts.plan([{ name: 'train', shell: '[ "$MY_TOKEN" = s3cr3t"-"value ]' }], {
    secretNames: ['MY_TOKEN', 'ABSENT'],
  });
  const exit = await waitForExit(dir, { entry: attempts.entry, secrets: { MY_TOKEN: 's3cr3t-value' } });
  expect(exit).toMatchObject({ steps: [{ exitCode: 0 }] });
  for (const name of readdirSync(dir)) expect(readFileSync(join(dir, name), 'utf8')).not.toContain('s3cr3t-value');
  expect(readFileSync(join(dir, 'supervisor.log'), 'utf8')).toContain('ABSENT is named as a secret and not set');
});

test('processes that a step leaves behind are gone before the next step begins', async () => {
  const dir = attempts.plan([
    { name: 'train', shell: `setsid sleep 600 & echo $! > left; exit 0` },
    { name: 'score', shell: 'case "$(ps -o stat= -p $(cat left))" in ""|Z*) echo gone;; *) echo alive;; esac' },
  ]);
  await attempts.run(dir);
  expect(readFileSync(join(dir, 'score.log'), 'utf8')).toBe('gone\n');
});

// Its grandchild has a session of its own; with `env` it has also lost every name that the lab finds its processes by.
const doubleFork = (env: string, body: string): string =>
  `import os,sys\nif os.fork() == 0:\n os.setsid()\n if os.fork() == 0:\n  os.closerange(0, 256)\n  os.execve(sys.executable, [sys.executable, "-c", ${JSON.stringify(body)}], ${env})\n os._exit(0)\nos.wait()`;

test('a grandchild that double-forked away from train is dead before the scorer starts, and the run says that it was there', async () => {
  const body = "import os,time; open('away','w').write(str(os.getpid())); time.sleep(600)";
  const dir = attempts.plan([
    {
      name: 'train',
      shell: 'rm -f away; python3 -c "$FORK"; until [ -s away ]; do sleep 0.05; done',
      env: { FORK: doubleFork('dict(os.environ)', body) },
    },
    { name: 'score', shell: 'case "$(ps -o stat= -p $(cat away))" in ""|Z*) echo gone;; *) echo alive;; esac' },
  ]);
  const exit = await attempts.run(dir);
  expect(readFileSync(join(dir, 'score.log'), 'utf8')).toBe('gone\n');
  expect(exit.flags).toEqual(['leftovers']);
  expect(readFileSync(join(dir, 'leftovers'), 'utf8')).toMatch(/^python\S* \(\d+\)\n$/);
});

test('a process that has shed its environment and changes a file under the scorer is shown', async () => {
  const out = join(attempts.folder, 'out-changed');
  mkdirSync(out);
  const pidFile = join(attempts.folder, 'away-pid');
  // It waits for the scorer to say that it has begun to read.
  const body = `import os,time
open(${JSON.stringify(pidFile)}, 'w').write(str(os.getpid()))
while not os.path.exists(${JSON.stringify(join(out, 'reading'))}): time.sleep(0.01)
open(${JSON.stringify(join(out, 'model'))}, 'w').write('better')
open(${JSON.stringify(join(out, 'done'))}, 'w')`;
  const dir = attempts.plan(
    [
      {
        name: 'train',
        shell: `echo 1 > ${out}/model; echo 1 > ${out}/other; python3 -c "$FORK"; until [ -s ${pidFile} ]; do sleep 0.05; done`,
        env: { FORK: doubleFork('{}', body) },
      },
      {
        name: 'score',
        shell: `cat ${out}/model; touch ${out}/reading; until [ -e ${out}/done ]; do sleep 0.05; done; cat ${out}/model`,
      },
    ],
    { scoreReads: out },
  );
  const exit = await attempts.run(dir);
  expect(readFileSync(join(dir, 'score.log'), 'utf8')).toBe('1\nbetter');
  expect(exit).toMatchObject({ reason: 'completed', flags: ['changed-while-scored'] });
  expect(readFileSync(join(dir, 'supervisor.log'), 'utf8')).toContain('changed while the scorer read: "model"');
});

test('a scorer that reads and adds files of its own is no change, and a quiet run has no flags', async () => {
  const out = join(attempts.folder, 'out-quiet');
  mkdirSync(out);
  const dir = attempts.plan(
    [
      {
        name: 'train',
        shell: `mkdir ${out}/deep; echo 1 > ${out}/deep/model; ln -s deep/model ${out}/link; (sleep 0.1 &)`,
      },
      { name: 'score', shell: `cat ${out}/link; echo 2 > ${out}/deep/new` },
    ],
    { scoreReads: out },
  );
  expect(await attempts.run(dir)).toMatchObject({ reason: 'completed', flags: [] });
});

test('the wall limit ends also a grandchild that double-forked into a session of its own', async () => {
  const python = 'import os,time\nif os.fork() == 0:\n os.setsid()\n if os.fork(): os._exit(0)\ntime.sleep(600)';
  const dir = attempts.plan(
    [
      // What a shell ignores its programs ignore from their first moment, also where the limit is over before Python runs.
      { name: 'train', shell: `trap '' TERM; exec python3 -c '${python}'`, wallSeconds: 2 },
      { name: 'score', shell: 'true' },
    ],
    { graceSeconds: 1 },
  );
  const exit = await attempts.run(dir);
  expect(exit).toMatchObject({ reason: 'timeout', steps: [{ name: 'train', exitCode: null, signal: 'SIGKILL' }] });
  expect(exit.steps).toHaveLength(1);
  // Longer than the limit alone; its clock begins with the wrapper, a moment before the step.
  expect(exit.steps[0]?.seconds).toBeGreaterThanOrEqual(2.5);
  // But for the wrapper, which ends a moment after it has written the exit code.
  await until(() => findMarked(attempts.markerOf(dir)).length === 0);
});

const lastWords = `import signal,sys,time
def end(*_):
  time.sleep(0.3); print("last words", flush=True); sys.exit(9)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
time.sleep(600)`;

for (const kind of ['plain', 'sandboxed'] as const) {
  test.skipIf(kind === 'sandboxed' && !works)(
    `a ${kind} run that is asked to end may finish its last words behind a shell`,
    async () => {
      const prefix =
        kind === 'plain'
          ? []
          : 'bwrap --ro-bind / / --dev /dev --proc /proc --unshare-pid --die-with-parent --new-session --'.split(' ');
      const shell = `cd / && python3 -c '${lastWords}'; exit $?`;
      const dir = attempts.plan([{ name: 'train', argv: [...prefix, '/bin/sh', '-c', shell] }]);
      const ended = attempts.run(dir);
      await until(() => linesOf(join(dir, 'train.log')).includes('ready'));
      requestKill(dir, 60);
      const exit = await ended;
      // The third line is the wrapper's word on the shell.
      expect(linesOf(join(dir, 'train.log')).slice(0, 2)).toEqual(['ready', 'last words']);
      // The shell is not let go on to pass the code 9 on: it would go on to its next command.
      expect(exit).toMatchObject({ reason: 'killed', steps: [{ signal: 'SIGTERM' }] });
    },
  );
}

test('a second kill request shortens the grace of the first', async () => {
  const dir = attempts.plan([
    {
      name: 'train',
      shell: `exec python3 -c 'import signal,time; signal.signal(15, signal.SIG_IGN); print("ready", flush=True); time.sleep(600)'`,
    },
  ]);
  const ended = attempts.run(dir);
  await until(() => linesOf(join(dir, 'train.log')).includes('ready'));
  requestKill(dir, 3600);
  await until(() => existsSync(join(dir, 'train.stop')));
  requestKill(dir, 0);
  expect(await ended).toMatchObject({ reason: 'killed', steps: [{ signal: 'SIGKILL' }] });
});

test('a run that waits for its device says for whom, and can be killed before it starts', async () => {
  // The supervisor of the test before may take a moment to end after its last word.
  while (held === null) held = await lockDevice(attempts.locks, 'cpu0', { lab: '/other/lab', job: 41 });
  const dir = attempts.plan([{ name: 'train', shell: 'echo ran' }]);
  const ended = attempts.run(dir);
  await until(() => readAttempt(dir).waitsFor.length > 0);
  expect(readAttempt(dir)).toMatchObject({
    waitsFor: [{ device: 'cpu0', holder: { lab: '/other/lab', job: 41 } }],
    ...{ startedAt: null, devices: null, step: null },
  });
  requestKill(dir, 1);
  expect(await ended).toMatchObject({
    reason: 'killed',
    steps: [],
    startedAt: null,
    peakMemoryMib: null,
    memorySource: 'none',
  });
  expect(existsSync(join(dir, 'train.log'))).toBe(false);
});

test('attempts on one device never overlap', async () => {
  const trace = join(attempts.folder, 'trace');
  const shell = `echo begin >> ${trace}; sleep 0.2; echo end >> ${trace}`;
  const dirs = [1, 2, 3].map(() =>
    attempts.plan([
      { name: 'train', shell },
      { name: 'score', shell },
    ]),
  );
  const exits = await Promise.all(dirs.map((dir) => attempts.run(dir)));
  expect(exits.map((exit) => exit.reason)).toEqual(['completed', 'completed', 'completed']);
  expect(linesOf(trace)).toEqual(Array.from({ length: 6 }, () => ['begin', 'end']).flat());
});

test('two supervisors launched for one attempt run it once', async () => {
  const dir = attempts.plan([{ name: 'train', shell: 'echo once; sleep 0.5' }]);
  for (let count = 0; count < 3; count++) spawn(process.execPath, [attempts.entry, dir], { stdio: 'ignore' });
  expect(await attempts.run(dir)).toMatchObject({ reason: 'completed', supervisors: 1 });
  expect(linesOf(join(dir, 'train.log'))).toEqual(['once']);
});

test('a restart of the machine makes a begun run interrupted, and nothing is started', async () => {
  const dir = attempts.plan([{ name: 'train', shell: 'echo ran' }]);
  const supervisor: ProcessIdentity = { pid: 1, start: '1', bootId: 'earlier' };
  writeFileSync(
    join(dir, 'started'),
    JSON.stringify({ schema: 1, supervisor, bootId: 'earlier', at: new Date().toISOString() }),
  );
  writeFileSync(join(dir, 'train.pid'), '1\nx\nend\n');
  expect(isAlive(supervisor)).toBe(false);
  expect(await attempts.run(dir)).toMatchObject({
    reason: 'interrupted',
    steps: [{ name: 'train', exitCode: null }],
    problem: 'the machine was restarted during the run',
  });
  expect(existsSync(join(dir, 'train.log'))).toBe(false);
});

test('the wait can be given up without touching the run', async () => {
  const go = join(attempts.folder, 'go-given-up');
  const dir = attempts.plan([{ name: 'train', shell: `until [ -e ${go} ]; do sleep 0.05; done; echo done` }]);
  const abort = new AbortController();
  const given = waitForExit(dir, { entry: attempts.entry, signal: abort.signal });
  await until(() => readAttempt(dir).step?.name === 'train');
  abort.abort(new Error('closing'));
  await expect(given).rejects.toThrow('closing');
  writeFileSync(go, '');
  expect(await attempts.run(dir)).toMatchObject({ reason: 'completed', supervisors: 1 });
});

test('the views tell waiting, step and end in their order', async () => {
  const shown = (name: string): string => join(attempts.folder, `shown-${name}`);
  const shell = (name: string): string => `until [ -e ${shown(name)} ]; do sleep 0.05; done`;
  const dir = attempts.plan([
    { name: 'prepare', shell: shell('prepare') },
    { name: 'train', shell: shell('train') },
  ]);
  const seen: string[] = [];
  await waitForExit(dir, {
    entry: attempts.entry,
    onChange: (view) => {
      const name = view.exit?.reason ?? view.step?.name ?? '-';
      seen.push(name);
      // Views are made by looking: a step that ends sooner can be passed over.
      writeFileSync(shown(name), '');
    },
  });
  expect(seen.filter((name, index) => name !== '-' && name !== seen[index - 1])).toEqual([
    'prepare',
    'train',
    'completed',
  ]);
});

const isRootOnLinux = process.platform === 'linux' && process.getuid?.() === 0;

test.skipIf(!isRootOnLinux)('a full disk delays the outcome and loses nothing', async () => {
  const disk = join(attempts.folder, 'disk');
  mkdirSync(disk, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk], { stdio: 'ignore' });
  } catch {
    return; // Mounting is not allowed here.
  }
  try {
    const full = join(attempts.folder, 'disk-is-full');
    const shell = `echo ran; cat /dev/zero > ${disk}/filler; echo > ${full}; exit 4`;
    const dir = attempts.plan([{ name: 'train', shell }], {}, disk);
    const ended = attempts.run(dir);
    await until(() => existsSync(full));
    // The wrapper waits for room, unless a file that was just replaced has left it some.
    await until(
      () =>
        findMarked(attempts.markerOf(dir)).some((info) => info.name === 'sleep') ||
        linesOf(join(dir, 'train.exit')).length > 0,
    );
    writeFileSync(join(disk, 'filler'), '');
    expect(await ended).toMatchObject({ reason: 'completed', steps: [{ exitCode: 4 }] });
    expect(linesOf(join(dir, 'train.log'))[0]).toBe('ran');
  } finally {
    execFileSync('umount', ['-l', disk]);
  }
});
