/** What is built and shipped: packages that few commands need lie apart and are read by none that does not call for them; nothing grows unseen. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
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

test('the two files are asked for by import() inside commands alone, never where a file is loaded', () => {
  for (const name of code.filter((one) => !apart.includes(one)))
    for (const file of [...apart.map((one) => `./${one}`), '@resvg/resvg-js']) {
      const all = read(name).split(`"${file}"`).length - 1;
      const lazy = read(name).split(`import("${file}")`).length - 1;
      expect({ name, file, notLazy: all - lazy }).toEqual({ name, file, notLazy: 0 });
    }
  expect(read('lab-commands.cjs')).toContain('import("./analysis-frame.cjs")');
  expect(read('cli.cjs')).not.toContain('analysis-frame');
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
  for (const name of ['danfojs-node 1.2.0', '@tensorflow/tfjs-core 3.21.0', 'mathjs ']) expect(frame).toContain(name);
  for (const name of ['@observablehq/plot 0.6.17', 'linkedom 0.18.12', 'dejavu-fonts-ttf'])
    expect(picture).toContain(name);
});

test('sizes stay what they are known to be', () => {
  const megabytes = (name: string) => statSync(join(dist, name)).size / 1e6;
  expect(megabytes('cli.cjs')).toBeLessThan(0.6);
  expect(megabytes('lab-commands.cjs')).toBeLessThan(2);
  expect(megabytes('daemon.js')).toBeLessThan(1.2);
  expect(megabytes('analysis-frame.cjs')).toBeLessThan(2.2);
  expect(megabytes('progress-picture.cjs')).toBeLessThan(0.7);
  const all = readdirSync(dist).reduce((sum, name) => sum + megabytes(name), 0);
  expect(all).toBeLessThan(8);
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
