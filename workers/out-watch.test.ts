import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findChanged, listFiles } from './out-watch.ts';

let folder = '';

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'nightlab-out-')));
  mkdirSync(join(folder, 'out', 'deep'), { recursive: true });
  for (const path of ['model', 'deep/weights', 'plain']) writeFileSync(join(folder, 'out', path), 'first');
  writeFileSync(join(folder, 'elsewhere'), 'first');
  symlinkSync('../elsewhere', join(folder, 'out', 'link'));
  symlinkSync('nowhere', join(folder, 'out', 'dangling'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Waits until the file system's clock has gone on: it moves in steps of some milliseconds, and a change within one leaves the times as they were. */
function passTick(): void {
  const probe = join(folder, 'probe');
  const timeOf = () => {
    writeFileSync(probe, 'x');
    return statSync(probe, { bigint: true }).mtimeNs;
  };
  for (const first = timeOf(); timeOf() === first; );
}

const changesOf = (act: (out: string) => void): string[] => {
  const out = join(folder, 'out');
  const before = listFiles(out);
  passTick();
  act(out);
  return findChanged(out, before);
};

test('a file with other bytes of the same length, a replaced one and a missing one are changes', () => {
  const changed = changesOf((out) => {
    writeFileSync(join(out, 'model'), 'other');
    writeFileSync(join(out, 'new'), 'first');
    renameSync(join(out, 'new'), join(out, 'deep', 'weights'));
    rmSync(join(out, 'plain'));
  });
  expect(changed).toEqual(['deep/weights', 'model', 'plain']);
});

test('what a link leads to counts as the file itself', () => {
  expect(changesOf(() => writeFileSync(join(folder, 'elsewhere'), 'other'))).toEqual(['link']);
});

test('new files and files that were only read are no changes', () => {
  expect(changesOf((out) => writeFileSync(join(out, 'deep', 'cache'), 'new'))).toEqual([]);
});

test('no folder has no files, and no more are listed than asked for', () => {
  expect(listFiles(join(folder, 'missing'))).toEqual({});
  expect(Object.keys(listFiles(join(folder, 'out'), 2))).toHaveLength(2);
});
