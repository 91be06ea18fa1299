/**
 * Commits changes of record files and entries of experiments on main: all of a request in one commit, or nothing of it. Each change says
 * which text it was made from, so that nobody's work in between is overwritten. What the texts say is not looked at.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExperimentEntry, RecordChange, RecordOutcome, RecordRequest } from '../../src/domain/record.ts';
import { errnoOf, LabError } from '../../src/errors/lab-error.ts';
import { findCheckoutsOf } from '../../src/git/checkout-state.ts';
import { commitByPlumbing, type PathEdit, removed } from '../../src/git/plumbing-commit.ts';
import { runGit } from '../../src/git/run-git.ts';
import { reachPoint } from '../../src/lab/named-point.ts';
import { largestRecordBytes } from '../../src/lab/record-files.ts';
import { journalPath } from './append-records.ts';
import { ensureExperimentEntry, insertExperimentEntries, writeExperimentEntries } from './experiment-entries.ts';
import { ensureRecordPath } from './record-path.ts';
import type { RecorderContext } from './recorder.ts';

/** What committing record files needs of the recorder. */
export type RecordContext = Pick<RecorderContext, 'paths' | 'config' | 'main' | 'say'>;

/** What is in the root checkout: the bytes of a file; null where nothing is, `other` where something is that is no readable file. */
type DiskContent = Buffer | null | 'other';

type EditResult = ReturnType<PathEdit['edit']>;

/** A change with its texts as git keeps them, and as they were given. */
interface PreparedChange {
  path: string;
  from: string | null;
  to: string | null;
  given: RecordChange;
}

function ensureText(path: string, text: string): void {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length > largestRecordBytes)
    throw new LabError('user', `${path} would have ${bytes.length} bytes, expected at most ${largestRecordBytes}`);
  if (text.includes('\0')) throw new LabError('user', `${path} would have a NUL byte in it, expected text`);
  // Half a surrogate pair has no UTF-8: git would hold another text than the one that was asked for.
  if (bytes.toString('utf8') !== text)
    throw new LabError('user', `${path} would have broken characters, expected text`);
}

/** The text as git keeps it: where line ends are converted (autocrlf), what was read from a checkout has others than main. */
async function convertToGit(root: string, path: string, text: string | null): Promise<string | null> {
  if (text === null || !text.includes('\r\n')) return text;
  const blob = await runGit(root, ['hash-object', '-w', `--path=${path}`, '--stdin'], { input: text });
  return await runGit(root, ['cat-file', 'blob', blob.trim()]);
}

async function prepareChanges(context: RecordContext, changes: RecordChange[]): Promise<PreparedChange[]> {
  const { paths, main, config } = context;
  const prepared = new Map<string, PreparedChange>();
  for (const change of changes) {
    const { path } = change;
    await ensureRecordPath(paths, main, config.rules, path);
    if (prepared.has(path)) throw new LabError('user', `${path} is asked for twice, expected one change for each file`);
    if (change.to !== null) ensureText(path, change.to);
    const from = await convertToGit(paths.root, path, change.from);
    prepared.set(path, { path, from, to: await convertToGit(paths.root, path, change.to), given: change });
  }
  return [...prepared.values()];
}

function readDisk(path: string): DiskContent {
  try {
    return readFileSync(path);
  } catch (error) {
    return errnoOf(error) === 'ENOENT' ? null : 'other';
  }
}

const holds = (disk: DiskContent, text: string | null): boolean =>
  text !== null && Buffer.isBuffer(disk) && disk.equals(Buffer.from(text, 'utf8'));

/** What the commit does to one file, given main's text and what lies in the root checkout (null where main is not checked out there). */
function planChange(change: PreparedChange, old: string | null, disk: DiskContent): EditResult | { conflict: true } {
  const { from, to, given } = change;
  // Main never had the file: a person's, not committed yet, goes where the request puts its text.
  if (old === to) return to === null && holds(disk, given.from) ? removed : null;
  const wanted: EditResult = to ?? removed;
  if (old !== from) return holds(disk, given.from) ? wanted : { conflict: true };
  // A file of the person's that main does not know must not end up behind the lab's.
  if (old === null && disk !== null && !holds(disk, given.to)) return { conflict: true };
  return wanted;
}

function createEdits(
  root: string,
  isCheckedOut: boolean,
  changes: PreparedChange[],
  entries: ExperimentEntry[],
  conflicts: Set<string>,
): PathEdit[] {
  const edits = changes.map((change): PathEdit => {
    const { path, given } = change;
    const edit: PathEdit['edit'] = (old) => {
      const planned = planChange(change, old, isCheckedOut ? readDisk(join(root, path)) : null);
      if (planned === null || typeof planned !== 'object') return planned;
      conflicts.add(path);
      return null;
    };
    return given.from === null ? { path, edit } : { path, edit, replaces: [given.from] };
  });
  if (entries.length > 0) edits.push({ path: journalPath, edit: (old) => insertExperimentEntries(old, entries) });
  return edits;
}

/**
 * Commits a request on main, whole or not at all; asked twice it changes nothing. A file in the root checkout follows where it is what
 * the change was made from; anything else of the person's there stays. Throws LabError: refused for a path that the recorder must not
 * write, user for a text that is no record (too large, no text) or for one file twice; as commitByPlumbing does where git cannot write.
 */
export async function recordFiles(context: RecordContext, request: RecordRequest): Promise<RecordOutcome> {
  const { paths, main, say } = context;
  const { entries } = request;
  for (const entry of entries) {
    ensureText(journalPath, entry.text);
    ensureExperimentEntry(entry);
  }
  const changes = await prepareChanges(context, request.changes);
  const isCheckedOut = (await findCheckoutsOf(paths.root, main)).some(({ path }) => path === paths.root);
  const conflicts = new Set<string>();
  const outcome = await commitByPlumbing(paths.root, {
    branch: main,
    message: `recorder: ${request.subject.replace(/\s+/g, ' ').trim()}\n`,
    edits: createEdits(paths.root, isCheckedOut, changes, entries, conflicts),
    isRefused: () => conflicts.size > 0,
  });
  const [conflict] = conflicts;
  if (conflict !== undefined) return { kind: 'conflict', path: conflict };
  if (outcome.kind === 'delayed') return { kind: 'delayed', reason: outcome.reason };
  reachPoint('files-committed');
  // Only now: an entry of a request that was not carried out must not be taken for one that main lost.
  await writeExperimentEntries(paths, entries);
  if (outcome.kind === 'unchanged') return { kind: 'unchanged' };
  for (const problem of outcome.checkoutProblems) say('the commit holds, the checkout was left', { problem });
  say('recorded files', { subject: request.subject, commit: outcome.commit });
  return { kind: 'committed', commit: outcome.commit };
}
