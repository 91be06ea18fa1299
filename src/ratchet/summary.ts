/** What a session came to, in words: total, best, trajectory, what next. Pure. */
import type { RatchetSession } from '../domain/ratchet.ts';
import { formatPlace, rowOfIteration } from './decide-iteration.ts';
import { countStalled, listNearMisses } from './exploration.ts';
import { type DecidedIteration, findBest, type Iteration, isDecided, lastTry, metricOf } from './iteration.ts';
import { doSeedsMove, findDoubtfulKeeps, formatDoubtfulKeep } from './judge-noise.ts';

/** A session's end, for a person and as JSON. */
export interface SessionSummary {
  tag: string;
  /** Experiments, the baseline not counted. */
  total: number;
  counts: { keep: number; discard: number; crash: number };
  /** Null before the baseline. */
  best: { number: number; commit: string; metric: number } | null;
  baseline: number | null;
  /** Null before the first experiment ended. */
  perHour: number | null;
  /** What the budget allows; null where the code names no training budget. */
  allowedPerHour: number | null;
  /** Three to five sentences. */
  trajectory: string[];
  /** Three ideas. */
  next: string[];
  /** With --confirm: keeps of "lower wins" that do not hold; null under the plain rule, and where the seeds tell no noise. */
  doubtful: string[] | null;
}

/** Experiments an hour that the training budget allows: 12 at 300 s. Null where there is none. */
export function allowedPerHour({ budget }: Pick<RatchetSession, 'budget'>): number | null {
  return budget.trainingSeconds === null || budget.trainingSeconds <= 0 ? null : 3600 / budget.trainingSeconds;
}

/** Experiments an hour while the session was at work, the baseline not counted; null before the first has ended. */
export function ratePerHour(iterations: readonly Iteration[]): number | null {
  const ended = iterations.flatMap(({ number, beganAt, endedAt }) =>
    number === 0 || endedAt === null ? [] : [Date.parse(endedAt) - Date.parse(beganAt)],
  );
  const workedMs = ended.reduce((sum, one) => sum + one, 0);
  return ended.length === 0 || workedMs <= 0 ? null : (ended.length * 3_600_000) / workedMs;
}

/** "11.2 experiments an hour (the budget allows 12)"; "" before the first. */
export function formatRate(rate: number | null, allowed: number | null): string {
  if (rate === null) return '';
  const beside = allowed === null ? '' : ` (the budget allows ${shortNumber(allowed)})`;
  return `${shortNumber(rate)} experiments an hour${beside}`;
}

const shortNumber = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(1).replace(/\.0$/, ''));

/** Summarises a session. */
export function summariseSession(session: RatchetSession, iterations: readonly Iteration[]): SessionSummary {
  const decided = iterations.filter(isDecided);
  const experiments = decided.filter(({ number }) => number > 0);
  const count = (status: string) => experiments.filter(({ decision }) => decision.status === status).length;
  const best = findBest(iterations);
  const bestMetric = best === null ? null : metricOf(best);
  const first = decided[0];
  const baseline = first === undefined ? null : metricOf(first);
  const counts = { keep: count('keep'), discard: count('discard'), crash: count('crash') };
  const doubt =
    session.rule === 'posterior' && doSeedsMove(iterations)
      ? findDoubtfulKeeps(session.metric, iterations).doubtful
      : null;
  return {
    tag: session.tag,
    total: experiments.length,
    counts,
    best:
      best === null || bestMetric === null
        ? null
        : { number: best.number, commit: rowOfIteration(best).commit, metric: bestMetric },
    baseline,
    perHour: ratePerHour(iterations),
    allowedPerHour: allowedPerHour(session),
    trajectory: describeTrajectory(session, decided, { baseline, counts }),
    next: chooseNext(session, decided),
    doubtful: doubt?.map(formatDoubtfulKeep) ?? null,
  };
}

interface Facts {
  baseline: number | null;
  counts: SessionSummary['counts'];
}

function describeTrajectory(
  { metric: { name, direction } }: RatchetSession,
  decided: readonly DecidedIteration[],
  { baseline, counts }: Facts,
): string[] {
  const lines: string[] = [];
  const best = findBest(decided);
  const value = best === null ? null : metricOf(best);
  if (baseline !== null) {
    const change =
      value === null || best?.number === 0
        ? 'nothing beat it'
        : `${formatPlace(best as DecidedIteration)} has ${value.toFixed(6)} (${signed(value - baseline)})`;
    lines.push(`the unmodified code has ${name} ${baseline.toFixed(6)}; ${change}`);
  }
  const total = counts.keep + counts.discard + counts.crash;
  lines.push(
    `${counts.keep} of ${total} experiments were kept, ${counts.discard} thrown away, ${counts.crash} crashed`,
  );
  const steps = listGains(decided, direction);
  const [largest] = [...steps].sort((a, b) => b.gain - a.gain);
  if (largest !== undefined && steps.length > 1)
    lines.push(
      `the largest step was ${formatPlace(largest.iteration)}: ${largest.iteration.description} (${signed(direction === 'lower' ? -largest.gain : largest.gain)})`,
    );
  const stalled = countStalled(decided);
  if (stalled > 0 && total > 0)
    lines.push(`the last ${stalled === 1 ? 'experiment' : `${stalled} experiments`} brought no gain`);
  const crashes = decided.filter(({ decision }) => decision.status === 'crash');
  const usual = mostFrequent(crashes.map((one) => lastTry(one)?.outcome?.failure ?? 'limits'));
  if (usual !== null) lines.push(`most crashes were of the kind ${usual.word} (${usual.times} of ${crashes.length})`);
  else if (largest !== undefined) lines.push(`newest keep: ${steps.at(-1)?.iteration.description ?? ''}`);
  return lines.slice(0, 5);
}

const signed = (value: number): string => `${value >= 0 ? '+' : ''}${value.toFixed(6)}`;

function mostFrequent(words: readonly string[]): { word: string; times: number } | null {
  const times = new Map<string, number>();
  for (const word of words) times.set(word, (times.get(word) ?? 0) + 1);
  const [most] = [...times].sort((a, b) => b[1] - a[1]);
  return most === undefined ? null : { word: most[0], times: most[1] };
}

/** Each keep with what it won over the best before it, oriented: more is better. */
function listGains(decided: readonly DecidedIteration[], direction: 'lower' | 'higher') {
  const found: { iteration: DecidedIteration; gain: number }[] = [];
  let bar: number | null = null;
  for (const iteration of decided) {
    const value = metricOf(iteration);
    if (iteration.decision.status !== 'keep' || value === null) continue;
    if (bar !== null) found.push({ iteration, gain: direction === 'lower' ? bar - value : value - bar });
    bar = value;
  }
  return found;
}

/** The agent's own last wishes first, then near misses, then categories that were never tried. */
function chooseNext({ metric }: RatchetSession, decided: readonly DecidedIteration[]): string[] {
  const tried = new Set(decided.map(({ description }) => description.toLowerCase()));
  const own = decided.findLast(({ next }) => next.length > 0)?.next ?? [];
  const near = listNearMisses(decided, metric.direction, 3).map(
    ({ number, description }) =>
      `again, on the present best: ${description} (experiment ${number} missed it by a little)`,
  );
  const used = new Set(decided.map(({ category }) => category));
  const categories = ['simplification', 'architecture', 'optimizer', 'loss', 'regularisation', 'data'];
  const open = categories.filter((one) => !used.has(one)).map((one) => `a first experiment of the category ${one}`);
  return [...own.filter((idea) => !tried.has(idea.toLowerCase())), ...near, ...open].slice(0, 3);
}
