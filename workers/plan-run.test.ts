import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Device } from './device-probe.ts';
import { formatModelLauncher, planDevice } from './plan-run.ts';

const card = (vendor: Device['vendor'], index: number | null, uuid: string | null = null): Device => ({
  ...{ id: 'gpu2', class: vendor === 'cpu' ? 'cpu' : 'gpu', model: 'x', uuid, index, vendor, driver: null },
  ...{ memoryTotalMib: null, memoryUsedMib: null },
});

test('a run sees its card by the number that the vendor gives it, not by its place among the cards of all vendors', () => {
  expect(planDevice(card('nvidia', 1, 'GPU-b'))).toMatchObject({ card: { vendor: 'nvidia', index: 1 }, key: 'GPU-b' });
  expect(planDevice(card('amd', 0))).toMatchObject({ id: 'gpu2', card: { vendor: 'amd', index: 0 }, key: 'gpu2' });
  for (const vendor of ['apple', 'cpu'] as const) expect(planDevice(card(vendor, null)).card).toBeNull();
});

/** What a model sees of its environment that a scorer with this one starts. */
function startModel(scorer: Record<string, string>): string[] {
  const top = mkdtempSync(join(tmpdir(), 'nl-'));
  onTestFinished(() => rmSync(top, { recursive: true, force: true }));
  const launcher = join(top, 'model.sh');
  writeFileSync(launcher, formatModelLauncher({ top, env: { LAB_JOB: '4', NOTE: "it's" } }, ['/usr/bin/env']));
  const seen = execFileSync('/bin/sh', [launcher], { env: scorer, encoding: 'utf8' });
  return seen.trimEnd().split('\n').sort();
}

test('the model gets the run’s own environment with the slot and the cards of the step, and nothing else of the scorer’s', () => {
  expect(
    startModel({ LAB_SLOT: '3', CUDA_VISIBLE_DEVICES: '3', CUDA_DEVICE_ORDER: 'PCI_BUS_ID', LAB_SCORE_SEED: '7' }),
  ).toEqual(['CUDA_DEVICE_ORDER=PCI_BUS_ID', 'CUDA_VISIBLE_DEVICES=3', 'LAB_JOB=4', 'LAB_SLOT=3', "NOTE=it's"]);
  expect(startModel({})).toEqual(['CUDA_VISIBLE_DEVICES=', 'LAB_JOB=4', "NOTE=it's"]);
});
