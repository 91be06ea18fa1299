/** The line about variables that a job does not take along: what is worth it, and that a lab says it once. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { renderLeft, tellLeft } from './left-names.ts';

test('a name is told the first time alone, and one that the command names each time', () => {
  const told = new Set(['CONTAINER_NAME', 'DATA_ROOT']);
  expect(renderLeft(['CONTAINER_NAME', 'DATA_ROOT'], ['python3 train.py'], told)).toBeNull();
  expect(renderLeft(['CONTAINER_NAME', 'DATA_ROOT'], ['ls "$DATA_ROOT/x"'], told)).toBe(
    'not taken along: DATA_ROOT (env.pass and env.secret in lab.yaml take names)',
  );
  expect(renderLeft(['CONTAINER_NAME', 'DATA_ROOT_2'], ['ls $DATA_ROOT'], told)).toBe(
    'not taken along: DATA_ROOT_2 (env.pass and env.secret in lab.yaml take names; told once)',
  );
});

test('many names are one line, with those of the command first', () => {
  const names = ['A1', 'A2', 'A3', 'A4', 'A5', 'A6', 'A7', 'ZED'];
  expect(renderLeft(names, ['ls $ZED'], new Set())).toBe(
    'not taken along: ZED A1 A2 A3 A4 A5 and 2 more (env.pass and env.secret in lab.yaml take names; told once)',
  );
});

test('what was told is kept in the lab, without the values', () => {
  const state = mkdtempSync(join(tmpdir(), 'nl-left-'));
  try {
    tellLeft({ state }, ['FIRST'], []);
    tellLeft({ state }, ['SECOND', 'FIRST'], []);
    expect(readFileSync(join(state, 'told-names'), 'utf8')).toBe('FIRST\nSECOND\n');
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
});
