/** The file of the groups: changes at once, pauses with their reason, files of earlier labs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openGroups } from './group-store.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nl-groups-'));
  folders.push(folder);
  return folder;
}

/** The groups as the next daemon finds them. */
const read = (folder: string) => [...openGroups(folder).groups.values()];

test('of changes that are asked for at once none undoes another, in memory and on disk', async () => {
  const folder = createFolder();
  const store = openGroups(folder);
  await Promise.all([
    store.set({ name: 'night', slots: 1, isPaused: false }),
    store.change(['default'], (group) => ({ ...group, slots: 3 })),
    store.change(['night', 'default'], (group) => ({ ...group, isPaused: true, failedJob: 7 })),
    store.change(['night'], (group) => ({ ...group, slots: 2 })),
  ]);
  const wanted = [
    { name: 'default', slots: 3, isPaused: true, failedJob: 7 },
    { name: 'night', slots: 2, isPaused: true, failedJob: 7 },
  ];
  expect([...store.groups.values()]).toEqual(wanted);
  expect(read(folder)).toEqual(wanted);
});

test('a group that goes on forgets the failure that had paused it, and a later pause is told without it', async () => {
  const folder = createFolder();
  const store = openGroups(folder);
  await store.set({ name: 'default', slots: 1, isPaused: true, failedJob: 4 });
  await store.set({ ...store.get('default'), isPaused: false });
  expect(read(folder)).toEqual([{ name: 'default', slots: 1, isPaused: false }]);
  await store.set({ ...store.get('default'), isPaused: true });
  expect(read(folder)).toEqual([{ name: 'default', slots: 1, isPaused: true }]);
});

test('a change of a group that is gone makes none, and the default group comes first and stays', async () => {
  const folder = createFolder();
  const store = openGroups(folder);
  await store.set({ name: 'night', slots: 1, isPaused: false });
  await store.remove('night');
  await store.change(['night'], (group) => ({ ...group, isPaused: true }));
  expect(read(folder)).toEqual([{ name: 'default', slots: 1, isPaused: false }]);
});

test('groups of a lab from before failures could pause them are read as they are', () => {
  const folder = createFolder();
  const groups = [{ name: 'night', slots: 0, isPaused: true }];
  writeFileSync(join(folder, 'groups.json'), JSON.stringify({ schema: 1, groups }));
  expect(read(folder)).toEqual([{ name: 'default', slots: 1, isPaused: false }, ...groups]);
});
