/** What job.json says of an experiment that a person built by hand, and the device class that a request comes to. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openGroups } from '../../queue/group-store.ts';
import { openJobBook } from '../../queue/job-book.ts';
import type { Device } from '../../workers/device-probe.ts';
import { unknownBaseFlag } from '../../workers/recorder/judge-experiment.ts';
import { labPaths } from '../config/lab-paths.ts';
import { configSchema } from '../config/schema.ts';
import type { DeviceChoice } from '../domain/device-choice.ts';
import type { DeviceClass } from '../domain/run.ts';
import { type AddContext, type AskedJob, describeJob, parseAsked } from './add-job.ts';
import type { BuiltOn } from './experiment-base.ts';
import { type AddRequest, requestDefaults } from './routes.ts';

const champion = 'c'.repeat(40);

function describe(builtOn: BuiltOn | null, more: Partial<AddRequest> = {}, facts: { champion?: string | null } = {}) {
  const request: AddRequest = {
    ...requestDefaults,
    ...{ key: 'key', kind: 'plain', label: null, command: null, checkout: '/lab/5_worktrees/own', directory: '' },
    ...{ here: false, device: null, seed: 1, env: {}, secrets: {}, wallSeconds: null },
    ...more,
  };
  // Of its context describeJob reads the configuration alone.
  const context = { config: configSchema.parse({}) } as unknown as AddContext;
  const source = { commit: 'd'.repeat(40), isSnapshot: false, untracked: [], notes: [], ref: null };
  const asked: AskedJob = { request, label: null, command: 'true', device: 'cpu', notes: [] };
  return describeJob(context, asked, {
    ...{ number: 9, source, track: 'aaaaaaaa', experiment: 'own', champion, builtOn },
    ...facts,
  });
}

test('an experiment by hand has the base that its history shows, and none where it shows none', () => {
  const base = 'b'.repeat(40);
  expect(describe({ base, start: base })).toMatchObject({ base, start: base, flags: [] });
  expect(describe(null)).toMatchObject({ kind: 'experiment', base: null, start: null, flags: [unknownBaseFlag] });
  expect(describe(null, { base })).toMatchObject({ base, flags: [] });
});

test('what runs in place or is no experiment is held against the champion, and a track without one has no base to miss', () => {
  expect(describe(null, { here: true })).toMatchObject({ base: champion, flags: [] });
  expect(describe(null, { kind: 'task' })).toMatchObject({ base: champion, flags: [] });
  expect(describe(null, {}, { champion: null })).toMatchObject({ base: null, flags: [] });
});

const cpu: Device = {
  ...{ id: 'cpu0', class: 'cpu', model: 'x', uuid: null, index: null, vendor: 'cpu', driver: null },
  ...{ memoryTotalMib: null, memoryUsedMib: null },
};
const gpu: Device = { ...cpu, id: 'gpu0', class: 'gpu', index: 0, vendor: 'nvidia' };

/** What a task comes to that asks for `device`, in a lab whose run.device is `usual`. */
function ask(
  device: DeviceChoice | null,
  usual: DeviceChoice,
  machine: Device[],
  more: { vramMib?: number; deviceProblems?: string[] } = {},
): { device: DeviceClass; notes: string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'nl-choice-'));
  try {
    const paths = labPaths(folder);
    mkdirSync(paths.runs, { recursive: true });
    const classes = machine.map((one): [DeviceClass, string[]] => [one.class, [one.model]]);
    const context: AddContext = {
      ...{ paths, main: 'main', book: openJobBook(paths.runs), groups: openGroups(paths.state), machine },
      ...{ devices: new Map(classes), passed: new Set<string>(), deviceProblems: more.deviceProblems ?? [] },
      config: configSchema.parse({ queue: { labels: 'optional', place: 'here' }, run: { device: usual } }),
    };
    return parseAsked(context, {
      ...requestDefaults,
      ...{ key: 'key', kind: 'task', label: null, command: 'true', checkout: '/', directory: 'tmp', here: true },
      ...{ device, seed: null, env: {}, secrets: {}, wallSeconds: null },
      needs: { deviceId: null, gpus: 1, vramMib: more.vramMib ?? null },
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('auto is a GPU where there is one and else the processor; a class is never changed', () => {
  const box = [cpu, gpu];
  expect([ask(null, 'auto', box), ask(null, 'auto', [cpu])].map(({ device }) => device)).toEqual(['gpu', 'cpu']);
  expect([ask('auto', 'cpu', box), ask(null, 'cpu', box)].map(({ device }) => device)).toEqual(['gpu', 'cpu']);
  expect(ask('cpu', 'auto', box).device).toBe('cpu');
  expect(() => ask('gpu', 'auto', [cpu])).toThrow('this machine has no gpu device');
  // GPU memory is asked of a GPU alone: no run on the processor stands in for it.
  expect(() => ask('auto', 'auto', [cpu], { vramMib: 1024 })).toThrow('this machine has no gpu device');
});

test('where no GPU answered, a job that auto puts on the processor says why, and one that named it says nothing', () => {
  const deviceProblems = ['nvidia-smi failed: no answer within 15 s'];
  expect(ask(null, 'auto', [cpu], { deviceProblems }).notes).toEqual([
    'the device is auto, and no GPU was found: it runs on the processor (nvidia-smi failed: no answer within 15 s)',
  ]);
  expect(ask('cpu', 'auto', [cpu], { deviceProblems }).notes).toEqual([]);
  expect(ask(null, 'auto', [cpu, gpu], { deviceProblems }).notes).toEqual([]);
});
