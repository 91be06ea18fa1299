/**
 * Reads what `pueue status --json` prints (pueue 4; the words of 2 and 3 where they are the same). Pure text in, tasks out. What becomes of
 * them is plan-import.ts's. The environments in it are kept in memory only.
 */
import { z } from 'zod';
import { LabError } from '../../errors/lab-error.ts';

/** Where a task of pueue stands. `at`: ISO 8601 moment at which a stashed one is to be queued; null: when a person says so. */
export type PueueStatus =
  | { kind: 'queued' }
  | { kind: 'stashed'; at: string | null }
  | { kind: 'running' }
  | { kind: 'done'; isSuccess: boolean };

/** A task of pueue. */
export interface PueueTask {
  id: number;
  /** As pueue prints it; "" where it does not say. With the id it tells tasks apart, because pueue uses ids again. */
  createdAt: string;
  command: string;
  /** Absolute folder that it runs in. */
  path: string;
  envs: Record<string, string>;
  group: string;
  /** Ids of the tasks whose success it waits for. */
  dependencies: number[];
  priority: number;
  label: string | null;
  status: PueueStatus;
}

/** A group of pueue. */
export interface PueueGroup {
  name: string;
  /** Tasks at once; 0: no limit. */
  slots: number;
  isPaused: boolean;
}

/** The whole state, tasks by id. */
export interface PueueState {
  tasks: PueueTask[];
  groups: PueueGroup[];
}

const rawTask = z.object({
  id: z.number().int().nonnegative(),
  created_at: z.string().default(''),
  command: z.string().min(1),
  path: z.string().startsWith('/'),
  envs: z.record(z.string(), z.string()).default({}),
  group: z.string().default('default'),
  dependencies: z.array(z.number().int().nonnegative()).default([]),
  priority: z.number().int().default(0),
  label: z.string().nullable().default(null),
  // A word in older versions ("Queued"), an object with one key in pueue 4.
  status: z.union([z.string(), z.record(z.string(), z.unknown())]),
});

const rawState = z.object({
  tasks: z.record(z.string(), rawTask),
  groups: z
    .record(
      z.string(),
      z.object({ status: z.string().default('Running'), parallel_tasks: z.number().int().default(1) }),
    )
    .default({}),
});

/** Parses the JSON text. Throws LabError (user) that names the place where it is not what pueue prints. */
export function parsePueueState(text: string, source: string): PueueState {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    throw wrongState(source, 'it is no JSON', error);
  }
  const parsed = rawState.safeParse(raw);
  if (!parsed.success) {
    if (isOfLab(raw)) throw wrongState(source, "it is lab's own status: the script of `lab shim pueue` answered");
    const [issue] = parsed.error.issues;
    throw wrongState(source, `${issue?.path.join('.') || 'the text'}: ${issue?.message ?? 'not readable'}`);
  }
  const tasks = Object.values(parsed.data.tasks).map(({ created_at, status, ...task }) => ({
    ...task,
    createdAt: created_at,
    status: readStatus(status, source),
  }));
  const groups = Object.entries(parsed.data.groups).map(([name, group]) => ({
    name,
    slots: Math.max(0, group.parallel_tasks),
    isPaused: group.status !== 'Running',
  }));
  return { tasks: tasks.sort((a, b) => a.id - b.id), groups };
}

function isOfLab(raw: unknown): boolean {
  return typeof raw === 'object' && raw !== null && 'jobs' in raw && 'champion' in raw;
}

function wrongState(source: string, what: string, cause?: unknown): LabError {
  return new LabError('user', `${source} is not what \`pueue status --json\` prints: ${what}`, {
    hints: ['`pueue status --json > tasks.json`, then `lab import pueue tasks.json`'],
    ...(cause === undefined ? {} : { cause }),
  });
}

function readStatus(raw: string | Record<string, unknown>, source: string): PueueStatus {
  const [word = '', parts] = typeof raw === 'string' ? [raw, {}] : (Object.entries(raw)[0] ?? []);
  const detail = typeof parts === 'object' && parts !== null ? (parts as Record<string, unknown>) : {};
  switch (word) {
    case 'Queued':
      return { kind: 'queued' };
    case 'Stashed':
      return { kind: 'stashed', at: readMoment(detail.enqueue_at, source) };
    case 'Locked':
      // It is being edited; pueue itself stashes such a task when it starts anew.
      return { kind: 'stashed', at: null };
    case 'Running':
    case 'Paused':
      return { kind: 'running' };
    case 'Done':
      return { kind: 'done', isSuccess: (detail.result ?? parts) === 'Success' };
    default:
      throw wrongState(
        source,
        `the status "${word}" is unknown, expected Queued, Stashed, Locked, Running, Paused or Done`,
      );
  }
}

function readMoment(raw: unknown, source: string): string | null {
  if (raw === null || raw === undefined) return null;
  const time = typeof raw === 'string' ? new Date(raw) : new Date(Number.NaN);
  if (Number.isNaN(time.getTime())) throw wrongState(source, `enqueue_at "${String(raw)}" is no moment`);
  return time.toISOString();
}
