import { expect, test } from 'vitest';
import { buildImportRequests, nameGroup } from './import-pueue.ts';
import { planImport } from './plan-import.ts';
import { parsePueueState } from './pueue-state.ts';

function state(tasks: { id: number; status: unknown; dependencies?: number[]; group?: string }[]) {
  const full = tasks.map((task) => [task.id, { command: 'true', path: '/tmp', ...task }] as const);
  const groups = { night: { status: 'Paused', parallel_tasks: 0 } };
  return parsePueueState(JSON.stringify({ tasks: Object.fromEntries(full), groups }), 'tasks.json');
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
  const { requests } = buildImportRequests(tasks, { pass: [], secret: [] });
  const [first, second, third] = requests.map(({ key }) => key);
  expect(new Set([first, second, third]).size).toBe(3);
  expect(requests.map(({ afterKeys }) => afterKeys)).toEqual([
    [],
    [{ key: first, any: false }],
    [{ key: second, any: false }],
  ]);
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
