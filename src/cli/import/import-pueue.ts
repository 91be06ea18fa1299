/**
 * Queues pueue's waiting tasks in the user's own lab: groups first, then the jobs, those that wait for others in a later trip. A task has a
 * key of its own, so that an import that is given twice, or again after it broke off, gives the same jobs. pueue itself is not changed.
 */
import { createHash } from 'node:crypto';
import { relative } from 'node:path';
import type { LabPaths } from '../../config/lab-paths.ts';
import type { LabConfig } from '../../config/schema.ts';
import { type AddRequest, requestDefaults } from '../../daemon/routes.ts';
import { captureEnvironment } from '../capture-environment.ts';
import { call } from '../client.ts';
import type { ImportPlan, PlannedTask } from './plan-import.ts';

/** What came of an import. */
export interface ImportOutcome {
  /** Job number by pueue's id, in the order in which they were queued. */
  jobs: { id: number; job: number }[];
  /** Names of variables that were not taken along, sorted. */
  notTaken: string[];
  notes: string[];
}

/** The planned tasks in trips: each holds those whose dependencies all are in earlier ones. */
export function splitTrips(tasks: readonly PlannedTask[]): PlannedTask[][] {
  const depths = new Map<number, number>();
  const trips: PlannedTask[][] = [];
  for (const planned of tasks) {
    const depth = Math.max(0, ...planned.after.map((id) => (depths.get(id) ?? 0) + 1));
    depths.set(planned.task.id, depth);
    const trip = trips[depth] ?? [];
    trip.push(planned);
    trips[depth] = trip;
  }
  return trips;
}

/** A group's name as the lab takes it: letters, digits and _ . - */
export function nameGroup(name: string): string {
  return name.replace(/[^\w.-]/g, '-').slice(0, 60) || 'default';
}

/** Queues what is planned. Throws LabError where the daemon refuses a trip; earlier trips stay queued. */
export async function importPueue(paths: LabPaths, config: LabConfig, plan: ImportPlan): Promise<ImportOutcome> {
  const notes = await makeGroups(paths, plan.groups);
  const numbers = new Map<number, number>();
  const notTaken = new Set<string>();
  for (const trip of splitTrips(plan.tasks)) {
    const requests = trip.map((planned): AddRequest => {
      const { task } = planned;
      // pueue keeps every variable; what env.secret names is not taken from there either, it would be stale.
      const { env, left } = captureEnvironment(task.envs, config.env.pass, config.env.secret);
      for (const name of left) notTaken.add(name);
      return {
        ...requestDefaults,
        key: keyOf(planned),
        kind: 'task',
        label: task.label,
        command: task.command,
        // One checkout for all, as a batch has: the folder is told relative to it.
        checkout: '/',
        directory: relative('/', task.path),
        here: true,
        device: null,
        seed: null,
        env,
        secrets: {},
        wallSeconds: null,
        group: nameGroup(task.group),
        priority: task.priority,
        after: planned.after.flatMap((id) => {
          const job = numbers.get(id);
          return job === undefined ? [] : [{ job, any: false }];
        }),
        notBefore: planned.notBefore,
        stashed: planned.stashed,
      };
    });
    const { jobs } = await call(paths, 'addMany', { requests });
    for (const [index, planned] of trip.entries()) {
      const added = jobs[index];
      if (added !== undefined) numbers.set(planned.task.id, added.number);
    }
  }
  return { jobs: [...numbers].map(([id, job]) => ({ id, job })), notTaken: [...notTaken].sort(), notes };
}

function keyOf({ task }: PlannedTask): string {
  const parts = [task.id, task.createdAt, task.path, task.command];
  return `pueue/${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)}`;
}

async function makeGroups(paths: LabPaths, wanted: ImportPlan['groups']): Promise<string[]> {
  const notes: string[] = [];
  const { groups } = await call(paths, 'group', { action: 'list', name: '', slots: null });
  for (const group of wanted) {
    const name = nameGroup(group.name);
    if (name !== group.name) notes.push(`the group "${group.name}" is called ${name} here`);
    const present = groups.find((known) => known.name === name);
    if (present === undefined) {
      await call(paths, 'group', { action: 'add', name, slots: group.slots });
      if (group.isPaused) {
        await call(paths, 'pause', { select: { numbers: [], group: name, all: false }, keepRunning: true });
        notes.push(`the group ${name} is paused, as it is in pueue: \`lab start --group ${name}\``);
      }
    } else if (present.slots !== group.slots) {
      notes.push(
        `the group ${name} has ${group.slots} slots in pueue and ${present.slots} here: \`lab parallel ${group.slots} --group ${name}\``,
      );
    }
  }
  return notes;
}
