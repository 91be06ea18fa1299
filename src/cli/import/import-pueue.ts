/**
 * Queues pueue's waiting tasks in the user's own lab: groups first, then all jobs in one trip. A task has a key of its own, which names it
 * for those that wait for it, and by which an import that is given twice, or again after it broke off, gives the same jobs. pueue itself is
 * not changed.
 */
import { createHash } from 'node:crypto';
import { relative } from 'node:path';
import type { LabPaths } from '../../config/lab-paths.ts';
import type { LabConfig } from '../../config/schema.ts';
import { type AddRequest, type DeviceView, requestDefaults } from '../../daemon/routes.ts';
import type { JobState } from '../../domain/job.ts';
import { captureEnvironment } from '../capture-environment.ts';
import { type CardWish, readCardWish } from '../card-wish.ts';
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

/** A GPU by the lab's name and by its vendor's number. */
export type ImportCard = Pick<DeviceView, 'id' | 'vendor' | 'index'>;

/** What is in the lab and in the machine before an import. */
export interface ImportGround {
  /** Jobs that are there by their keys. */
  before: ReadonlyMap<string, { job: number; state: string }>;
  /** The machine's GPUs. */
  cards: readonly ImportCard[];
}

/** A group's name as the lab takes it: letters, digits and _ . - */
export function nameGroup(name: string): string {
  return name.replace(/[^\w.-]/g, '-').slice(0, 60) || 'default';
}

/**
 * The requests of a plan, the names of variables that they leave out, and what a person should know of the cards that tasks asked for,
 * but for those that an earlier import queued: where their jobs run may have been changed since. Pure.
 */
export function buildImportRequests(
  tasks: readonly PlannedTask[],
  { pass, secret }: LabConfig['env'],
  { before, cards }: ImportGround,
): { requests: AddRequest[]; notTaken: string[]; notes: string[] } {
  const keys = new Map(tasks.map((planned) => [planned.task.id, keyOf(planned)]));
  const notTaken = new Set<string>();
  const notes: string[] = [];
  const requests = tasks.map((planned): AddRequest => {
    const { task } = planned;
    // pueue keeps every variable; what env.secret names is not taken from there either, it would be stale.
    const { env, left } = captureEnvironment(task.envs, pass, secret);
    for (const name of left) notTaken.add(name);
    const { note, ...placed } = placeTask(task.envs, cards);
    if (note !== null && !before.has(keyOf(planned))) notes.push(`task ${task.id} ${note}`);
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
      ...placed,
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
  return { requests, notTaken: [...notTaken].sort(), notes };
}

/** In pueue a task chooses its cards by the environment; here its request does. What this machine does not have is said and left open. */
function placeTask(
  envs: Readonly<Record<string, string>>,
  cards: readonly ImportCard[],
): Pick<AddRequest, 'device' | 'needs'> & { note: string | null } {
  const { needs } = requestDefaults;
  const wish = readCardWish(envs);
  if (wish === null) return { device: null, needs, note: null };
  const { text } = wish;
  // A card that is named twice is one card: more than the machine has would be refused, and the whole import with it.
  const numbers = wish.numbers && [...new Set(wish.numbers)];
  if (numbers === null) {
    const note = `names its cards otherwise than by numbers, it takes any device: ${text}`;
    return { device: null, needs, note };
  }
  if (numbers.length === 0) return { device: 'cpu', needs, note: null };
  const counted = listCounted(wish, cards);
  const found = numbers.flatMap((number) => counted.find(({ index }) => index === number) ?? []);
  const [first] = found;
  if (first === undefined || found.length < numbers.length) {
    const what = numbers.length === 1 ? 'which is no card' : 'which are not all cards';
    const note = `asked for ${text}, ${what} of this machine (${nameCards(wish, cards)}): it takes any device`;
    return { device: null, needs, note };
  }
  const gpus = numbers.length;
  if (gpus === 1) return { device: 'gpu', needs: { ...needs, deviceId: first.id }, note: null };
  return { device: 'gpu', needs: { ...needs, gpus }, note: `asked for ${text}: it takes any ${gpus} GPUs at once` };
}

/** The cards that the wish's numbers count. */
function listCounted({ vendor }: CardWish, cards: readonly ImportCard[]): readonly ImportCard[] {
  const own = cards.filter((card) => card.vendor === vendor);
  // AMD's libraries read CUDA's name too: where there is no card of NVIDIA's, it chose among theirs.
  return vendor === 'nvidia' && own.length === 0 ? cards.filter((card) => card.vendor === 'amd') : own;
}

/** For a note: the cards that could have been meant. */
function nameCards(wish: CardWish, cards: readonly ImportCard[]): string {
  const counted = listCounted(wish, cards);
  if (counted.length > 0) return counted.map(({ id }) => id).join(', ');
  return cards.length === 0 ? 'no GPU' : `no GPU of ${wish.vendor === 'nvidia' ? 'NVIDIA' : 'AMD'}`;
}

/** Queues what is planned, all or nothing. Throws LabError where the daemon refuses it. */
export async function importPueue(paths: LabPaths, config: LabConfig, plan: ImportPlan): Promise<ImportOutcome> {
  const ground = await readGround(paths);
  const { before } = ground;
  const fresh = plan.tasks.filter((planned) => !before.has(keyOf(planned)));
  const gaining = new Set(fresh.map(({ task }) => task.group));
  const notes = await makeGroups(paths, plan.groups, gaining);
  const { requests, notTaken, notes: cardNotes } = buildImportRequests(plan.tasks, config.env, ground);
  const { jobs } = await call(paths, 'addMany', { requests });
  const pairs = plan.tasks.flatMap(({ task }, index) => {
    const job = jobs[index]?.number;
    return job === undefined ? [] : [{ id: task.id, job }];
  });
  const known = plan.tasks.flatMap((planned) => {
    const job = before.get(keyOf(planned));
    return job === undefined ? [] : [{ id: planned.task.id, ...job }];
  });
  return { jobs: pairs, known, notTaken, notes: [...notes, ...cardNotes] };
}

async function readGround(paths: LabPaths): Promise<ImportGround> {
  const { jobs, devices } = await call(paths, 'status', { numbers: [] });
  const before = new Map(jobs.map(({ job, state }) => [job.key, { job: job.number, state: wordOf(state) }]));
  return { before, cards: devices.filter((device) => device.class === 'gpu') };
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
