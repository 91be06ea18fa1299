import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type ConfigSources, loadWorkingConfig } from './load.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function load(shared: string, local: string | null = null, sources: ConfigSources = {}) {
  const root = mkdtempSync(join(tmpdir(), 'nl-config-'));
  folders.push(root);
  writeFileSync(join(root, 'lab.yaml'), shared);
  if (local !== null) writeFileSync(join(root, 'lab.local.yaml'), local);
  return loadWorkingConfig(root, sources);
}

test('an empty lab.yaml is a lab with every default', () => {
  expect(load('').metric).toEqual({
    ...{ name: 'val_bpb', direction: 'lower', unit: '', also: [] },
    ...{ smallestEffect: null, minMinutes: 5, maxMinutes: 40, waiver: null },
  });
});

test('a flag wins over the environment, that over lab.local.yaml, that over lab.yaml, that over the default', () => {
  const shared = 'run:\n  wallSeconds: 1\n';
  const local = 'run:\n  wallSeconds: 2\n';
  const environment = { LAB_RUN_WALL_SECONDS: '3' };
  expect(load('').run.wallSeconds).toBe(600);
  expect(load(shared).run.wallSeconds).toBe(1);
  expect(load(shared, local).run.wallSeconds).toBe(2);
  expect(load(shared, local, { environment }).run.wallSeconds).toBe(3);
  expect(load(shared, local, { environment, flags: { 'run.wall-seconds': '4' } }).run.wallSeconds).toBe(4);
  expect(load(shared, local, { environment, flags: { 'run.wallSeconds': '5' } }).run.wallSeconds).toBe(5);
});

test('lists and null are written as text in flags and environment', () => {
  const config = load('', null, { environment: { LAB_RUN_SEEDS: '4,5', LAB_DATA: 'a,b', LAB_COMMANDS_SCORE: 'null' } });
  expect([config.run.seeds, config.data, config.commands.score]).toEqual([[4, 5], ['a', 'b'], null]);
});

test.each([
  ['metric:\n  direction: down\n', 'lab.yaml: metric.direction: got "down", expected one of lower, higher'],
  ['run:\n  wallSeconds: soon\n', 'lab.yaml: run.wallSeconds: got "soon", expected a number'],
  ['run:\n  wallSeconds: -1\n', 'lab.yaml: run.wallSeconds: got -1, expected a number above 0'],
  ['run:\n  wallSecond: 5\n', 'lab.yaml: run.wallSecond: unknown key (value 5); did you mean run.wallSeconds?'],
  ['metrics: x\n', 'lab.yaml: metrics: unknown key (value "x"); did you mean metric?'],
  ['commands: 5\n', 'lab.yaml: commands: got 5, expected an object'],
  ['rules:\n  a.py: [ICE]\n', 'lab.yaml: rules.a.py.0: got "ICE", expected one of FROZEN'],
  ['metric: [\n', 'lab.yaml:2:1: not valid YAML'],
  ['- a\n', 'lab.yaml: got ["a"], expected keys and values'],
])('%j is refused with its path, its value and what was expected', (text, message) => {
  expect(() => load(text)).toThrow(message);
});

test('a mistake in lab.local.yaml, a flag or the environment is told as theirs', () => {
  expect(() => load('', 'sandbox: maybe\n')).toThrow(
    'lab.local.yaml: sandbox: got "maybe", expected one of required, preferred, off',
  );
  const environment = { LAB_RUN_WALL_SECONDS: 'abc', LAB_REDIS_INSTALL: 'never' };
  expect(() => load('', null, { environment })).toThrow(/^LAB_RUN_WALL_SECONDS: run\.wallSeconds: got "abc"/);
  expect(() => load('', null, { flags: { 'run.device': 'tpu' } })).toThrow(
    '--run.device: run.device: got "tpu", expected one of cpu, gpu, auto',
  );
  expect(() => load('', null, { flags: { 'run.nothing': '1' } })).toThrow('unknown flag --run.nothing');
});

test('a folder without lab.yaml is told how to become a lab', () => {
  const root = mkdtempSync(join(tmpdir(), 'nl-config-'));
  folders.push(root);
  expect(() => loadWorkingConfig(root)).toThrow('there is no lab.yaml');
});

test.each([
  ['rules', 'rules:\n  "*.py": [FROZEN]\n'],
  ['decision', 'decision:\n  confidence: 0.6\n'],
  ['main', 'main: exp/mine\n'],
  ['metric.waiver', 'metric:\n  waiver: I am in a hurry\n'],
])('%s counts from lab.yaml alone: lab.local.yaml, flags and the environment are refused', (key, text) => {
  expect(load(text)).toHaveProperty(key);
  expect(() => load('', text)).toThrow(`lab.local.yaml: ${key} belongs in lab.yaml, which is FROZEN`);
});

test('a value that lab.yaml alone may have is refused from a flag and from the environment by its name there', () => {
  expect(() => load('', null, { environment: { LAB_DECISION_CONFIDENCE: '0.6' } })).toThrow(
    'LAB_DECISION_CONFIDENCE: decision.confidence belongs in lab.yaml',
  );
  expect(() => load('', null, { environment: { LAB_MAIN: 'exp/mine' } })).toThrow('LAB_MAIN: main belongs in lab.yaml');
  expect(() => load('', null, { flags: { 'decision.confidence': '0.6' } })).toThrow(
    '--decision.confidence: decision.confidence belongs in lab.yaml',
  );
  expect(() => load('', null, { environment: { LAB_METRIC_WAIVER: 'later' } })).toThrow(
    'LAB_METRIC_WAIVER: metric.waiver belongs in lab.yaml',
  );
});

test('the keys beside one that lab.yaml alone may have are still set anywhere, and a local file that is no map is told as that', () => {
  expect(load('', 'metric:\n  minMinutes: 0\n').metric).toMatchObject({ minMinutes: 0, waiver: null });
  expect(() => load('', 'metric: 5\n')).toThrow('lab.local.yaml: metric: got 5, expected an object');
});

test.each([
  ['data', 'data: [/srv/corpus]\n', '/srv/corpus'],
  ['data', 'data: [../corpus]\n', '../corpus'],
  ['checkout.links', 'checkout:\n  links: [~/corpus]\n', '~/corpus'],
  ['checkout.scoreLinks', 'checkout:\n  scoreLinks: ["a/../../b"]\n', 'a/../../b'],
])('%s names nothing outside of the lab', (key, text, path) => {
  expect(() => load(text)).toThrow(`${key}: got "${path}", expected a path inside the lab`);
});
