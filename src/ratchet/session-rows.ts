/**
 * A session's results.tsv: five columns, untracked, to the letter of autoresearch. What the session tried is kept elsewhere (iteration.ts); the
 * file is written from that, and put back where somebody changed it. Tables of others are analysis/field-table's.
 */
import {
  closeSync,
  constants,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { RatchetRow, RatchetStatus } from '../domain/ratchet.ts';
import { LabError } from '../errors/lab-error.ts';
import { writeFileSynced } from '../lab/atomic-write.ts';

/** The header, as autoresearch has it with the session's metric in place of val_bpb. */
export function formatRowsHeader(metricName: string): string {
  return `commit\t${metricName}\tmemory_gb\tstatus\tdescription\n`;
}

/** One row: metric with 6 decimals, memory with 1; 0.000000 and 0.0 for a crash. */
export function formatRow({ commit, metric, memoryGb, status, description }: RatchetRow): string {
  const text = description.replaceAll(/[\s\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return `${[commit, (metric ?? 0).toFixed(6), (memoryGb ?? 0).toFixed(1), status, text].join('\t')}\n`;
}

const statuses: readonly RatchetStatus[] = ['keep', 'discard', 'crash'];

/** The rows of a session's own file; [] where there is none. Throws LabError (user) with the line that is no row of ours. */
export function readRatchetRows(path: string): RatchetRow[] {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return [];
  // A pipe in its place would be read for ever.
  if (!found.isFile())
    throw new LabError('user', `${path} is no plain file, expected the table of a session`, {
      hints: ['`lab autoresearch resume` puts it back'],
    });
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.slice(1).flatMap((line, index) => {
    if (line === '') return [];
    const [commit = '', metric = '', memory = '', word = '', ...description] = line.split('\t');
    const status = statuses.find((known) => known === word);
    const value = Number(metric);
    if (status === undefined || metric === '' || !Number.isFinite(value) || !Number.isFinite(Number(memory)))
      throw new LabError('user', `${path}, line ${index + 2} is no row of a session: "${line.slice(0, 80)}"`, {
        hints: [`\`lab results ${path}\` reads tables of any make`],
      });
    const isCrash = status === 'crash';
    return [
      {
        commit,
        metric: isCrash ? null : value,
        memoryGb: isCrash ? null : Number(memory),
        status,
        description: description.join(' '),
      },
    ];
  });
}

/** What was found when the file was brought up to date. */
export type RowsUpdate =
  | { kind: 'appended' }
  | { kind: 'unchanged' }
  /** Somebody had changed it: it was put back, and what stood there is kept at `keptAt`. */
  | { kind: 'put-back'; keptAt: string };

/**
 * Brings the table at `path` to exactly these rows: appends what is missing, synced, or writes all of it where what stands there is not
 * the beginning of them; the changed file is kept in `keepIn` then. Asked again after a crash it writes no row twice.
 */
export async function updateRows(
  path: string,
  metricName: string,
  rows: readonly RatchetRow[],
  keepIn: string,
): Promise<RowsUpdate> {
  const wanted = formatRowsHeader(metricName) + rows.map(formatRow).join('');
  // The worktree may not be made yet, or be gone; whoever puts it there writes the rows again.
  mkdirSync(dirname(path), { recursive: true });
  const found = lstatSync(path, { throwIfNoEntry: false });
  // An agent can put a link, a pipe or a folder there: never written through, and out of the way before anything is read.
  const isPlain = found === undefined || (found.isFile() && found.nlink === 1);
  if (!isPlain) {
    const keptAt = join(keepIn, `results.foreign-${Date.now()}`);
    renameSync(path, keptAt);
    await writeFileSynced(path, wanted);
    return { kind: 'put-back', keptAt };
  }
  const present = found === undefined ? '' : readFileSync(path, 'utf8');
  if (present === wanted) return { kind: 'unchanged' };
  if (wanted.startsWith(present)) {
    const descriptor = openSync(
      path,
      constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW,
      0o644,
    );
    try {
      writeSync(descriptor, wanted.slice(present.length));
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    return { kind: 'appended' };
  }
  const keptAt = join(keepIn, `results.changed-${Date.now()}.tsv`);
  await writeFileSynced(keptAt, present);
  await writeFileSynced(path, wanted);
  return { kind: 'put-back', keptAt };
}
