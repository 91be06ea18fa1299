/**
 * Decides what becomes of each task of pueue: which are queued here, in which order, and which are left where they are, with the reason.
 * Pure. It knows nothing of the daemon; numbers of pueue stay numbers of pueue until the jobs have their own.
 */
import { formatLocalTime } from '../../domain/time.ts';
import type { PueueState, PueueTask } from './pueue-state.ts';

/** A task that is left to pueue. */
export interface LeftTask {
  id: number;
  /** One sentence for a person. */
  reason: string;
}

/** A task that is queued here. */
export interface PlannedTask {
  task: PueueTask;
  /** Put aside until a person lets it go. */
  stashed: boolean;
  /** ISO 8601; null: at once. */
  notBefore: string | null;
  /** Ids of planned tasks whose success it waits for; each stands before it in the plan. */
  after: number[];
  /** What a person should know of it. */
  notes: string[];
}

/** What an import does. */
export interface ImportPlan {
  /** In an order in which every task comes after those it waits for. */
  tasks: PlannedTask[];
  left: LeftTask[];
  /** Groups that these tasks need. */
  groups: { name: string; slots: number; isPaused: boolean }[];
}

/** Plans the import of a whole state. */
export function planImport(state: PueueState): ImportPlan {
  const byId = new Map(state.tasks.map((task) => [task.id, task]));
  const left: LeftTask[] = [];
  const wanted = new Map<number, PueueTask>();
  for (const task of state.tasks) {
    if (task.status.kind === 'running') left.push({ id: task.id, reason: 'runs under pueue and is left to it' });
    else if (task.status.kind !== 'done') wanted.set(task.id, task);
  }
  const planned = new Map<number, PlannedTask>();
  // A task is planned once all that it waits for is; what is never reached waits in a circle.
  for (let count = -1; count !== planned.size; ) {
    count = planned.size;
    for (const task of wanted.values()) {
      const open = task.dependencies.filter((id) => wanted.has(id));
      if (planned.has(task.id) || open.some((id) => !planned.has(id))) continue;
      planned.set(task.id, planTask(task, open, byId));
    }
  }
  for (const id of wanted.keys()) if (!planned.has(id)) left.push({ id, reason: 'waits for a task that waits for it' });
  const names = new Set([...planned.values()].map(({ task }) => task.group));
  const known = new Map(state.groups.map((group) => [group.name, group]));
  const groups = [...names].map((name) => known.get(name) ?? { name, slots: 1, isPaused: false });
  return { tasks: [...planned.values()], left: left.sort((a, b) => a.id - b.id), groups };
}

function planTask(task: PueueTask, open: number[], byId: ReadonlyMap<number, PueueTask>): PlannedTask {
  const notes: string[] = [];
  let isBlocked = false;
  for (const id of task.dependencies.filter((id) => !open.includes(id))) {
    const other = byId.get(id);
    if (other?.status.kind === 'done' && other.status.isSuccess) continue;
    isBlocked = true;
    const fate =
      other === undefined ? 'is gone from pueue' : other.status.kind === 'done' ? 'failed' : 'still runs under pueue';
    notes.push(`waits for task ${id}, which ${fate}: stashed, \`lab enqueue\` lets it go`);
  }
  const { status } = task;
  const at = status.kind === 'stashed' ? status.at : null;
  const isStashed = status.kind === 'stashed' && at === null;
  if (isBlocked && at !== null) notes.push(`its moment ${formatLocalTime(new Date(at))} is not taken over`);
  return { task, stashed: isStashed || isBlocked, notBefore: isBlocked ? null : at, after: open, notes };
}
