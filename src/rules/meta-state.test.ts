/** The state of META_MODE on disk: what it takes to be open, how it ends, and what a broken file says. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type LabPaths, labPaths } from '../config/lab-paths.ts';
import type { MetaState } from '../domain/meta.ts';
import { createTemporaryRepository, type TemporaryRepository } from '../scenarios/temporary-repository.ts';
import {
  checkMeta,
  closeMetaState,
  describeMetaMode,
  ensureMetaOpen,
  readExpiredState,
  readMetaState,
  writeMetaState,
} from './meta-state.ts';

let repository: TemporaryRepository;
let paths: LabPaths;
const now = new Date(2026, 10, 21, 12);
const state: MetaState = {
  schema: 1,
  reason: 'a second metric',
  openedAt: '2026-11-21T10:00:00+00:00',
  until: new Date(2026, 10, 22).toISOString(),
  start: 'a'.repeat(40),
  track: '0123abcd',
  by: 'R',
  touched: ['train.py'],
  requests: ['claude: add one'],
};

beforeEach(async () => {
  repository = await createTemporaryRepository({
    'human_journal.md': '# Human journal\n\n## 2026-11-21\nMETA_MODE=1\n',
  });
  paths = labPaths(repository.root);
});

afterEach(async () => {
  await repository.remove();
});

test('what is written is read back, and closing moves it aside', async () => {
  expect(readMetaState(paths)).toBeNull();
  await writeMetaState(paths, state);
  expect(readMetaState(paths)).toEqual(state);
  expect(await checkMeta(paths, now)).toEqual({ kind: 'open', state });
  await closeMetaState(paths);
  await closeMetaState(paths);
  expect(await checkMeta(paths, now)).toEqual({ kind: 'closed' });
  expect(readdirSync(join(paths.state, 'meta'))).toEqual([expect.stringMatching(/^closed-\w+\.json$/)]);
  expect(readExpiredState(paths)).toBeNull();
});

test.each([
  ['past its end', async () => undefined, new Date(2026, 10, 22), 'the grant ended at'],
  ['with a newer entry', () => repository.write('human_journal.md', '## 2026-11-21: enough\n'), now, 'has no line'],
  ['without a journal', () => repository.write('human_journal.md', ''), now, 'has no entry'],
])('a state %s closes itself, and is remembered until the next one', async (_name, change, at, reason) => {
  await writeMetaState(paths, state);
  await change();
  expect(await checkMeta(paths, at)).toEqual({ kind: 'expired', state, reason: expect.stringContaining(reason) });
  expect(existsSync(join(paths.state, 'meta.json'))).toBe(false);
  expect(await checkMeta(paths, at)).toEqual({ kind: 'closed' });
  expect(readExpiredState(paths)).toEqual(state);
});

test('open alone is not enough: the variable must be 1, and no agent or run may ask', async () => {
  await expect(ensureMetaOpen(paths, { META_MODE: '1' }, now)).rejects.toThrow('META_MODE is closed');
  await writeMetaState(paths, state);
  expect(await ensureMetaOpen(paths, { META_MODE: '1' }, now)).toEqual(state);
  await expect(ensureMetaOpen(paths, {}, now)).rejects.toThrow('META_MODE is not set');
  await expect(ensureMetaOpen(paths, { META_MODE: 'yes' }, now)).rejects.toThrow('META_MODE is "yes"');
  for (const name of ['LAB_ROLE', 'LAB_JOB', 'LAB_RUN'])
    await expect(ensureMetaOpen(paths, { META_MODE: '1', [name]: 'x' }, now)).rejects.toMatchObject({
      kind: 'refused',
    });
  const later = new Date(2026, 10, 23);
  // The first look moves it away, and the second still tells what it was.
  for (const _look of [1, 2])
    await expect(ensureMetaOpen(paths, { META_MODE: '1' }, later)).rejects.toThrow(
      `META_MODE is over: the grant ended at ${state.until}; what was edited is still there`,
    );
});

test('the daemon is told that it is open, that it is over, and nothing else; looking moves nothing', async () => {
  expect(describeMetaMode(paths, now)).toBeNull();
  await writeMetaState(paths, state);
  expect(describeMetaMode(paths, now)).toContain(`META_MODE is open until ${state.until} (a second metric)`);
  expect(describeMetaMode(paths, new Date(2026, 10, 23))).toContain(
    'META_MODE is over (a second metric): the grant ended',
  );
  expect(existsSync(join(paths.state, 'meta.json'))).toBe(true);
  await repository.write('.lab/meta.json', '{');
  expect(describeMetaMode(paths, now)).toContain('meta.json is no valid JSON');
});

test.each(['{', '{}', 'null', '{"schema":1,"until":"never"}'])('a damaged file is named: %s', async (text) => {
  await repository.write('.lab/meta.json', text);
  expect(() => readMetaState(paths)).toThrow(join(paths.state, 'meta.json'));
  await expect(checkMeta(paths, now)).rejects.toThrow('meta.json');
});
