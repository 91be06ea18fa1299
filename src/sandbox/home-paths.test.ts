import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { visibleHomePaths } from './home-paths.ts';

let home = '';

beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'nightlab-home-')));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function make(...folders: string[]): void {
  for (const folder of folders) mkdirSync(join(home, folder), { recursive: true });
}

function visible(...entries: string[]): string[] {
  return visibleHomePaths(entries.map((entry) => join(home, entry)).join(':'), home).map((path) =>
    relative(home, path),
  );
}

test('entries outside the home, missing ones and relative ones ask for nothing', () => {
  expect(visibleHomePaths('/usr/bin:/bin::relative/bin', home)).toEqual([]);
  expect(visible('no/such/bin')).toEqual([]);
  expect(visibleHomePaths('/usr/bin', '/nonexistent')).toEqual([]);
});

test('each tool chain keeps what it needs, and cargo’s credentials stay hidden', () => {
  make('.pyenv/shims', '.nvm/versions/node/v20/bin', '.cargo/bin', '.cargo/registry', '.rustup');
  writeFileSync(join(home, '.cargo', 'credentials.toml'), 'token');
  expect(visible('.pyenv/shims')).toEqual(['.pyenv']);
  expect(visible('.nvm/versions/node/v20/bin')).toEqual(['.nvm/versions']);
  expect(visible('.cargo/bin')).toEqual(['.cargo/bin', '.rustup']);
});

test('programs installed for the user keep their libraries, not the rest of .local/share', () => {
  make('.local/bin', '.local/lib', '.local/share/uv', '.local/share/keyrings');
  expect(visible('.local/bin')).toEqual(['.local/bin', '.local/lib', '.local/share/uv']);
});

test('a conda environment brings its base, a virtual environment its interpreter', () => {
  make(
    'conda/conda-meta',
    'conda/bin',
    'conda/envs/torch/conda-meta',
    'conda/envs/torch/bin',
    'work/.venv/bin',
    'pythons/3.12/bin',
    'pythons/3.12/lib',
  );
  expect(visible('conda/envs/torch/bin')).toEqual(['conda']);
  writeFileSync(join(home, 'work/.venv/pyvenv.cfg'), `home = ${join(home, 'pythons/3.12/bin')}\n`);
  expect(visible('work/.venv/bin')).toEqual(['pythons/3.12/bin', 'pythons/3.12/lib', 'work/.venv']);
});

test('a program that is a link brings the place it leads to', () => {
  make('bin', 'opt/py/bin', 'opt/py/lib');
  writeFileSync(join(home, 'opt/py/bin/python3'), '', { mode: 0o755 });
  symlinkSync(join(home, 'opt/py/bin/python3'), join(home, 'bin/python3'));
  expect(visible('bin')).toEqual(['bin', 'opt/py/bin', 'opt/py/lib']);
});

test('keys and settings stay hidden even where PATH leads into them', () => {
  make('.ssh', '.config/tool/bin', '.aws/bin');
  expect(visible('.ssh', '.config/tool/bin', '.aws/bin', '.')).toEqual([]);
});
