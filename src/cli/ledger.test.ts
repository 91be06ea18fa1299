import { expect, test } from 'vitest';
import type { DeviceChoice } from '../domain/device-choice.ts';
import type { DeviceClass } from '../domain/run.ts';
import type { ScoredRun } from '../stats/track-view.ts';
import { findModel } from './ledger.ts';

const scored = (job: number, deviceClass: DeviceClass, deviceModel: string, track = 'x'): ScoredRun => ({
  ...{ job, kind: 'baseline', commit: 'a'.repeat(40), metric: 0.9, track, deviceClass, deviceModel, leak: false },
  ...{ status: null, seconds: 1, seed: null, slug: null, here: false, base: null, start: null, variant: null },
  ...{ test: null, champion: null },
});

const modelOf = (device: DeviceChoice, runs: ScoredRun[], rows: { track: string; device: string }[] = []) =>
  findModel(runs, rows, 'x', { run: { device } });

test('for auto the results are about the device that the track was last measured on, whatever ran before', () => {
  const onGpu = scored(1, 'gpu', 'H100');
  const onProcessor = scored(2, 'cpu', 'EPYC');
  expect(modelOf('auto', [onGpu, onProcessor])).toBe('EPYC');
  expect(modelOf('auto', [onProcessor, onGpu])).toBe('H100');
  // What another track ran on says nothing of this one.
  expect(modelOf('auto', [onProcessor, scored(3, 'gpu', 'A100', 'other')])).toBe('EPYC');
});

test('a class that is named is what the results are about, and where nothing ran the newest row of the track says it', () => {
  const onGpu = scored(1, 'gpu', 'H100');
  const onProcessor = scored(2, 'cpu', 'EPYC');
  expect(modelOf('gpu', [onGpu, onProcessor])).toBe('H100');
  expect(modelOf('cpu', [onProcessor, onGpu])).toBe('EPYC');
  const rows = [
    { track: 'x', device: 'M3' },
    { track: 'other', device: 'M4' },
  ];
  for (const device of ['auto', 'cpu'] as const) expect(modelOf(device, [], rows)).toBe('M3');
  expect(modelOf('auto', [])).toBeNull();
});
