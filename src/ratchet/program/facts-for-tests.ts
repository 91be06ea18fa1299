/** Facts of a small lab for tests of what is written into program.md. */
import type { ProgramFacts } from './section-texts.ts';
import type { TriedRow, TriedSession } from './tried-lines.ts';

/** A session of these rows, the first of which is its baseline. */
export function sessionOf(tag: string, beganAt: string, rows: readonly TriedRow[]): TriedSession {
  return { tag, beganAt, metric: { name: 'val_bpb', direction: 'lower' }, rows };
}

/** A row; a crash has neither number. */
export function rowOf(
  commit: string,
  metric: number | null,
  status: TriedRow['status'],
  description: string,
): TriedRow {
  return { commit, metric, memoryGb: metric === null ? null : 4, status, description };
}

/** Facts without a session. */
export const plainFacts: ProgramFacts = {
  metric: { name: 'val_bpb', direction: 'lower' },
  baseline: {
    metric: 0.9979,
    sd: null,
    runs: 1,
    memoryMib: 45_056,
    commit: 'a'.repeat(40),
    device: 'Card (gpu0)',
    source: 'job 1',
  },
  trainingSeconds: 300,
  wallSeconds: 600,
  constants: { MAX_SEQ_LEN: 2048 },
  memoryCeilingMib: 90_112,
  frozen: ['prepare.py', 'uv.lock'],
  edits: ['train.py'],
  sessions: [],
};
