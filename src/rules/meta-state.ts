/**
 * The state of META_MODE in `.lab/meta.json`: opened by `lab meta on`, over when its grant is. An expired state is moved away by whoever
 * looks at it first; what was edited stays. What the grant says is read in grant.ts.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { LabPaths } from '../config/lab-paths.ts';
import type { MetaState } from '../domain/meta.ts';
import { errnoOf, LabError } from '../errors/lab-error.ts';
import { readJson, writeJsonSynced } from '../lab/atomic-write.ts';
import { parseGrant } from './grant.ts';

/** How META_MODE stands; `reason` of an expired one is a sentence. */
export type MetaCheck =
  | { kind: 'open'; state: MetaState }
  | { kind: 'expired'; state: MetaState; reason: string }
  | { kind: 'closed' };

const moment = z.iso.datetime({ offset: true });

const stateSchema: z.ZodType<MetaState> = z.strictObject({
  schema: z.literal(1),
  reason: z.string(),
  openedAt: moment,
  until: moment,
  start: z.string().regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/),
  track: z.string().regex(/^[0-9a-f]{8}$/),
  by: z.string(),
  touched: z.array(z.string()),
  requests: z.array(z.string()),
});

function statePath(paths: LabPaths): string {
  return join(paths.state, 'meta.json');
}

/** Folder of closed states and of patches that were set aside; it need not exist. */
export function metaFolder(paths: LabPaths): string {
  return join(paths.state, 'meta');
}

function parseState(path: string): MetaState | null {
  const value = readJson(path);
  if (value === null && !existsSync(path)) return null;
  const parsed = stateSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new LabError('user', `${path} is damaged: ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}`, {
    hints: [`\`rm ${path}\` closes META_MODE; nothing that was edited is lost`],
  });
}

/** The state as the file has it, whatever the time; null where META_MODE is closed. Throws LabError that names a broken file. */
export function readMetaState(paths: LabPaths): MetaState | null {
  return parseState(statePath(paths));
}

/** Writes the state, synced. Throws LabError where it cannot be written. */
export async function writeMetaState(paths: LabPaths, state: MetaState): Promise<void> {
  await writeJsonSynced(statePath(paths), state);
}

/** A name part that sorts by time: "20261121T095500123Z". */
export function formatStamp(now: Date): string {
  return now.toISOString().replaceAll(/[-:.]/g, '');
}

function moveAway(paths: LabPaths, word: 'closed' | 'expired', now: Date): void {
  const folder = metaFolder(paths);
  mkdirSync(folder, { recursive: true });
  try {
    renameSync(statePath(paths), join(folder, `${word}-${formatStamp(now)}.json`));
  } catch (error) {
    // Somebody else closed it in the same moment.
    if (errnoOf(error) === 'ENOENT') return;
    throw new LabError('user', `${statePath(paths)} cannot be moved to ${folder}`, { cause: error });
  }
}

/** Closes META_MODE: the state moves to `.lab/meta/closed-<stamp>.json`. Nothing where it is closed. */
export async function closeMetaState(paths: LabPaths): Promise<void> {
  moveAway(paths, 'closed', new Date());
}

/** The bytes of a journal as text; null where the file is missing. */
export function readHumanJournal(root: string): string | null {
  try {
    return readFileSync(join(root, 'human_journal.md'), 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw new LabError('user', `${join(root, 'human_journal.md')} cannot be read`, { cause: error });
  }
}

/** Why a state is over at `now`, as a sentence, judged by the human_journal.md in the root; null while it is good. */
export function findMetaEnd(paths: LabPaths, state: MetaState, now: Date): string | null {
  if (now.getTime() >= Date.parse(state.until)) return `the grant ended at ${state.until}`;
  const journal = readHumanJournal(paths.root);
  if (journal === null) return 'human_journal.md is gone';
  const grant = parseGrant(journal, now);
  return grant.kind === 'granted' ? null : grant.reason;
}

/** How META_MODE stands at `now`, by the file and by what the root's human_journal.md says; an expired state is moved away. */
export async function checkMeta(paths: LabPaths, now: Date): Promise<MetaCheck> {
  const state = readMetaState(paths);
  if (state === null) return { kind: 'closed' };
  const reason = findMetaEnd(paths, state, now);
  if (reason === null) return { kind: 'open', state };
  moveAway(paths, 'expired', now);
  return { kind: 'expired', state, reason };
}

/** The state that expired last, where nothing was opened or closed since; null where there is none. Its edits wait for the next `lab meta on`. */
export function readExpiredState(paths: LabPaths): MetaState | null {
  const folder = metaFolder(paths);
  if (!existsSync(folder)) return null;
  const stampOf = (name: string) => name.slice(name.indexOf('-') + 1);
  const names = readdirSync(folder).filter((name) => /^(closed|expired)-\w+\.json$/.test(name));
  const last = names.sort((left, right) => (stampOf(left) < stampOf(right) ? -1 : 1)).at(-1);
  return last?.startsWith('expired-') === true ? parseState(join(folder, last)) : null;
}

/** The variable that says that the process belongs to an agent or a run; null for a human's own. */
export function findRunVariable(environment: NodeJS.ProcessEnv): string | null {
  return ['LAB_ROLE', 'LAB_JOB', 'LAB_RUN'].find((name) => (environment[name] ?? '') !== '') ?? null;
}

/** Throws LabError (refused) inside an agent or a run, and (user) where the environment has no META_MODE=1; `command` is for the hint. */
export function ensureMetaEnvironment(environment: NodeJS.ProcessEnv, command: string): void {
  const variable = findRunVariable(environment);
  if (variable !== null) {
    throw new LabError(
      'refused',
      `META_MODE is a human's: ${variable} is set, so this is an agent's or a run's process`,
      {
        hints: ['give the command in a terminal of your own'],
      },
    );
  }
  if (environment.META_MODE === '1') return;
  const found = environment.META_MODE === undefined ? 'not set' : `"${environment.META_MODE}"`;
  throw new LabError('user', `META_MODE is ${found} in the environment, expected 1`, {
    hints: [`META_MODE=1 ${command}`],
  });
}

/** Throws LabError unless META_MODE is open at `now`, its variable is set, and no agent or run asks. An expired state is closed by it. */
export async function ensureMetaOpen(paths: LabPaths, environment: NodeJS.ProcessEnv, now: Date): Promise<MetaState> {
  ensureMetaEnvironment(environment, 'lab meta …');
  const found = await checkMeta(paths, now);
  if (found.kind === 'open') return found.state;
  const again = '`META_MODE=1 lab meta on --reason "…"` opens it';
  // Whoever looked first moved the state away; what was edited under it waits all the same.
  const state = found.kind === 'expired' ? found.state : readExpiredState(paths);
  if (state === null) throw new LabError('user', 'META_MODE is closed, expected it open', { hints: [again] });
  const reason = findMetaEnd(paths, state, now) ?? 'its grant had been withdrawn';
  const isGranted = parseGrant(readHumanJournal(paths.root) ?? '', now).kind === 'granted';
  throw new LabError('refused', `META_MODE is over: ${reason}; what was edited is still there`, {
    hints: [
      ...(isGranted ? [] : ['write a new entry at the top of human_journal.md with a line META_MODE=1']),
      `${again} again, and goes on with the edits`,
    ],
  });
}

/** What to tell of META_MODE while its file is there, as one line; null where it is closed. Moves nothing away, and costs a stat where it is closed. */
export function describeMetaMode(paths: LabPaths, now: Date): string | null {
  if (!existsSync(statePath(paths))) return null;
  try {
    const state = readMetaState(paths);
    if (state === null) return null;
    const end = findMetaEnd(paths, state, now);
    return end === null
      ? `META_MODE is open until ${state.until} (${state.reason}): \`META_MODE=1 lab meta off\` closes it`
      : `META_MODE is over (${state.reason}): ${end}; \`lab meta status\` shows what is left`;
  } catch (error) {
    if (error instanceof LabError) return `META_MODE: ${error.message}`;
    throw error;
  }
}
