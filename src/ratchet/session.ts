/**
 * Ratchet sessions on disk: their folders, their fixed facts, the lock of whoever drives one. What was tried is iteration.ts's, the rows are
 * session-rows.ts's.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { LabPaths } from '../config/lab-paths.ts';
import type { RatchetSession } from '../domain/ratchet.ts';
import { LabError } from '../errors/lab-error.ts';
import type { ExperimentTree } from '../git/experiment-tree.ts';
import { readJson, writeJsonSynced } from '../lab/atomic-write.ts';
import { type KernelLock, tryLock } from '../lab/kernel-lock.ts';

const budgetSchema = z.object({
  trainingSeconds: z.number().nullable(),
  wallSeconds: z.number(),
  constants: z.record(z.string(), z.number()),
  command: z.string(),
  frozen: z.record(z.string(), z.string()),
});

const sessionSchema = z.object({
  schema: z.literal(1),
  tag: z.string(),
  branch: z.string(),
  desc: z.string(),
  worktree: z.string(),
  start: z.string().regex(/^[0-9a-f]{40,64}$/),
  metric: z.object({ name: z.string(), direction: z.enum(['lower', 'higher']) }),
  edits: z.array(z.string()).min(1),
  device: z.enum(['cpu', 'gpu']),
  deviceId: z.string().nullable(),
  rule: z.enum(['strict', 'posterior']),
  budget: budgetSchema,
  track: z.string(),
  table: z.string(),
  max: z.number().int().positive().nullable(),
  agent: z.string().nullable(),
  beganAt: z.string(),
});

/** Name of a session's table. */
export const rowsFile = 'results.tsv';

/** Folder of all sessions. */
export function sessionsFolder(paths: Pick<LabPaths, 'state'>): string {
  return join(paths.state, 'ratchet');
}

/** Folder of one session. */
export function sessionFolder(paths: Pick<LabPaths, 'state'>, tag: string): string {
  return join(sessionsFolder(paths), tag);
}

/** Branch of a session. */
export function branchOfTag(tag: string): string {
  return `autoresearch/${tag}`;
}

/** Worktree of a session, absolute. */
export function worktreeOfTag(paths: Pick<LabPaths, 'worktrees'>, tag: string): string {
  return join(paths.worktrees, `autoresearch-${tag}`);
}

/** Branch and worktree of a session, for git. */
export function treeOfSession(paths: LabPaths, { branch, worktree }: RatchetSession): ExperimentTree {
  return { root: paths.root, ownedFolder: paths.worktrees, path: worktree, branch };
}

/** Throws LabError (usage) where the tag could not be part of a branch and of a folder. */
export function ensureTag(tag: string): void {
  if (/^[a-z0-9][a-z0-9._-]{0,39}$/i.test(tag) && !tag.includes('..') && !/(?:\.lock|\.)$/i.test(tag)) return;
  throw new LabError('usage', `--tag got "${tag}", expected letters, digits, "-", "_" and "." (40 at most)`, {
    hints: ['a tag names the day or the goal: --tag mar5, --tag mar5-gpu0'],
  });
}

/** Keeps the facts of a new session. */
export async function writeSession(paths: LabPaths, session: RatchetSession): Promise<void> {
  await writeJsonSynced(join(sessionFolder(paths, session.tag), 'session.json'), session);
}

/** The session of a tag; null where there is none. Throws LabError (user) where its file is broken. */
export function readSession(paths: LabPaths, tag: string): RatchetSession | null {
  const path = join(sessionFolder(paths, tag), 'session.json');
  if (!existsSync(path)) return null;
  const parsed = sessionSchema.safeParse(readJson(path));
  if (parsed.success) {
    // The lab may have been moved since.
    const { worktree, table } = parsed.data;
    const here = worktreeOfTag(paths, tag);
    const isInside = table === join(worktree, rowsFile);
    return { ...parsed.data, worktree: here, table: join(isInside ? here : sessionFolder(paths, tag), rowsFile) };
  }
  const [issue] = parsed.error.issues;
  throw new LabError('user', `${path} is no session: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim(), {
    hints: ['was it changed by hand? `lab autoresearch run --tag <another>` begins a new session'],
  });
}

/** All sessions of a lab, the oldest first. */
export function readSessions(paths: LabPaths): RatchetSession[] {
  const folder = sessionsFolder(paths);
  const tags = existsSync(folder) ? readdirSync(folder) : [];
  const sessions = tags.flatMap((tag) => readSession(paths, tag) ?? []);
  return sessions.sort((a, b) => Date.parse(a.beganAt) - Date.parse(b.beganAt) || (a.tag < b.tag ? -1 : 1));
}

/** Takes a session for this process. Throws LabError (user) where another process drives it. */
export async function lockSession(paths: LabPaths, tag: string): Promise<KernelLock> {
  const folder = sessionFolder(paths, tag);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'lock');
  const lock = await tryPatiently(path);
  if (lock === null) {
    const holder = readFileSync(path, 'utf8').trim();
    throw new LabError('user', `session ${tag} is running${holder === '' ? '' : ` (${holder})`}`, {
      hints: ['end it with Ctrl-C in its terminal, or begin one of another name: --tag'],
    });
  }
  // The file itself says who holds it; the lock is on the open file, not on its text.
  writeFileSync(path, `process ${process.pid}`);
  return lock;
}

/** Tries for a second: whoever only looks whether a session runs holds its lock for a moment. */
async function tryPatiently(path: string): Promise<KernelLock | null> {
  for (let times = 0; ; times += 1) {
    const lock = await tryLock(path);
    if (lock !== null || times === 10) return lock;
    await delay(100);
  }
}

/** Whether a process drives the session at this moment. */
export async function isSessionRunning(paths: LabPaths, tag: string): Promise<boolean> {
  const path = join(sessionFolder(paths, tag), 'lock');
  if (!existsSync(path)) return false;
  const lock = await tryPatiently(path);
  lock?.release();
  return lock === null;
}
