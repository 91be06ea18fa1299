/**
 * Queues pueue's waiting tasks in the user's own lab: groups first, then all jobs in one trip. A task has a key of its own, which names it
 * for those that wait for it, and by which an import that is given twice, or again after it broke off, gives the same jobs. pueue itself is
 * not changed.
 */
import { createHash } from 'node:crypto';
import { relative } from 'node:path';
import type { LabPaths } from '../../config/lab-paths.ts';
import type { LabConfig } from '../../config/schema.ts';
import { type AddRequest, requestDefaults } from '../../daemon/routes.ts';
import type { JobState } from '../../domain/job.ts';
import { captureEnvironment } from '../capture-environment.ts';
import { call } from '../client.ts';
import type { ImportPlan, PlannedTask } from './plan-import.ts';

/** What came of an import. */
export interface ImportOutcome {
  /** Job number by pueue's id, in the order in which they were queued. */
  jobs: { id: number; job: number }[];
  /** Those of them that an earlier import queued, and where they stand now. */
  known: { id: number; job: number; state: string }[];
  /** Names of variables that were not taken along, sorted. */
  notTaken: string[];
  notes: string[];
}

/** A group's name as the lab takes it: letters, digits and _ . - */
export function nameGroup(name: string): string {
  return name.replace(/[^\w.-]/g, '-').slice(0, 60) || 'default';
}

/** The requests of a plan, and the names of variables that they leave out. Pure. */
export function buildImportRequests(
  tasks: readonly PlannedTask[],
  { pass, secret }: LabConfig['env'],
): { requests: AddRequest[]; notTaken: string[] } {
  const keys = new Map(tasks.map((planned) => [planned.task.id, keyOf(planned)]));
  const notTaken = new Set<string>();
  const requests = tasks.map((planned): AddRequest => {
    const { task } = planned;
    // pueue keeps every variable; what env.secret names is not taken from there either, it would be stale.
    const { env, left } = captureEnvironment(task.envs, pass, secret);
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
      afterKeys: planned.after.map((id) => ({ key: keys.get(id) ?? '', any: false })),
      notBefore: planned.notBefore,
      stashed: planned.stashed,
    };
  });
  return { requests, notTaken: [...notTaken].sort() };
}

/** Queues what is planned, all or nothing. Throws LabError where the daemon refuses it. */
export async function importPueue(paths: LabPaths, config: LabConfig, plan: ImportPlan): Promise<ImportOutcome> {
  const before = await readStates(paths);
  const fresh = plan.tasks.filter((planned) => !before.has(keyOf(planned)));
  const gaining = new Set(fresh.map(({ task }) => task.group));
  const notes = await makeGroups(paths, plan.groups, gaining);
  const { requests, notTaken } = buildImportRequests(plan.tasks, config.env);
  const { jobs } = await call(paths, 'addMany', { requests });
  const pairs = plan.tasks.flatMap(({ task }, index) => {
    const job = jobs[index]?.number;
    return job === undefined ? [] : [{ id: task.id, job }];
  });
  const known = plan.tasks.flatMap((planned) => {
    const job = before.get(keyOf(planned));
    return job === undefined ? [] : [{ id: planned.task.id, ...job }];
  });
  return { jobs: pairs, known, notTaken, notes };
}

/** Every job that is there by its key. */
async function readStates(paths: LabPaths): Promise<Map<string, { job: number; state: string }>> {
  const { jobs } = await call(paths, 'status', { numbers: [] });
  return new Map(jobs.map(({ job, state }) => [job.key, { job: job.number, state: wordOf(state) }]));
}

function wordOf(state: JobState): string {
  return state.kind === 'ended' ? `ended, ${state.run.fate.kind}` : state.kind;
}

function keyOf({ task }: PlannedTask): string {
  const parts = [task.id, task.createdAt, task.path, task.command];
  return `pueue/${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)}`;
}

/** Makes the groups and pauses those that pueue paused; one that gets no new job (`gaining` names the others) stays as it is. */
async function makeGroups(
  paths: LabPaths,
  wanted: ImportPlan['groups'],
  gaining: ReadonlySet<string>,
): Promise<string[]> {
  const notes: string[] = [];
  const { groups } = await call(paths, 'group', { action: 'list', name: '', slots: null });
  for (const group of wanted) {
    const name = nameGroup(group.name);
    if (name !== group.name) notes.push(`the group "${group.name}" is called ${name} here`);
    const present = groups.find((known) => known.name === name);
    if (present === undefined) {
      await call(paths, 'group', { action: 'add', name, slots: group.slots });
    } else if (present.slots !== group.slots) {
      notes.push(
        `the group ${name} has ${group.slots} slots in pueue and ${present.slots} here: \`lab parallel ${group.slots} --group ${name}\``,
      );
    }
    // Before the jobs come: none of them may begin first.
    if (group.isPaused && gaining.has(group.name) && present?.isPaused !== true) {
      await call(paths, 'pause', { select: { numbers: [], group: name, all: false }, keepRunning: true });
      notes.push(`the group ${name} is paused, as it is in pueue: \`lab start --group ${name}\` goes on`);
    }
  }
  return notes;
}
