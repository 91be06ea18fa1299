import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listProcesses } from './process-tree.ts';
import { forgetPythons, hidePlaces, probePython } from './python-probe.ts';
import type { PlannedStep } from './supervisor/plan.ts';

let around: string;
let top: string;

beforeEach(() => {
  around = realpathSync(mkdtempSync(join(tmpdir(), 'nl-py-')));
  top = join(around, 'checkout');
  mkdirSync(top);
  forgetPythons();
});
afterEach(() => rmSync(around, { recursive: true, force: true }));

function stepWith(changes: Partial<PlannedStep> = {}): PlannedStep {
  const env = { PATH: process.env.PATH ?? '', HOME: around, LAB_RUN: 'x/1.1' };
  const argv = ['/bin/sh', '-c', 'true'];
  return {
    name: 'train',
    argv,
    cwd: top,
    env,
    log: 'run.log',
    wallSeconds: null,
    idleSeconds: null,
    maxLogBytes: null,
    ...changes,
  };
}

function write(path: string, text: string, mode = 0o644): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

/** A real environment without pip; gives its folder of packages. */
function makeEnvironment(folder: string): string {
  execFileSync('python3', ['-m', 'venv', '--without-pip', folder]);
  const [name = ''] = execFileSync('ls', [join(folder, 'lib')], { encoding: 'utf8' })
    .trim()
    .split('\n');
  return join(folder, 'lib', name, 'site-packages');
}

const addPackage = (packages: string, name: string, version: string) =>
  write(join(packages, `${name}-${version}.dist-info`, 'METADATA'), `Name: ${name}\nVersion: ${version}\n`);

test('the Python on the PATH of the run tells its version', async () => {
  const version = execFileSync('python3', ['--version'], { encoding: 'utf8' }).replace('Python ', '').trim();
  expect(await probePython({ step: stepWith(), top })).toMatchObject({ version });
});

test("the checkout's own environment is asked before the PATH, and its packages are sorted by name", async () => {
  const packages = makeEnvironment(join(top, '.venv'));
  addPackage(packages, 'zeta', '1.0');
  addPackage(packages, 'Alpha_part', '2.0+local');
  write(join(packages, 'broken-1.dist-info', 'RECORD'), '');
  write(join(packages, 'noise.pth'), 'import sys; sys.stdout.write("rubbish\\n{}\\n")\n');
  expect(await probePython({ step: stepWith(), top })).toMatchObject({
    executable: '.venv/bin/python',
    packages: ['Alpha_part==2.0+local', 'zeta==1.0'],
  });
});

test.each([
  ['prints rubbish', 'echo "hello"; exit 3'],
  ['answers without the mark', 'echo \'{"version":"3.1","executable":"/x","packages":[],"paths":[]}\''],
  [
    'forges a second line',
    'for last; do :; done; echo "$last{\\"version\\":\\"3.1\\\\n3.2\\",\\"executable\\":\\"/x\\",\\"packages\\":[],\\"paths\\":[]}"',
  ],
  [
    'names a package with a line end',
    'for last; do :; done; echo "$last{\\"version\\":\\"3.1\\",\\"executable\\":\\"/x\\",\\"packages\\":[\\"a==1\\\\nb==2\\"],\\"paths\\":[]}"',
  ],
  ['never stops printing', 'exec yes'],
  ['says nothing', ''],
])('an interpreter that %s gives no answer', async (_what, body) => {
  write(join(top, '.venv', 'bin', 'python'), `#!/bin/sh\n${body}\n`, 0o755);
  expect(await probePython({ step: stepWith(), top })).toBeNull();
});

test('an interpreter that hangs is ended with what it started, and asked no second time for a while', async () => {
  const bin = join(around, 'shims');
  write(join(around, 'versions', 'x'), '');
  const counter = join(around, 'count');
  // A length that no other run of these tests sleeps.
  const length = `997.${process.pid}`;
  write(join(bin, 'python3'), `#!/bin/sh\necho x >> ${counter}\nsleep ${length} & sleep ${length}\n`, 0o755);
  const step = stepWith({ env: { PATH: `${bin}:/usr/bin:/bin` } });
  expect(await probePython({ step, top, limitMs: 4000 })).toBeNull();
  expect(await probePython({ step, top, limitMs: 4000 })).toBeNull();
  expect(readFileSync(counter, 'utf8')).toBe('x\n');
  const left = () => listProcesses().filter(({ pid }) => commandOf(pid).includes(`sleep\u0000${length}`));
  await expect.poll(() => left().length, { timeout: 60_000 }).toBe(0);
});

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

test('one interpreter is asked once, and again when a package is installed or another PYTHONPATH is set', async () => {
  const packages = makeEnvironment(join(around, 'env'));
  const counter = join(around, 'count');
  write(join(packages, 'count.pth'), `import os; open(${JSON.stringify(counter)}, "a").write("x")\n`);
  const env = { PATH: `${join(around, 'env', 'bin')}:/usr/bin:/bin` };
  const first = await probePython({ step: stepWith({ env }), top });
  expect(first?.packages).toEqual([]);
  // A start may read the folder of packages more than once.
  const perStart = readFileSync(counter, 'utf8').length;
  const asked = () => readFileSync(counter, 'utf8').length / perStart;
  // Linked into a checkout it is the same one.
  symlinkSync(join(around, 'env'), join(top, '.venv'));
  await probePython({ step: stepWith({ env }), top });
  const before = asked();
  expect(await probePython({ step: stepWith({ env }), top })).toMatchObject({ packages: [] });
  expect(asked()).toBe(before);
  addPackage(packages, 'added', '1.0');
  expect((await probePython({ step: stepWith({ env }), top }))?.packages).toEqual(['added==1.0']);
  expect(asked()).toBe(before + 1);
  addPackage(join(around, 'more'), 'added', '9.0');
  const other = stepWith({ env: { ...env, PYTHONPATH: join(around, 'more') } });
  expect((await probePython({ step: other, top }))?.packages).toEqual(['added==9.0']);
});

test('an environment inside the checkout is asked every time', async () => {
  const packages = makeEnvironment(join(top, 'venv'));
  await probePython({ step: stepWith(), top });
  rmSync(join(top, 'venv'), { recursive: true });
  addPackage(makeEnvironment(join(top, 'venv')), 'other', '1.0');
  expect(existsSync(packages)).toBe(true);
  expect((await probePython({ step: stepWith(), top }))?.packages).toEqual(['other==1.0']);
});

test('without any Python, or with a command line that is no known sandbox, nothing is started', async () => {
  mkdirSync(join(around, 'empty'));
  expect(await probePython({ step: stepWith({ env: { PATH: join(around, 'empty') } }), top })).toBeNull();
  const marker = join(around, 'ran');
  write(join(top, '.venv', 'bin', 'python'), `#!/bin/sh\ntouch ${marker}\n`, 0o755);
  expect(await probePython({ step: stepWith({ argv: ['jail', '--', '/bin/sh', '-c', 'true'] }), top })).toBeNull();
  expect(existsSync(marker)).toBe(false);
});

test('a pipe in the place of a file that chooses a version does not stop the worker', async () => {
  const bin = join(around, 'shims');
  write(join(around, 'versions', 'x'), '');
  execFileSync('mkfifo', [join(top, '.python-version')]);
  write(join(bin, 'python3'), '#!/bin/sh\nexec /bin/false\n', 0o755);
  expect(await probePython({ step: stepWith({ env: { PATH: bin } }), top })).toBeNull();
});

test.each([
  ['/lab/.lab/trees/7.1/.venv/bin/python', '.venv/bin/python'],
  ['/home/ada/tools/bin/python3', '~/tools/bin/python3'],
  ['/scratch/ada/env/bin/python3', '/scratch/~/env/bin/python3'],
  ['/home/adam/bin/python3', '/home/adam/bin/python3'],
  ['/usr/bin/python3.11', '/usr/bin/python3.11'],
])('%s is shown as %s', (path, shown) => {
  expect(hidePlaces(path, '/lab/.lab/trees/7.1', '/home/ada', 'ada')).toBe(shown);
});
