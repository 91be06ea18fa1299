/**
 * Asks the agent of a session for a change, or for the fix of one that crashed. For ever where need be: an agent that stops, refuses or has no
 * login is asked again, at longer and longer pauses.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { RatchetSession } from '../domain/ratchet.ts';
import { readDiffFacts } from '../git/diff-facts.ts';
import { type AgentTurn, takeTurn } from './agent-turn.ts';
import { rowOfIteration } from './decide-iteration.ts';
import { type Iteration, isDecided, lastTry } from './iteration.ts';
import type { RatchetContext } from './ratchet-context.ts';
import { sessionFolder } from './session.ts';
import { formatRowsHeader, updateRows } from './session-rows.ts';
import { putSession } from './session-tree.ts';

/** A fix of more lines is no fix of a slip. */
const mostFixLines = 20;

/** The ratchet leaves the seed to train.py; the rule that knows the noise needs another one for each run. */
export function seedOf(
  { rule }: RatchetSession,
  seeds: readonly number[],
  number: number,
  attempt: number,
): number | null {
  if (rule === 'strict') return null;
  return number === 0 ? (seeds[attempt] ?? null) : Math.max(...seeds) + number;
}

function withChange(
  { session, config }: RatchetContext,
  iteration: Iteration,
  turn: Extract<AgentTurn, { kind: 'change' }>,
): Iteration {
  const seed = seedOf(session, config.run.seeds, iteration.number, iteration.tries.length);
  const { commit, description, hypothesis, category, next } = turn;
  // A fix mends what was tried; it is no other experiment.
  const words = iteration.tries.length > 0 ? {} : { description, hypothesis, category, next };
  return { ...iteration, ...words, tries: [...iteration.tries, { commit, seed, reruns: 0, outcome: null }] };
}

/** Asks for a change until there is one. It gives up for nothing but a signal: an agent that stops, refuses or has no login comes back. */
export async function askForChange(
  context: RatchetContext,
  before: Iteration[],
  iteration: Iteration,
): Promise<Iteration> {
  const { session, config, tell, signal } = context;
  let back = '';
  for (let turns = 1; ; turns += 1) {
    signal.throwIfAborted();
    await putBranch(context, iteration.base);
    await putRows(context, before);
    const turn = await takeTurn(context, { session, before, iteration, back, isFix: false }, readTable(session));
    if (turn.kind === 'change') {
      if (turn.hypothesis !== '') tell(`${iteration.number}: ${turn.hypothesis}`);
      return withChange(context, iteration, turn);
    }
    await putBranch(context, iteration.base);
    back = turn.reason;
    const pauses = turn.kind === 'unable' ? turns : Math.floor(turns / config.ratchet.turns);
    const isPause = turn.kind === 'unable' || turns % config.ratchet.turns === 0;
    const again = isPause ? `; it is asked again in ${pauseSeconds(context, pauses)} s` : '';
    tell(
      `${iteration.number}: ${turn.kind === 'unable' ? 'the agent could not work' : 'turned away and put back'}: ${turn.reason}${again}`,
    );
    if (isPause) await pause(context, pauses);
  }
}

const pauseSeconds = ({ config }: Pick<RatchetContext, 'config'>, times: number): number =>
  config.ratchet.pauseSeconds * Math.min(20, 2 ** (times - 1));

/** Waits the lab's pause after turns in vain, twice as long with each of `times`, up to 20 times as long. */
export async function pause({ config, signal }: RatchetContext, times: number): Promise<void> {
  const seconds = pauseSeconds({ config }, times);
  if (seconds > 0) await delay(seconds * 1000, undefined, { signal });
}

/** Puts branch and worktree to a commit, and tells where commits of others are kept. */
export async function putBranch({ paths, session, tell }: RatchetContext, commit: string): Promise<void> {
  for (const ref of await putSession(paths, session, commit))
    tell(`commits on ${session.branch} that the session did not make are kept: git log ${ref}`);
}

/** One chance to mend what crashed; whatever else comes of it ends the iteration as a crash. */
export async function askForFix(
  context: RatchetContext,
  before: Iteration[],
  iteration: Iteration,
  reason: string,
): Promise<Iteration> {
  const { paths, session, tell } = context;
  tell(`${iteration.number}: crashed (${reason}); the agent may mend it once`);
  // The fix is made on the crashed change, and becomes one commit with it.
  await putBranch(context, lastTry(iteration)?.commit ?? iteration.base);
  await putRows(context, before);
  const task = { session, before, iteration, back: reason, isFix: true };
  let turn = await takeTurn(context, task, readTable(session));
  // An agent at its limit of use has not given the change up.
  for (let turns = 1; turn.kind === 'unable'; turns += 1) {
    tell(`${iteration.number}: the agent could not work: ${turn.reason}`);
    await pause(context, turns);
    await putBranch(context, lastTry(iteration)?.commit ?? iteration.base);
    turn = await takeTurn(context, task, readTable(session));
  }
  const crashed = lastTry(iteration)?.commit ?? iteration.base;
  const lines = turn.kind === 'change' ? await countChangedLines(paths.root, crashed, turn.commit) : 0;
  if (turn.kind === 'change' && lines > 0 && lines <= mostFixLines) return withChange(context, iteration, turn);
  const why = turn.kind !== 'change' ? turn.reason : lines === 0 ? 'nothing was changed' : tooLong(lines);
  tell(`${iteration.number}: not mended: ${why}`);
  return { ...iteration, isGivenUp: true };
}

const tooLong = (lines: number): string =>
  `the fix changes ${lines} lines, and one of more than ${mostFixLines} is another experiment`;

/** Added and removed lines between two commits. */
async function countChangedLines(root: string, from: string, to: string): Promise<number> {
  const { files } = await readDiffFacts(root, from, to);
  return files.reduce((sum, { added, removed }) => sum + (added ?? 1) + (removed ?? 1), 0);
}

function readTable({ table, metric }: RatchetSession): string {
  try {
    return readFileSync(table, 'utf8');
  } catch {
    // Not there before the first row.
    return formatRowsHeader(metric.name);
  }
}

/** Brings the session's table to the decided iterations. */
export async function putRows(
  { paths, session, tell }: RatchetContext,
  iterations: readonly Iteration[],
): Promise<void> {
  const rows = iterations.filter(isDecided).map(rowOfIteration);
  const update = await updateRows(session.table, session.metric.name, rows, sessionFolder(paths, session.tag));
  if (update.kind === 'put-back')
    tell(`results.tsv was changed by somebody else and was put back; what stood there is ${update.keptAt}`);
}
