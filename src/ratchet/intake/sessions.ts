/** The ratchet's sessions of a lab with their rows, as the packet shows them. Reads only; starts no daemon. */
import type { LabPaths } from '../../config/lab-paths.ts';
import type { RatchetRow, RatchetSession, RatchetState } from '../../domain/ratchet.ts';
import { messageOf } from '../../errors/lab-error.ts';
import { isSessionRunning, readSessions } from '../session.ts';
import { readRatchetRows } from '../session-rows.ts';

/** One session as the packet shows it. */
export interface SessionFacts {
  tag: string;
  branch: string;
  /** Absolute path of its worktree. */
  worktree: string;
  isRunning: boolean;
  metric: RatchetSession['metric'];
  rows: number;
  counts: { keep: number; discard: number; crash: number };
  /** The best kept row; null where nothing was kept. */
  best: { commit: string; metric: number } | null;
  /** ISO 8601 with offset. */
  beganAt: string;
}

/** The session state of the packet. */
export interface SessionState {
  /** `running` where any of them is. */
  state: RatchetState['session'];
  /** The oldest first. */
  sessions: SessionFacts[];
}

/** Reads the sessions of a lab; a broken one is told in `notes`. */
export async function readSessionState(paths: LabPaths, notes: string[]): Promise<SessionState> {
  const sessions: SessionFacts[] = [];
  for (const session of orNote(() => readSessions(paths), notes) ?? []) {
    const rows = orNote(() => readRatchetRows(session.table), notes) ?? [];
    sessions.push(describeSession(session, rows, await isSessionRunning(paths, session.tag)));
  }
  const isRunning = sessions.some((session) => session.isRunning);
  return { state: isRunning ? 'running' : sessions.length > 0 ? 'stopped' : 'none', sessions };
}

function describeSession(session: RatchetSession, rows: readonly RatchetRow[], isRunning: boolean): SessionFacts {
  const count = (status: RatchetRow['status']) => rows.filter((row) => row.status === status).length;
  const sign = session.metric.direction === 'lower' ? 1 : -1;
  let best: SessionFacts['best'] = null;
  for (const { status, metric, commit } of rows) {
    if (status !== 'keep' || metric === null) continue;
    if (best === null || (metric - best.metric) * sign < 0) best = { commit, metric };
  }
  const { tag, branch, worktree, metric, beganAt } = session;
  const counts = { keep: count('keep'), discard: count('discard'), crash: count('crash') };
  return { tag, branch, worktree, isRunning, metric, rows: rows.length, counts, best, beganAt };
}

function orNote<Value>(read: () => Value, notes: string[]): Value | null {
  try {
    return read();
  } catch (error) {
    notes.push(messageOf(error));
    return null;
  }
}
