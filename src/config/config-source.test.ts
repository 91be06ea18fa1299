import { expect, test } from 'vitest';
import { LabError } from '../errors/lab-error.ts';
import { createConfigSource } from './config-source.ts';
import { configSchema } from './schema.ts';

function createSource(first: () => number) {
  const state = { stamp: '1', read: first, loads: 0, note: null as string | null };
  const source = createConfigSource({
    stamp: () => state.stamp,
    load() {
      state.loads += 1;
      return configSchema.parse({ run: { wallSeconds: state.read() } });
    },
    note: () => state.note,
  });
  return { state, source };
}

test('what changed is read again, and only then', () => {
  const { state, source } = createSource(() => 5);
  expect([source.current().run.wallSeconds, source.current().run.wallSeconds, state.loads]).toEqual([5, 5, 1]);
  [state.stamp, state.read] = ['2', () => 77];
  expect([source.current().run.wallSeconds, source.problem(), state.loads]).toEqual([77, null, 2]);
});

test('a broken text changes nothing, is told before any note, and is not read again until it changes', () => {
  const { state, source } = createSource(() => 5);
  state.note = 'look here';
  expect(source.problem()).toBe('look here');
  state.stamp = '2';
  state.read = () => {
    throw new LabError('config', 'lab.yaml: broken');
  };
  expect(source.current().run.wallSeconds).toBe(5);
  expect(source.problem()).toBe('lab.yaml: broken; the configuration from before stays in force');
  expect(state.loads).toBe(2);
  [state.stamp, state.read] = ['3', () => 6];
  expect([source.current().run.wallSeconds, source.problem()]).toEqual([6, 'look here']);
});

test('what fails for another reason than a broken text is tried again', () => {
  const { state, source } = createSource(() => 5);
  state.stamp = '2';
  state.read = () => {
    throw new LabError('user', 'git could not be started');
  };
  expect(source.problem()).toContain('git could not be started');
  state.read = () => 6;
  expect([source.current().run.wallSeconds, source.problem()]).toEqual([6, null]);
});
