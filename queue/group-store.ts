/** The groups of a lab's queue: `.lab/groups.json`, written synced. Names, slots and pauses; which job is in which group stands in its state.json. */
import { join } from 'node:path';
import { z } from 'zod';
import type { Group } from '../src/domain/job.ts';
import { LabError } from '../src/errors/lab-error.ts';
import { readJson, writeJsonSynced } from '../src/lab/atomic-write.ts';
import { defaultGroup } from './job-schema.ts';

const schema = z.object({
  schema: z.literal(1),
  groups: z.array(
    z.object({
      name: z.string(),
      slots: z.number().int().nonnegative(),
      isPaused: z.boolean(),
      failedJob: z.number().int().positive().exactOptional(),
    }),
  ),
});

/** The groups, and how they are changed: each change is on disk before it counts, and they are applied one after the other. */
export interface GroupStore {
  /** By name; the group "default" is always there. */
  readonly groups: ReadonlyMap<string, Group>;
  /** Throws LabError (user) that lists the groups where there is none of that name. */
  get(name: string): Group;
  /** Adds or replaces one. */
  set(group: Group): Promise<void>;
  /** Changes those of the names that are groups, all in one write, each as the change before left it. */
  change(names: readonly string[], change: (group: Group) => Group): Promise<void>;
  remove(name: string): Promise<void>;
}

/** Opens the groups of the lab whose state folder that is. Throws LabError (internal) where the file is broken. */
export function openGroups(state: string): GroupStore {
  const file = join(state, 'groups.json');
  const raw = readJson(file);
  const parsed = raw === null ? { success: true as const, data: { groups: [] } } : schema.safeParse(raw);
  if (!parsed.success) {
    throw new LabError('internal', `${file} is not readable: ${parsed.error.issues[0]?.message ?? ''}`, {
      hints: [`mv ${file} ${file}.broken; jobs keep their group's name, \`lab group add\` makes groups again`],
    });
  }
  const groups = new Map<string, Group>([[defaultGroup, { name: defaultGroup, slots: 1, isPaused: false }]]);
  for (const group of parsed.data.groups) groups.set(group.name, group);
  let writes: Promise<void> = Promise.resolve();
  // Two writes at once would leave on disk only what the later one knew.
  const changeAll = (change: (all: readonly Group[]) => readonly Group[]): Promise<void> => {
    const write = writes.then(async () => {
      const next = change([...groups.values()]).map(dropOldFailure);
      await writeJsonSynced(file, { schema: 1, groups: next });
      groups.clear();
      for (const group of next) groups.set(group.name, group);
    });
    // One that fails must not keep the next from being tried; whoever asked for it is told through `write`.
    writes = write.catch(() => undefined);
    return write;
  };
  return {
    groups,
    get(name) {
      const found = groups.get(name);
      if (found) return found;
      throw new LabError('user', `there is no group "${name}", expected one of: ${[...groups.keys()].join(', ')}`, {
        hints: [`\`lab group add ${name}\` makes it`],
      });
    },
    set: (group) =>
      changeAll((all) =>
        all.some(({ name }) => name === group.name)
          ? all.map((one) => (one.name === group.name ? group : one))
          : [...all, group],
      ),
    change: (names, change) => changeAll((all) => all.map((one) => (names.includes(one.name) ? change(one) : one))),
    remove: (name) => changeAll((all) => all.filter((group) => group.name !== name)),
  };
}

/** A group that goes on has no failure that explains why it does not. */
function dropOldFailure(group: Group): Group {
  if (group.isPaused) return group;
  const { failedJob: _failedJob, ...rest } = group;
  return rest;
}
