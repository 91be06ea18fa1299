import { expect, test } from 'vitest';
import { buildImportRequests, type ImportCard, nameGroup } from './import-pueue.ts';
import { planImport } from './plan-import.ts';
import { parsePueueState } from './pueue-state.ts';

interface GivenTask {
  id: number;
  status: unknown;
  dependencies?: number[];
  group?: string;
  envs?: Record<string, string>;
}

function state(tasks: GivenTask[]) {
  const full = tasks.map((task) => [task.id, { command: 'true', path: '/tmp', ...task }] as const);
  const groups = { night: { status: 'Paused', parallel_tasks: 0 } };
  return parsePueueState(JSON.stringify({ tasks: Object.fromEntries(full), groups }), 'tasks.json');
}

const nothing = { pass: [], secret: [] };
const nvidia = (id: string, index: number): ImportCard => ({ id, vendor: 'nvidia', index });
const amd = (id: string, index: number): ImportCard => ({ id, vendor: 'amd', index });

/** What becomes of tasks that chose cards by these variables, on a machine with these cards. */
function place(cards: ImportCard[], ...chosen: Record<string, string>[]) {
  const given = chosen.map((envs, index) => ({ id: index + 1, status: 'Queued', envs }));
  const { tasks } = planImport(state(given));
  const { requests, notes } = buildImportRequests(tasks, nothing, { before: new Map(), cards });
  return { places: requests.map(({ device, needs }) => [device, needs.deviceId, needs.gpus]), notes };
}

test('a task comes after those that it waits for, whatever its id, and names them by their keys', () => {
  const { tasks } = planImport(
    state([
      { id: 1, status: { Queued: {} }, dependencies: [9] },
      { id: 4, status: { Queued: {} }, dependencies: [1] },
      { id: 9, status: 'Queued' },
    ]),
  );
  expect(tasks.map(({ task }) => task.id)).toEqual([9, 1, 4]);
  const { requests } = buildImportRequests(tasks, nothing, { before: new Map(), cards: [] });
  const [first, second, third] = requests.map(({ key }) => key);
  expect(new Set([first, second, third]).size).toBe(3);
  expect(requests.map(({ afterKeys }) => afterKeys)).toEqual([
    [],
    [{ key: first, any: false }],
    [{ key: second, any: false }],
  ]);
});

test('a card that a task chose by its environment is asked for where this machine has it, and said where not', () => {
  const cards = (value: string) => ({ status: 'Queued', envs: { CUDA_VISIBLE_DEVICES: value, PATH: '/bin' } });
  const { tasks } = planImport(
    state([
      { id: 1, ...cards('1') },
      { id: 2, ...cards('') },
      { id: 3, ...cards('0,1') },
      { id: 4, ...cards('5') },
      { id: 5, ...cards('GPU-1a2b') },
      { id: 6, status: 'Queued' },
    ]),
  );
  const ground = { before: new Map(), cards: [nvidia('gpu0', 0), nvidia('gpu1', 1)] };
  const { requests, notes } = buildImportRequests(tasks, nothing, ground);
  expect(requests.map(({ device, needs }) => [device, needs.deviceId, needs.gpus])).toEqual([
    ['gpu', 'gpu1', 1],
    ['cpu', null, 1],
    ['gpu', null, 2],
    ...[4, 5, 6].map(() => [null, null, 1]),
  ]);
  expect(notes).toHaveLength(3);
  expect(notes[1]).toBe(
    'task 4 asked for CUDA_VISIBLE_DEVICES=5, which is no card of this machine (gpu0, gpu1): it takes any device',
  );
  expect(requests.every(({ env }) => !Object.hasOwn(env, 'CUDA_VISIBLE_DEVICES'))).toBe(true);
});

test('a number is looked for among the cards of the vendor that counts by it, not among the lab’s names', () => {
  // rocm-smi lists AMD's the other way round than HIP counts them.
  const mixed = [nvidia('gpu0', 0), nvidia('gpu1', 1), amd('gpu2', 1), amd('gpu3', 0)];
  expect(
    place(mixed, { CUDA_VISIBLE_DEVICES: '1' }, { HIP_VISIBLE_DEVICES: '0' }, { ROCR_VISIBLE_DEVICES: '1' }),
  ).toEqual({
    places: [
      ['gpu', 'gpu1', 1],
      ['gpu', 'gpu3', 1],
      ['gpu', 'gpu2', 1],
    ],
    notes: [],
  });
  expect(place(mixed, { CUDA_VISIBLE_DEVICES: '2' }).notes[0]).toContain('no card of this machine (gpu0, gpu1)');
  const reversed = [amd('gpu0', 1), amd('gpu1', 0)];
  expect(place(reversed, { HIP_VISIBLE_DEVICES: '0' }, { CUDA_VISIBLE_DEVICES: '0' }).places).toEqual([
    ['gpu', 'gpu1', 1],
    ['gpu', 'gpu1', 1],
  ]);
  const one = place([nvidia('gpu0', 0)], { HIP_VISIBLE_DEVICES: '0' });
  expect(one.places).toEqual([[null, null, 1]]);
  expect(one.notes[0]).toContain('no card of this machine (no GPU of AMD)');
});

test('a note about cards says what is true of them: otherwise than by numbers, one that is not there, or several', () => {
  const two = [nvidia('gpu0', 0), nvidia('gpu1', 1)];
  for (const value of ['GPU-1a2b', '0,', '0,-1']) {
    const text = `CUDA_VISIBLE_DEVICES=${value}`;
    expect(place(two, { CUDA_VISIBLE_DEVICES: value })).toEqual({
      places: [[null, null, 1]],
      notes: [`task 1 names its cards otherwise than by numbers, it takes any device: ${text}`],
    });
  }
  for (const value of ['0,1,2', '0,5']) {
    const text = `CUDA_VISIBLE_DEVICES=${value}`;
    expect(place(two, { CUDA_VISIBLE_DEVICES: value })).toEqual({
      places: [[null, null, 1]],
      notes: [`task 1 asked for ${text}, which are not all cards of this machine (gpu0, gpu1): it takes any device`],
    });
  }
  expect(place(two, { CUDA_VISIBLE_DEVICES: '1,0' })).toEqual({
    places: [['gpu', null, 2]],
    notes: ['task 1 asked for CUDA_VISIBLE_DEVICES=1,0: it takes any 2 GPUs at once'],
  });
  expect(place([nvidia('gpu0', 0)], { CUDA_VISIBLE_DEVICES: '0,0' })).toEqual({
    places: [['gpu', 'gpu0', 1]],
    notes: [],
  });
  expect(place([], { CUDA_VISIBLE_DEVICES: '0' }).notes[0]).toContain('which is no card of this machine (no GPU)');
});

test('of a task that an earlier import queued nothing is said about cards', () => {
  const strange = (id: number) => ({ id, status: 'Queued', envs: { CUDA_VISIBLE_DEVICES: '7' } });
  const first = planImport(state([strange(1)]));
  const { requests } = buildImportRequests(first.tasks, nothing, { before: new Map(), cards: [] });
  const before = new Map(requests.map(({ key }) => [key, { job: 1, state: 'queued' }]));
  const both = planImport(state([strange(1), strange(2)]));
  const { notes } = buildImportRequests(both.tasks, nothing, { before, cards: [] });
  expect(notes.map((note) => note.slice(0, 6))).toEqual(['task 2']);
});

test('what waits for a running or failed task is stashed and says so; a succeeded one is no longer waited for', () => {
  const { tasks, left } = planImport(
    state([
      { id: 1, status: { Running: {} } },
      { id: 2, status: { Done: { result: { Failed: 3 } } } },
      { id: 3, status: { Done: { result: 'Success' } } },
      { id: 5, status: { Queued: {} }, dependencies: [1] },
      { id: 6, status: { Queued: {} }, dependencies: [2] },
      { id: 7, status: { Queued: {} }, dependencies: [3] },
    ]),
  );
  expect(left).toEqual([{ id: 1, reason: 'runs under pueue and is left to it' }]);
  expect(tasks.map(({ task, stashed, after }) => [task.id, stashed, after])).toEqual([
    [5, true, []],
    [6, true, []],
    [7, false, []],
  ]);
  expect(tasks[0]?.notes[0]).toContain('waits for task 1, which still runs under pueue');
});

test('a delay is kept as a moment, an edited task is stashed, and a group keeps its slots and its pause', () => {
  const { tasks, groups } = planImport(
    state([
      { id: 1, status: { Stashed: { enqueue_at: '2026-11-22T07:00:00+01:00' } }, group: 'night' },
      { id: 2, status: { Locked: { previous_status: { Queued: {} } } } },
    ]),
  );
  expect(tasks.map(({ stashed, notBefore }) => [stashed, notBefore])).toEqual([
    [false, '2026-11-22T06:00:00.000Z'],
    [true, null],
  ]);
  expect(groups).toContainEqual({ name: 'night', slots: 0, isPaused: true });
});

test('tasks that wait for each other are left, with the reason', () => {
  const { tasks, left } = planImport(
    state([
      { id: 1, status: 'Queued', dependencies: [2] },
      { id: 2, status: 'Queued', dependencies: [1] },
    ]),
  );
  expect({ tasks, ids: left.map(({ id }) => id) }).toEqual({ tasks: [], ids: [1, 2] });
});

test('what pueue does not print is refused with the place, and an unknown status with its name', () => {
  expect(() => parsePueueState('no', 'tasks.json')).toThrow('tasks.json is not what');
  expect(() => parsePueueState('{"tasks":{"1":{"id":1}}}', 'tasks.json')).toThrow('tasks.1.command');
  expect(() => parsePueueState('{"jobs":[],"champion":null}', 'standard input')).toThrow("it is lab's own status");
  expect(() => state([{ id: 1, status: { Dreaming: {} } }])).toThrow('"Dreaming"');
});

test('a name that cannot be a group here becomes one', () => {
  expect([nameGroup('gpu 0/a'), nameGroup('night')]).toEqual(['gpu-0-a', 'night']);
});
