/**
 * The loop of a session: a change, a run, a decision, a row, the branch; for ever, or so many times. Every step is kept before the next one begins
 * and does the same when it is asked again, so that a session that was killed anywhere goes on as if it had not been. It asks nothing.
 */
import { formatLocalTime } from '../domain/time.ts';
import { LabError } from '../errors/lab-error.ts';
import { loadLabConfig } from '../git/committed-config.ts';
import { reachPoint } from '../lab/named-point.ts';
import { askForChange, askForFix, pause, putBranch, putRows, seedOf } from './ask-for-change.ts';
import { compareBudgets, createBudget } from './budget.ts';
import { decideIteration, formatExpLine, formatPlace } from './decide-iteration.ts';
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
import { decideByNoise, doSeedsMove } from './judge-noise.ts';
import { measureTry } from './measure.ts';
import type { RatchetContext } from './ratchet-context.ts';
import { keepTry, refOfTry } from './session-tree.ts';

/** Why the loop ended by itself. */
export type LoopEnd =
  | { kind: 'max' }
  /** The numbers would not be comparable any more. */
  | { kind: 'budget'; differences: string[] };

/** Goes on with a session to its end. Throws the signal's reason where it was stopped, and LabError where the unmodified code gives no number. */
export async function runLoop(context: RatchetContext): Promise<LoopEnd> {
  const { paths, session, signal } = context;
  for (;;) {
    signal.throwIfAborted();
    const iterations = readIterations(paths, session.tag);
    const open = iterations.find((one) => one.endedAt === null);
    const isRunNext = open !== undefined && lastTry(open) !== null && lastTry(open)?.outcome === null;
    if (open === undefined || isRunNext) {
      const differences = await findDifferences(context);
      if (differences.length > 0) return { kind: 'budget', differences };
    }
    if (open !== undefined) {
      const foreign = findForeignDevice(iterations[0], open);
      if (foreign !== null) return { kind: 'budget', differences: [foreign] };
      await advanceIteration(context, iterations.slice(0, open.number), open);
      continue;
    }
    ensureBaseline(iterations);
    if (session.max !== null && iterations.length - 1 >= session.max) return { kind: 'max' };
    await writeIteration(paths, session.tag, beginIteration(context, iterations));
  }
}

/** What has changed on main since the session began that its numbers rest on. Read anew: a session of a night outlives many a commit. */
async function findDifferences({ paths, session, main, gate }: RatchetContext): Promise<string[]> {
  const now = await createBudget(paths.root, main, loadLabConfig(paths.root), session.edits);
  const differences = compareBudgets(session.budget, now);
  if (differences.length > 0) return differences;
  const { track } = await gate.look();
  return track === session.track
    ? []
    : [
        `the track was ${session.track}, and is ${track} (metric, commands, data or frozen files; \`lab tracks\` shows both)`,
      ];
}

/** Why the newest run cannot be compared with the baseline's; null where it can: another card trains more in the same seconds. */
function findForeignDevice(first: Iteration | undefined, open: Iteration): string | null {
  const [usual, now] = [lastTry(first ?? open)?.outcome?.deviceModel, lastTry(open)?.outcome?.deviceModel];
  if (!usual || !now || usual === now) return null;
  return `the baseline ran on ${usual}, and ${formatPlace(open)} on ${now}`;
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
      number === 0
        ? [{ commit: session.start, seed: seedOf(session, config.run.seeds, 0, 0), reruns: 0, outcome: null }]
        : [],
    exploration,
    beganAt: formatLocalTime(new Date()),
    endedAt: null,
  };
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
    // Any card may run the baseline; what is compared with it runs on the same one.
    const usual = before[0] === undefined ? null : lastTry(before[0])?.outcome?.deviceId;
    const deviceId = session.deviceId ?? (session.device === 'gpu' && usual ? usual : null);
    const outcome = await measureTry(context, session, iteration, last, deviceId);
    return await keep(withOutcome(iteration, outcome));
  }
  const { memoryFactor, tieWidths } = config.decision;
  const verdict =
    session.rule === 'strict'
      ? decideIteration(session, before, iteration, { memoryFactor })
      : decideByNoise(session, before, iteration, { memoryFactor, tieWidths });
  if (verdict.kind === 'rerun') return await rerun(context, iteration, verdict.reason);
  if (verdict.kind === 'fix') return await keep(await askForFix(context, before, iteration, verdict.reason));
  const seeds = config.run.seeds;
  const repeats = session.rule === 'posterior' && iteration.number === 0 ? seeds.length : 1;
  if (verdict.status === 'keep' && iteration.number === 0 && iteration.tries.length < repeats) {
    const seed = seedOf(session, seeds, 0, iteration.tries.length);
    return await keep({
      ...iteration,
      tries: [...iteration.tries, { commit: session.start, seed, reruns: 0, outcome: null }],
    });
  }
  if (repeats > 1 && !doSeedsMove([iteration]))
    context.tell(
      'every seed gave the same number: train.py does not read LAB_SEED, so that --confirm has no noise to judge by',
    );
  await keep({ ...iteration, decision: { status: verdict.status, reason: verdict.reason } });
  reachPoint('ratchet-decided');
}

/** How often a run is queued again at once that failed by no fault of the change. */
const mostReruns = 3;

/** Queues the last run again; throws LabError (job-failed) after some in vain, with nothing decided, so that `resume` tries once more. */
async function rerun(context: RatchetContext, iteration: Iteration, reason: string): Promise<void> {
  const { paths, session, tell } = context;
  const last = lastTry(iteration);
  if (last === null) return;
  const reruns = last.reruns + 1;
  const tries = [...iteration.tries.slice(0, -1), { ...last, reruns, outcome: null }];
  await writeIteration(paths, session.tag, { ...iteration, tries });
  tell(`${iteration.number}: not the change's fault, so it runs again: ${reason}`);
  if (reruns % mostReruns > 0) return await pause(context, reruns);
  throw new LabError('job-failed', `${formatPlace(iteration)} could not be measured ${mostReruns} times: ${reason}`, {
    hints: [
      ...(last.outcome === null ? [] : [`\`lab log ${last.outcome.job}\` shows its log`]),
      `once that is mended, \`lab autoresearch resume --tag ${session.tag}\` runs it again`,
    ],
  });
}

function withOutcome(iteration: Iteration, outcome: RatchetOutcome): Iteration {
  const tries = iteration.tries.map((one, index) => (index === iteration.tries.length - 1 ? { ...one, outcome } : one));
  return { ...iteration, tries };
}

/** Row first, then the branch, then the line: what was decided is told even where git fails. */
async function settle(context: RatchetContext, before: Iteration[], iteration: DecidedIteration): Promise<void> {
  const { paths, session, print } = context;
  await putRows(context, [...before, iteration]);
  reachPoint('ratchet-row');
  const isKept = iteration.decision.status === 'keep';
  await putBranch(context, (isKept ? lastTry(iteration)?.commit : null) ?? iteration.base);
  await putRows(context, [...before, iteration]);
  reachPoint('ratchet-branch');
  print(formatExpLine(session.tag, session.metric.name, iteration));
  await writeIteration(paths, session.tag, { ...iteration, endedAt: formatLocalTime(new Date()) });
}
