import { execFileSync, spawnSync } from 'node:child_process';
import {
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
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { probeSandbox, sandboxArgv } from './bubblewrap.ts';
import { visibleHomePaths } from './home-paths.ts';
import { resolveSandboxSpec, type SandboxSpec } from './sandbox.ts';

const probe = await probeSandbox();
const works = probe.kind === 'bubblewrap';

let base = '';
let home = '';
let root = '';
let checkout = '';
let out = '';

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'nightlab-sandbox-')));
  home = join(base, 'home');
  root = join(home, 'lab');
  checkout = join(root, '.lab', 'trees', '1.1');
  out = join(root, '.lab', 'runs', '1', '1', 'out');
  for (const folder of [root, join(home, '.ssh'), join(home, 'cache'), join(base, 'data')])
    mkdirSync(folder, { recursive: true });
  writeFileSync(join(home, '.ssh', 'id_ed25519'), 'key');
  writeFileSync(join(base, 'data', 'train.bin'), 'data');
  writeFileSync(join(root, 'results.tsv'), 'rows\n');
  writeFileSync(join(root, 'prepare.py'), 'frozen\n');
  mkdirSync(join(root, 'problem', 'deep'), { recursive: true });
  writeFileSync(join(root, 'problem', 'deep', 'eval.py'), 'frozen\n');
  git(root, 'init', '-q', '-b', 'main');
  git(root, 'add', '.');
  git(root, 'commit', '-q', '-m', 'first commit');
  git(root, 'worktree', 'add', '-q', '--detach', checkout);
  symlinkSync(join(base, 'data'), join(checkout, 'data'));
  mkdirSync(out, { recursive: true });
  writeFileSync(join(root, '.lab', 'seed'), 'secret');
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

function git(cwd: string, ...args: string[]): string {
  const author = ['-c', 'user.name=Test', '-c', 'user.email=test@example.org'];
  return execFileSync('git', [...author, ...args], { cwd, encoding: 'utf8' });
}

function specOf(changes: Partial<SandboxSpec> = {}): SandboxSpec {
  return resolveSandboxSpec({
    labRoot: root,
    labState: join(root, '.lab'),
    checkout,
    writable: [checkout, out],
    readOnly: [
      join(checkout, 'prepare.py'),
      join(checkout, 'problem', 'deep', 'eval.py'),
      join(base, 'data'),
      join(checkout, 'missing.lock'),
    ],
    home,
    homeVisible: visibleHomePaths(process.env.PATH ?? '', home),
    hidden: [],
    caches: [join(home, 'cache')],
    gpu: false,
    network: true,
    cwd: checkout,
    ...changes,
  });
}

function runInside(
  command: string,
  changes: Partial<SandboxSpec> = {},
): { code: number | null; stdout: string; stderr: string } {
  const [program, ...args] = [...sandboxArgv(specOf(changes)), '/bin/sh', '-c', command];
  const env = { PATH: process.env.PATH ?? '', HOME: home };
  const { status, stdout, stderr } = spawnSync(program ?? '', args, { encoding: 'utf8', env });
  return { code: status, stdout, stderr };
}

test('the probe names a version, or a reason', () => {
  if (probe.kind === 'bubblewrap') expect(probe.version).toMatch(/^\d+\.\d+/);
  else expect(probe.reason).not.toBe('');
});

test.skipIf(!works)('the checkout, LAB_OUT and a cache are writable for real', () => {
  const cache = join(home, 'cache');
  expect(runInside(`echo a > new.txt && echo b > ${out}/m.txt && echo c > ${cache}/c`)).toMatchObject({
    code: 0,
    stderr: '',
  });
  const written = [join(checkout, 'new.txt'), join(out, 'm.txt'), join(cache, 'c')].map((path) =>
    readFileSync(path, 'utf8'),
  );
  expect(written).toEqual(['a\n', 'b\n', 'c\n']);
});

for (const [what, command] of [
  ['the root’s results.tsv', () => `echo x >> ${root}/results.tsv`],
  ['a frozen file of the checkout', () => 'echo x >> prepare.py'],
  ['a frozen file by replacing it', () => 'echo e > new.py; mv -f new.py prepare.py'],
  ['a frozen file by removing it', () => 'rm -f prepare.py'],
  ['a frozen file by renaming the folder above it', () => 'mv problem p2 && mkdir -p problem/deep'],
  ['a frozen file by renaming a folder further up', () => 'mv problem/deep p2 && mkdir -p problem/deep'],
  ['the git folder', () => `echo x >> ${root}/.git/HEAD`],
  ['the index through git', () => 'echo y > y && git add y'],
  ['linked data', () => 'echo x >> data/train.bin'],
  ['the home folder', () => `echo x > ${home}/x`],
  ['the lab’s state folder', () => `echo x > ${root}/.lab/x`],
  ['the system', () => 'echo x > /etc/nightlab-test'],
  ['a read-only mount by remounting it', () => `mount -o remount,rw ${root}`],
] as const) {
  test.skipIf(!works)(`a run cannot change ${what}`, () => {
    const before = readFileSync(join(root, 'results.tsv'), 'utf8');
    expect(runInside(command()).code).not.toBe(0);
    expect(readFileSync(join(root, 'results.tsv'), 'utf8')).toBe(before);
    expect(readFileSync(join(checkout, 'prepare.py'), 'utf8')).toBe('frozen\n');
    expect(readFileSync(join(checkout, 'problem', 'deep', 'eval.py'), 'utf8')).toBe('frozen\n');
    expect([join(home, 'x'), join(root, '.lab', 'x'), '/etc/nightlab-test'].filter(existsSync)).toEqual([]);
  });
}

test.skipIf(!works)('files beside a frozen one stay writable', () => {
  expect(runInside('echo a > problem/deep/x && mv problem/deep/x problem/deep/y && rm problem/deep/y')).toMatchObject({
    code: 0,
  });
});

test.skipIf(!works)('keys, the lab’s state and foreign processes are invisible', () => {
  const { stdout, stderr } = runInside(
    `ls -A ${home} ${root}/.lab ${root}/.lab/trees; ls ${home}/.ssh; cat ${root}/.lab/seed; kill -0 ${process.pid}`,
  );
  // The name of the temporary folder is made of random letters.
  const shown = stdout.replaceAll(base, '');
  expect(shown).not.toMatch(/ssh|seed/);
  expect(shown).toContain('1.1');
  expect(stderr).toMatch(/\.ssh.*No such file/s);
  expect(stderr).toMatch(/seed: No such file/);
  expect(stderr).toMatch(/kill: .*No such process/);
});

test.skipIf(!works)('git log works in the checkout, and the data that a link leads to is read', () => {
  expect(runInside('git log --format=%s && cat data/train.bin').stdout).toBe('first commit\ndata');
});

test.skipIf(!works)('a hidden folder is empty and a hidden file cannot be read', () => {
  const hidden = [join(base, 'sockets'), join(base, 'token')];
  mkdirSync(hidden[0] ?? '');
  writeFileSync(join(hidden[0] ?? '', 'daemon.sock'), '');
  writeFileSync(hidden[1] ?? '', 'token');
  expect(runInside(`ls -A ${hidden[0]}; cat ${hidden[1]} 2>/dev/null; true`, { hidden }).stdout).toBe('');
});

test.skipIf(!works)('what lies in the machine’s temporary folder is hidden, and writing there leaves nothing', () => {
  const name = `nightlab-left-${process.pid}`;
  expect(runInside(`echo x > /tmp/${name} && cat /tmp/${name}`)).toMatchObject({ code: 0, stdout: 'x\n' });
  expect(existsSync(`/tmp/${name}`)).toBe(false);
});

test.skipIf(!works)('a folder in place of a checkout does not uncover the lab’s state', () => {
  const { stdout } = runInside(`ls -A ${root}/.lab; echo w > ${root}/written`, { writable: [root, out], cwd: root });
  expect(stdout).not.toContain('seed');
  expect(readFileSync(join(root, 'written'), 'utf8')).toBe('w\n');
});

test.skipIf(!works)('python3 of this machine runs where the real home is hidden', () => {
  const realHome = process.env.HOME ?? '/nonexistent';
  const argv = sandboxArgv(specOf({ home: realHome, homeVisible: visibleHomePaths(process.env.PATH ?? '', realHome) }));
  const [program, ...args] = [...argv, 'sh', '-c', `python3 -c 'import json, ssl; print("ran")'; ls -A ${realHome}`];
  const { stdout, stderr } = spawnSync(program ?? '', args, { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(stdout.split('\n')[0]).toBe('ran');
  expect(stdout).not.toMatch(/\.(ssh|npmrc|gitconfig|config|bashrc)$/m);
});

test.skipIf(!works)('without network a listener outside is out of reach', () => {
  expect(runInside('cat /proc/net/dev', { network: false }).stdout).not.toMatch(/eth|ens|enp/);
});

test('the most specific path wins, whatever the order in the spec', () => {
  const argv = sandboxArgv(
    {
      ...{
        labRoot: '/data/lab',
        labState: '/data/lab/.lab',
        checkout: '/data/lab/.lab/t',
        writable: ['/data/lab/.lab/t'],
      },
      ...{ readOnly: ['/data/lab/.lab/t/frozen', '/data'], home: '/', homeVisible: [], hidden: [], caches: [] },
      ...{ gpu: true, network: false, cwd: '/data/lab/.lab/t' },
    },
    () => true,
  );
  const order = ['/data', '/data/lab', '/data/lab/.lab', '/data/lab/.lab/t', '/data/lab/.lab/t/frozen'];
  const places = order.map((path) => argv.indexOf(path));
  expect(places).toEqual([...places].sort((a, b) => a - b));
  expect(places).not.toContain(-1);
  expect(argv.join(' ')).toContain('--dev-bind-try /dev/nvidia0 /dev/nvidia0');
  expect(argv.join(' ')).not.toContain('--tmpfs / ');
  expect(argv).toContain('--unshare-net');
});

test('a lab that is the home folder is refused', () => {
  expect(() => specOf({ labRoot: home })).toThrow(/holds the home folder/);
  expect(() => specOf({ checkout: join(base, 'nowhere') })).toThrow(/the checkout .*nowhere does not exist/);
});
