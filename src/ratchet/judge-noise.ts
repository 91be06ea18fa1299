/**
 * The rule of `--confirm`: a change is kept where all runs of the session together say that it helps, and not because one run was lower. The
 * mathematics is the lab's own (stats/track-history.ts); here iterations are told to it. Pure.
 */
import type { RatchetSession } from '../domain/ratchet.ts';
import { advance } from '../stats/advance.ts';
import { studyTrack, type TrackKnowledge } from '../stats/track-history.ts';
import type { ScoredRun } from '../stats/track-view.ts';
import { decideIteration, formatPlace, type IterationLimits, type IterationVerdict } from './decide-iteration.ts';
import { type DecidedIteration, type Iteration, isDecided, lastTry, metricOf } from './iteration.ts';

/** The runs of a session as a track. Every scored run of iteration 0 is a repeat of the unmodified code. */
function listRuns(iterations: readonly Iteration[]): ScoredRun[] {
  const common = { track: 'session', deviceClass: 'cpu', leak: false, seconds: null, here: false } as const;
  return iterations.flatMap((iteration) =>
    iteration.tries.flatMap(({ commit, seed, outcome }, index): ScoredRun[] => {
      if (outcome?.metric == null) return [];
      const isBaseline = iteration.number === 0;
      // Of an iteration the last run counts; the baseline is run several times on purpose.
      if (!isBaseline && index !== iteration.tries.length - 1) return [];
      if (iteration.decision?.status === 'crash') return [];
      return [
        {
          ...common,
          ...{ job: outcome.job, kind: isBaseline ? 'baseline' : 'experiment', commit, metric: outcome.metric, seed },
          ...{ deviceModel: outcome.deviceModel, status: null, slug: isBaseline ? null : String(iteration.number) },
          ...{ base: isBaseline ? null : iteration.base, start: isBaseline ? null : iteration.base },
          ...{ variant: null, test: null, champion: null },
        },
      ];
    }),
  );
}

/** Whether the seeds of the baseline gave different numbers: a train.py that does not read LAB_SEED says nothing of the noise. */
export function doSeedsMove([first]: readonly Iteration[]): boolean {
  const metrics = new Set(first?.tries.flatMap(({ outcome }) => outcome?.metric ?? []));
  return metrics.size > 1;
}

/** Judges by the noise where the plain rule finds a number to compare, and leaves crashes to it. */
export function decideByNoise(
  session: Pick<RatchetSession, 'metric' | 'budget'>,
  before: readonly Iteration[],
  iteration: Iteration,
  limits: IterationLimits & { tieWidths: number },
): IterationVerdict {
  const plain = decideIteration(session, before, iteration, limits);
  const commit = lastTry(iteration)?.commit;
  if (plain.kind !== 'decided' || plain.status === 'crash' || before.length === 0 || commit === undefined) return plain;
  if (!doSeedsMove([...before, iteration])) return plain;
  const known = studyTrack(listRuns([...before, iteration]), session.metric.direction);
  const effect = known.posterior?.effectOf(commit) ?? null;
  if (effect === null || known.sd === null) return plain;
  const { isKept } = advance({ effect, sd: known.sd, linesAdded: null, tieWidths: limits.tieWidths });
  const worth = (known.sign * effect.mean).toFixed(6);
  const signed = worth.startsWith('-') ? worth : `+${worth}`;
  const chance = `${(100 * effect.helpful).toFixed(0)} %`;
  return {
    kind: 'decided',
    status: isKept ? 'keep' : 'discard',
    reason: `${plain.reason}; by all runs it is worth ${signed}, and helps with ${chance}`,
  };
}

/** A change that the plain rule would have kept, and what all runs say of it. */
export interface DoubtfulKeep {
  iteration: DecidedIteration;
  /** What it is worth, in the metric's own direction; null where no repeats tell the noise. */
  worth: number | null;
  /** Chance that it helps, 0 to 1; null as above. */
  helpful: number | null;
}

/** Iterations that "lower wins" would have kept and that do not hold against all runs of the session. */
export function findDoubtfulKeeps(
  { direction }: RatchetSession['metric'],
  iterations: readonly Iteration[],
): { doubtful: DoubtfulKeep[]; strictKeeps: number; sd: number | null } {
  const known: TrackKnowledge = studyTrack(listRuns(iterations), direction);
  let best: number | null = null;
  const strict: DecidedIteration[] = [];
  for (const iteration of iterations.filter(isDecided)) {
    const metric = iteration.decision.status === 'crash' ? null : metricOf(iteration);
    if (metric === null) continue;
    if (best !== null && !(direction === 'lower' ? metric < best : metric > best)) continue;
    best = metric;
    if (iteration.number > 0) strict.push(iteration);
  }
  const doubtful = strict.flatMap((iteration): DoubtfulKeep[] => {
    const effect = known.posterior?.effectOf(lastTry(iteration)?.commit ?? '') ?? null;
    if (effect === null) return [];
    return effect.mean > 0 ? [] : [{ iteration, worth: known.sign * effect.mean, helpful: effect.helpful }];
  });
  return { doubtful, strictKeeps: strict.length, sd: known.sd };
}

/** "experiment 4 (halve the warm-up): worth +0.000210, helps with 21 %". */
export function formatDoubtfulKeep({ iteration, worth, helpful }: DoubtfulKeep): string {
  const what = `${formatPlace(iteration)} (${iteration.description})`;
  if (worth === null || helpful === null) return what;
  return `${what}: worth ${worth >= 0 ? '+' : ''}${worth.toFixed(6)}, helps with ${(100 * helpful).toFixed(0)} %`;
}
