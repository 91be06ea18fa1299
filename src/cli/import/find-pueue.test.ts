/** Covers which of the files by the name of pueue is asked. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { findPueue, shimMark } from './find-pueue.ts';

let root = '';

afterEach(() => rmSync(root, { recursive: true, force: true }));

test('lab’s own script is passed over and named, and what cannot be run is no program', () => {
  root = mkdtempSync(join(tmpdir(), 'nl-pueue-'));
  const folders = ['empty', 'text', 'shim', 'real'].map((name) => join(root, name));
  for (const folder of folders) mkdirSync(folder);
  const [empty = '', text = '', shim = '', real = ''] = folders;
  writeFileSync(join(text, 'pueue'), '#!/bin/sh\n', { mode: 0o644 });
  writeFileSync(join(shim, 'pueue'), `#!/bin/sh\n${shimMark}, safe to delete.\n`, { mode: 0o755 });
  writeFileSync(join(real, 'pueue'), '#!/bin/sh\n', { mode: 0o755 });
  const find = (...path: string[]) => findPueue(path.join(delimiter));
  expect(find(empty, text, shim, real)).toEqual({ program: join(real, 'pueue'), shim: join(shim, 'pueue') });
  expect(find(real, shim)).toEqual({ program: join(real, 'pueue'), shim: null });
  expect(find(shim)).toEqual({ program: null, shim: join(shim, 'pueue') });
  expect(find(empty, text)).toEqual({ program: null, shim: null });
});
