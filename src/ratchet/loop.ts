/**
 * The loop of a session: a change, a run, a decision, a row, the branch; for ever, or so many times. Every step is kept before the next one begins
 * and does the same when it is asked again, so that a session that was killed anywhere goes on as if it had not been. It asks nothing.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { RatchetSession } from '../domain/ratchet.ts';
import { formatLocalTime } from '../domain/time.ts';
import { LabError } from '../errors/lab-error.ts';
import { readDiffFacts } from '../git/diff-facts.ts';
import { reachPoint } from '../lab/named-point.ts';
import type { PipelineContext } from '../pipeline/context.ts';
import { type AgentTurn, takeTurn } from './agent-turn.ts';
import { compareBudgets, createBudget } from './budget.ts';
import { decideIteration, formatExpLine, rowOfIteration } from './decide-iteration.ts';
import { chooseExploration, countStalled, explorationSteps } from './exploration.ts';
import {
  type DecidedIteration,
  findBest,
  type Iteration,
  isDecided,
  lastTry,
  type RatchetOutcome,
  readIterations,
  writeIteration,
} from './iteration.ts';
import { decideByNoise } from './judge-noise.ts';
import { measureTry } from './measure.ts';
import { sessionFolder } from './session.ts';
import { formatRowsHeader, updateRows } from './session-rows.ts';
import { keepTry, putSession, refOfTry } from './session-tree.ts';

/** A fix of more lines is no fix of a slip. */
const mostFixLines = 20;

/** A session at work. */
export interface RatchetContext extends PipelineContext {
  session: RatchetSession;
  /** A finished experiment's line, for standard output. */
  print(line: string): void;
}

/** Why the loop ended by itself. */
export type LoopEnd =
  | { kind: 'max' }
  /** The numbers would not be comparable any more. */
  | { kind: 'budget'; differences: string[] };

/** Goes on with a session to its end. Throws the signal's reason where it was stopped, and LabError where the unmodified code gives no number. */
export async function runLoop(context: RatchetContext): Promise<LoopEnd> {
  const { paths, session, config, main, signal } = context;
  for (;;) {
    signal.throwIfAborted();
    const iterations = readIterations(paths, session.tag);
    const open = iterations.find((one) => one.endedAt === null);
    if (open !== undefined) {
      await advanceIteration(context, iterations.slice(0, open.number), open);
      continue;
    }
    ensureBaseline(iterations);
    if (session.max !== null && iterations.length - 1 >= session.max) return { kind: 'max' };
    const differences = compareBudgets(session.budget, await createBudget(paths.root, main, config, session.edits));
    if (differences.length > 0) return { kind: 'budget', differences };
    await writeIteration(paths, session.tag, beginIteration(context, iterations));
  }
}

function ensureBaseline([first]: readonly Iteration[]): void {
  if (first === undefined || (isDecided(first) && first.decision.status === 'keep')) return;
  const job = lastTry(first)?.outcome?.job;
  throw new LabError('job-failed', `the unmodified code gave no number: ${first.decision?.reason ?? 'it never ran'}`, {
    hints: [
      ...(job === undefined ? [] : [`\`lab log ${job}\` shows its log`]),
      'mend it on the main branch, then begin a session of another name: a session never starts from a broken baseline',
    ],
  });
}

function beginIteration({ session, config, tell }: RatchetContext, iterations: readonly Iteration[]): Iteration {
  const number = iterations.length;
  const best = findBest(iterations);
  const exploration = number === 0 ? 0 : chooseExploration(iterations, config.ratchet.stallAfter);
  if (exploration > (iterations.at(-1)?.exploration ?? 0)) {
    const step = explorationSteps[exploration];
    tell(`${countStalled(iterations)} experiments without a gain: the search widens to ${step?.name ?? ''}`);
  }
  const base = best === null ? session.start : (lastTry(best)?.commit ?? session.start);
  return {
    ...{ schema: 1, number, base, hypothesis: '', category: '', next: [], isGivenUp: false, decision: null },
    description: number === 0 ? 'baseline' : '',
    // The unmodified code needs no agent.
    tries:
      number === 0 ? [{ commit: session.start, seed: seedOf(session, config.run.seeds, 0, 0), outcome: null }] : [],
    exploration,
    beganAt: formatLocalTime(new Date()),
    endedAt: null,
  };
}

/** The ratchet leaves the seed to train.py; the rule that knows the noise needs another one for each run. */
function seedOf({ rule }: RatchetSession, seeds: readonly number[], number: number, attempt: number): number | null {
  if (rule === 'strict') return null;
  return number === 0 ? (seeds[attempt] ?? null) : Math.max(...seeds) + number;
}

/** Takes an open iteration its next step further. */
async function advanceIteration(context: RatchetContext, before: Iteration[], iteration: Iteration): Promise<void> {
  const { paths, session, config } = context;
  const keep = (next: Iteration) => writeIteration(paths, session.tag, next);
  if (isDecided(iteration)) return await settle(context, before, iteration);
  const last = lastTry(iteration);
  if (last === null) return await keep(await askForChange(context, before, iteration));
  if (last.outcome === null) {
    await keepTry(paths.root, refOfTry(session.tag, iteration.number, iteration.tries.length), last.commit);
    const outcome = await measureTry(context, session, iteration, last);
    return await keep(withOutcome(iteration, outcome));
  }
  const { memoryFactor, tieWidths } = config.decision;
  const verdict =
    session.rule === 'strict'
      ? decideIteration(session, before, iteration, { memoryFactor })
      : decideByNoise(session, before, iteration, { memoryFactor, tieWidths });
  if (verdict.kind === 'fix') return await keep(await askForFix(context, before, iteration, verdict.reason));
  const seeds = config.run.seeds;
  const repeats = session.rule === 'posterior' && iteration.number === 0 ? seeds.length : 1;
  if (verdict.status === 'keep' && iteration.number === 0 && iteration.tries.length < repeats) {
    const seed = seedOf(session, seeds, 0, iteration.tries.length);
    return await keep({ ...iteration, tries: [...iteration.tries, { commit: session.start, seed, outcome: null }] });
  }
  await keep({ ...iteration, decision: { status: verdict.status, reason: verdict.reason } });
  reachPoint('ratchet-decided');
}

function withOutcome(iteration: Iteration, outcome: RatchetOutcome): Iteration {
  const tries = iteration.tries.map((one, index) => (index === iteration.tries.length - 1 ? { ...one, outcome } : one));
  return { ...iteration, tries };
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
  return { ...iteration, ...words, tries: [...iteration.tries, { commit, seed, outcome: null }] };
}

/** Asks for a change until there is one. It gives up for nothing but a signal: an agent that stops, refuses or has no login comes back. */
async function askForChange(context: RatchetContext, before: Iteration[], iteration: Iteration): Promise<Iteration> {
  const { paths, session, config, tell, signal } = context;
  let back = '';
  let told = '';
  for (let turns = 1; ; turns += 1) {
    signal.throwIfAborted();
    await putSession(paths, session, iteration.base);
    await putRows(context, before);
    const turn = await takeTurn(context, { session, before, iteration, back, isFix: false }, readTable(session));
    if (turn.kind === 'change') {
      if (turn.hypothesis !== '') tell(`${iteration.number}: ${turn.hypothesis}`);
      return withChange(context, iteration, turn);
    }
    await putSession(paths, session, iteration.base);
    back = turn.reason;
    const line = `${iteration.number}: ${turn.kind === 'unable' ? 'the agent could not work' : 'turned away and put back'}: ${turn.reason}`;
    if (line !== told) tell(line);
    told = line;
    const pauses = turn.kind === 'unable' ? turns : Math.floor(turns / config.ratchet.turns);
    if (turn.kind === 'unable' || turns % config.ratchet.turns === 0) await pause(context, pauses);
  }
}

async function pause({ config, signal }: RatchetContext, times: number): Promise<void> {
  const seconds = config.ratchet.pauseSeconds * Math.min(20, 2 ** (times - 1));
  if (seconds > 0) await delay(seconds * 1000, undefined, { signal });
}

/** One chance to mend what crashed; whatever else comes of it ends the iteration as a crash. */
async function askForFix(
  context: RatchetContext,
  before: Iteration[],
  iteration: Iteration,
  reason: string,
): Promise<Iteration> {
  const { paths, session, tell } = context;
  tell(`${iteration.number}: crashed (${reason}); the agent may mend it once`);
  // The fix is made on the crashed change, and becomes one commit with it.
  await putSession(paths, session, lastTry(iteration)?.commit ?? iteration.base);
  await putRows(context, before);
  const turn = await takeTurn(context, { session, before, iteration, back: reason, isFix: true }, readTable(session));
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
async function putRows({ paths, session, tell }: RatchetContext, iterations: readonly Iteration[]): Promise<void> {
  const rows = iterations.filter(isDecided).map(rowOfIteration);
  const update = await updateRows(session.table, session.metric.name, rows, sessionFolder(paths, session.tag));
  if (update.kind === 'put-back')
    tell(`results.tsv was changed by somebody else and was put back; what stood there is ${update.keptAt}`);
}

/** Row first, then the branch, then the line: what was decided is told even where git fails. */
async function settle(context: RatchetContext, before: Iteration[], iteration: DecidedIteration): Promise<void> {
  const { paths, session, print } = context;
  await putRows(context, [...before, iteration]);
  reachPoint('ratchet-row');
  const isKept = iteration.decision.status === 'keep';
  await putSession(paths, session, (isKept ? lastTry(iteration)?.commit : null) ?? iteration.base);
  await putRows(context, [...before, iteration]);
  reachPoint('ratchet-branch');
  print(formatExpLine(session.tag, session.metric.name, iteration));
  await writeIteration(paths, session.tag, { ...iteration, endedAt: formatLocalTime(new Date()) });
}
