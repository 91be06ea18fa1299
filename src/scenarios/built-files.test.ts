/** What is built and shipped: packages that few commands need lie apart and are read by none that does not call for them; nothing grows unseen. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../config/package-root.ts';

const root = packageRoot();
const dist = join(root, 'dist');
const apart = ['analysis-frame.cjs', 'progress-picture.cjs'];
const code = readdirSync(dist).filter((name) => /\.c?js$/.test(name));
const read = (name: string) => readFileSync(join(dist, name), 'utf8');

test('danfojs, Plot and linkedom are in their own two files and in no other', () => {
  expect(read('analysis-frame.cjs')).toContain('groupby');
  // Words of those packages that no code of the lab has.
  const marks = ['tfjs', 'plotly', 'SVGElement', 'HTMLUnknownElement'];
  const others = code.filter((name) => !apart.includes(name));
  expect(others.filter((name) => marks.some((mark) => read(name).includes(mark)))).toEqual([]);
});

test('the two files are asked for by the commands that need them, and by neither the client nor the daemon', () => {
  expect(apart.map((file) => [file, read('lab-commands.cjs').includes(`require("./${file}")`)])).toEqual([
    ['analysis-frame.cjs', true],
    ['progress-picture.cjs', true],
  ]);
  for (const file of [...apart, 'resvg'])
    expect([file, read('cli.cjs').includes(file), read('daemon.js').includes(file)]).toEqual([file, false, false]);
  expect(read('lab-commands.cjs').split('"@resvg/resvg-js"').length).toBe(
    read('lab-commands.cjs').split('import("@resvg/resvg-js")').length,
  );
});

test('a job runs where no package is installed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'nightlab-built-'));
  try {
    for (const part of ['bin', 'dist', 'prompts', 'templates', 'package.json'])
      await cp(join(root, part), join(folder, part), { recursive: true });
    await mkdir(join(folder, 'run'), { mode: 0o700 });
    const own = { HOME: folder, XDG_DATA_HOME: join(folder, 'data'), LAB_DEVICES_LOCK_FOLDER: join(folder, 'locks') };
    const env = { PATH: process.env.PATH, XDG_RUNTIME_DIR: join(folder, 'run'), ...own };
    const start = (...words: string[]) => spawnSync(process.execPath, words, { cwd: folder, encoding: 'utf8', env });
    const lab = (...words: string[]) => start(join('bin', 'lab.cjs'), ...words);
    expect(lab('add', 'true')).toMatchObject({ status: 0 });
    expect(lab('wait', '1')).toMatchObject({ status: 0, stdout: expect.stringContaining('job 1: done') });
    expect(lab('down')).toMatchObject({ status: 0 });
    expect(lab('ideas').stderr).toContain('is in no lab');
    expect(start(join('dist', 'supervisor.js'))).not.toMatchObject({ stderr: expect.stringContaining('ERR_MODULE') });
    for (const name of code)
      expect([name, start('--check', join('dist', name))]).toMatchObject([name, { status: 0, stderr: '' }]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('a loaded client, with all its commands, has read none of them', () => {
  const script = `
    require(process.argv[1]);
    const read = Object.keys(require.cache).filter((path) => /analysis-frame|progress-picture|resvg|danfo/.test(path));
    process.stdout.write(JSON.stringify(read));`;
  const output = execFileSync(process.execPath, ['-e', script, join(dist, 'lab-commands.cjs')], { encoding: 'utf8' });
  expect(JSON.parse(output)).toEqual([]);
});

test('every package that was bundled is named with its licence', () => {
  const frame = readFileSync(join(dist, 'analysis-frame.licences.txt'), 'utf8');
  const picture = readFileSync(join(dist, 'progress-picture.licences.txt'), 'utf8');
  const packages = readFileSync(join(dist, 'packages.licences.txt'), 'utf8');
  for (const name of ['bullmq ', 'ioredis ', 'zod ', 'execa ', 'pino ', 'simple-git ', 'yaml ', 'cac '])
    expect(packages).toContain(`\n${name}`);
  for (const name of ['danfojs-node 1.2.0', '@tensorflow/tfjs-core 3.21.0', 'mathjs ']) expect(frame).toContain(name);
  for (const name of ['@observablehq/plot 0.6.17', 'linkedom 0.18.12', 'dejavu-fonts-ttf'])
    expect(picture).toContain(name);
});

test('sizes stay what they are known to be', () => {
  const megabytes = (name: string) => statSync(join(dist, name)).size / 1e6;
  expect(megabytes('cli.cjs')).toBeLessThan(0.3);
  expect(megabytes('lab-commands.cjs')).toBeLessThan(2);
  expect(megabytes('daemon.js')).toBeLessThan(3.2);
  expect(megabytes('analysis-frame.cjs')).toBeLessThan(2.2);
  expect(megabytes('progress-picture.cjs')).toBeLessThan(0.7);
  const all = readdirSync(dist).reduce((sum, name) => sum + megabytes(name), 0);
  expect(all).toBeLessThan(11);
});

test('whoever installs the package needs nothing of what was bundled, and the lock names no address', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  for (const name of ['danfojs-node', '@observablehq/plot', 'linkedom', 'dejavu-fonts-ttf', 'xlsx', 'request'])
    expect({ name, isRuntime: name in manifest.dependencies }).toEqual({ name, isRuntime: false });
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const entries: { resolved?: string; dependencies?: Record<string, string> }[] = Object.values(lock.packages);
  const addresses = entries.flatMap(({ resolved = '', dependencies = {} }) => [
    resolved,
    ...Object.values(dependencies),
  ]);
  expect(addresses.filter((address) => /^[a-z+]+:\/\//.test(address))).toEqual([]);
});
