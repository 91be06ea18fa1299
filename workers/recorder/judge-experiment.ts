/**
 * Keep, discard or crash for the run of an experiment, and what the champion is to be made of after it. Reads runs, writes nothing; pure. The
 * champion's code is put together by settle-champion.ts, which may find that a change does not merge. Runs by hand are decide-job.ts's.
 */
import type { LabConfig } from '../../src/config/schema.ts';
import type { ChampionState, Change } from '../../src/domain/change.ts';
import type { Job } from '../../src/domain/job.ts';
import type { Decision } from '../../src/domain/result.ts';
import type { MeasuredBy, Run } from '../../src/domain/run.ts';
import { LabError } from '../../src/errors/lab-error.ts';
import { advance } from '../../src/stats/advance.ts';
import { decide, formatWidths } from '../../src/stats/decision.ts';
import type { MemoryVerdict } from '../../src/stats/memory-limit.ts';
import { reviewNearMisses, usualNearMisses } from '../../src/stats/near-misses.ts';
import { chooseReverts } from '../../src/stats/prune.ts';
import { refineEvery, studyTrack, type TrackKnowledge } from '../../src/stats/track-history.ts';
import { type ScoredRun, type Standing, standingOf, type TrackView } from '../../src/stats/track-view.ts';

/** What an experiment is judged by. */
export interface JudgeInput {
  job: Job;
  run: Run;
  /** Recorded runs of its track and device model, in their order; its own is not among them. */
  others: readonly ScoredRun[];
  view: TrackView;
  measuredBy: MeasuredBy;
  config: Pick<LabConfig, 'decision'>;
  memory: MemoryVerdict;
  /** Whether its base is a champion of another track or device model, whose changes were never measured here. */
  isBaseForeign: boolean;
  /** Lines that the change adds less those it takes away; null where it is unknown. */
  linesAdded: number | null;
}

/** What the champion is to become. */
export interface ChampionPlan {
  root: string;
  /** What it is made of, in the order in which they were kept. */
  changes: Change[];
  near: Change[];
  /** What it was made of before. */
  before: ChampionState | null;
  /** The experiment's own change. */
  own: Change;
  /** What is in the experiment's own commit, its change included; null where that is not known. */
  built: Change[] | null;
}

/** A judged experiment. */
export interface JudgedExperiment {
  decision: Decision;
  /** What the result was compared with; null where there was nothing. */
  base: Standing | null;
  /** Null where the run changes nothing: a crash, a leak, a track without a baseline. */
  plan: ChampionPlan | null;
  /** What all runs say, this one included; null where it has no metric. */
  known: TrackKnowledge | null;
}

/** On a job whose experiment was built on nothing that the lab knows: the door looked through its history. */
export const unknownBaseFlag = 'base-unknown';

/** The scored run as the track sees it. */
export function scoredRunOf(job: Job, run: Run, metric: number): ScoredRun {
  return {
    ...{ job: job.number, kind: job.kind, commit: job.commit, metric, track: run.track },
    ...{ deviceClass: run.device.class, deviceModel: run.device.model, leak: run.flags.includes('leak') },
    ...{ status: null, seconds: null, seed: job.seed, slug: job.experiment, base: job.base, start: job.start },
    ...{ variant: job.variant, test: job.test, champion: null, here: job.here !== null },
  };
}

/** Judges. */
export function judgeExperiment(input: JudgeInput): JudgedExperiment {
  const { job, run, others, measuredBy, config } = input;
  const { memory } = input;
  if (memory.isOver && run.fate.kind === 'done') {
    const crash = { status: 'crash', reason: memory.text, evidence: '', observed: null, noiseWidths: null } as const;
    return { decision: crash, base: findBase(input, null), plan: null, known: null };
  }
  const leak = run.flags.includes('leak');
  const known =
    run.metric === null || leak || run.fate.kind === 'failed'
      ? null
      : studyTrack([...others, scoredRunOf(job, run, run.metric)], measuredBy.direction);
  const base = findBase(input, known);
  const plain = decide({
    ...{ fate: run.fate, metric: run.metric, metricName: measuredBy.name, direction: measuredBy.direction },
    base: base === null ? null : { value: base.value, runs: base.runs },
    // Not what the posterior learned: under the strict rule all runs share a seed, and look as if there were no noise.
    noise: known?.noise.sd == null ? null : { mean: 0, std: known.noise.sd, n: known.noise.degrees + 1 },
    ...{ confidence: config.decision.confidence, leak, anyGain: true },
  });
  if (known === null || run.metric === null) return { decision: plain, base, plan: null, known };
  // Its base was measured under another track: without a baseline of this one nothing can be said of it, least of all that it is better.
  if (base === null) {
    const reason = `${measuredBy.name} ${run.metric.toFixed(6)} has nothing to compare with: this track has no baseline (run \`lab baseline\`, then \`lab idea retry ${job.experiment ?? ''}\`)`;
    const nothing = job.base === null ? plain : { ...plain, status: 'discard' as const, evidence: '' as const, reason };
    return { decision: nothing, base, plan: null, known };
  }
  // What its base gained elsewhere, or what lies between the champion and what it was built on, would be counted as its own.
  const why = findNoBase(input, known);
  if (why !== null) {
    const reason = `${measuredBy.name} ${run.metric.toFixed(6)} has nothing to compare with: ${why}`;
    const nothing = { ...plain, status: 'discard', evidence: '', reason, observed: null, noiseWidths: null } as const;
    return { decision: nothing, base: null, plan: null, known };
  }
  const own = ownChange(job);
  // What ran in place is not the change of the commit that it names, and taught the track nothing.
  const effect = job.here === null ? (known.posterior?.effectOf(own.commit) ?? null) : null;
  const isPosterior = config.decision.rule === 'posterior' && effect !== null && known.sd !== null;
  const decision = isPosterior
    ? byPosterior(input, { metric: run.metric, base, known, own })
    : byNumber(input, plain, run.metric);
  return {
    decision,
    base,
    // What ran in place is in no commit that could be gone on from.
    plan:
      job.here === null ? planChampion(input, { isKept: decision.status === 'keep', isPosterior, own, known }) : null,
    known,
  };
}

/** Why nothing is known of the code that the change was made on; null where it is. */
function findNoBase({ job, others, view, isBaseForeign }: JudgeInput, known: TrackKnowledge): string | null {
  const slug = job.experiment ?? '';
  if (job.base !== null) {
    // One that a person named counts for itself; the pipeline's own, on a track that began since, gives way to the new baseline.
    const isNamed = job.start === null && job.here === null;
    const isMissing = isBaseForeign || (isNamed && !others.some(({ commit }) => commit === job.base));
    if (!isMissing || known.changesOf(job.base) !== null) return null;
    return `its base ${job.base.slice(0, 7)} was never measured on this track and device model (\`lab idea retry ${slug}\` builds it anew, \`lab add --base COMMIT\` names another for a change by hand)`;
  }
  // Queued before the track had anything to build on: a baseline of by now is main's code, a champion is not.
  const isUnknown = job.flags.includes(unknownBaseFlag) || view.champion?.source === 'experiment';
  if (!isUnknown || job.here !== null) return null;
  return 'its history holds no baseline or champion of this track, so that nobody knows what it was built on (`lab add --base COMMIT` names it)';
}

/** The experiment's own change. */
export function ownChange(job: Job): Change {
  const commit = job.variant?.of ?? job.commit;
  return { slug: job.experiment ?? '', commit, start: job.start ?? job.base ?? commit };
}

/** What the run is compared with: the code that it ran on, by all other runs where they tell, else what the base scored, else the champion. */
function findBase({ job, run, others, view }: JudgeInput, known: TrackKnowledge | null): Standing | null {
  const measured = (job.base === null ? null : standingOf([...others], job.base)) ?? view.champion;
  const ran = known === null || run.metric === null ? null : known.changesIn(scoredRunOf(job, run, run.metric));
  if (measured === null || ran === null || known === null || job.here !== null) return measured;
  const { posterior, sign, levelBefore } = known;
  if (posterior === null) return measured;
  const own = ownChange(job).commit;
  // Baseline and bridge were repeated and chosen by none of these runs: their plain mean is what a reader can check.
  const repeats = others.filter((one) => one.commit === job.base && (one.kind === 'baseline' || one.kind === 'bridge'));
  if (job.variant === null && job.base !== null && repeats.length > 0) return standingOf(repeats, job.base);
  const level =
    levelBefore?.job === job.number
      ? levelBefore.level
      : posterior.levelOf(ran.filter((change) => change !== own)).mean;
  return { ...measured, commit: job.base ?? measured.commit, value: sign * level };
}

interface Judged {
  metric: number;
  base: Standing;
  known: TrackKnowledge;
  own: Change;
}

function byPosterior({ measuredBy, config, linesAdded }: JudgeInput, { metric, base, known, own }: Judged): Decision {
  const { sign, sd, posterior, explored } = known;
  const effect = posterior?.effectOf(own.commit) ?? null;
  if (effect === null || sd === null) throw new LabError('internal', `the posterior does not know ${own.slug}`);
  const { isKept, by } = advance({ effect, sd, linesAdded, tieWidths: config.decision.tieWidths });
  const observed = metric - base.value;
  const noiseWidths = (sign * observed) / sd;
  const figures = `${measuredBy.name} ${metric.toFixed(6)} against ${base.value.toFixed(6)} (${signed(observed)}, ${formatWidths(noiseWidths)} noise widths)`;
  const worth = `${explored === 1 ? 'by this run' : `by all ${explored} experiments`} it is worth ${signed(sign * effect.mean)} +- ${Math.sqrt(effect.variance).toFixed(6)} and helps with ${percent(effect.helpful)}`;
  const tie = by === 'tie' ? `; a near tie, and it ${isKept ? 'takes lines away' : 'adds lines'}` : '';
  const status = isKept ? 'keep' : 'discard';
  const reason = `${figures}: ${worth}${tie}`;
  return { status, reason, evidence: isKept ? 'provisional' : '', observed, noiseWidths };
}

/** The ratchet as its authors wrote it: better than the best number seen. */
function byNumber({ view, measuredBy, config }: JudgeInput, plain: Decision, metric: number): Decision {
  const best = view.champion?.state?.chosenBy ?? view.champion?.value ?? null;
  const isBetter = best === null || (measuredBy.direction === 'lower' ? metric < best : metric > best);
  if (plain.status !== 'keep' || isBetter) return plain;
  const rule = config.decision.rule === 'strict' ? 'the champion was chosen by' : 'the champion is';
  const reason = `${plain.reason}; but ${rule} ${best?.toFixed(6) ?? ''} by now`;
  return { ...plain, status: 'discard', evidence: '', reason };
}

interface Choice {
  isKept: boolean;
  isPosterior: boolean;
  own: Change;
  known: TrackKnowledge;
}

function planChampion(input: JudgeInput, { isKept, isPosterior, own, known }: Choice): ChampionPlan | null {
  const { job, others, view, config } = input;
  const { champion } = view;
  if (champion === null) return null;
  const before = presentState(champion);
  const root = before?.root ?? champion.commit;
  const carried = changesBuilt(others, job.base, root);
  const isIn = (list: readonly Change[], { commit }: Change) => list.some((one) => one.commit === commit);
  const built = carried === null ? null : isIn(carried, own) ? carried : [...carried, own];
  const plan = { root, before, own, built };
  const kept = before?.changes ?? [];
  // The ratchet goes on from the code that ran, whatever it was built on.
  if (!isPosterior) return { ...plan, changes: isKept ? (built ?? [...kept, own]) : kept, near: before?.near ?? [] };
  const { posterior, sd, explored } = known;
  const { nearMisses, tieWidths } = config.decision;
  if (posterior === null || sd === null) return null;
  const judge = (list: readonly Change[]) =>
    list.map((change) => ({ change, effect: posterior.effectOf(change.commit) }));
  let changes =
    isKept && !isIn(kept, own) ? [...kept, own] : isKept ? kept : kept.filter((one) => one.commit !== own.commit);
  // Another attempt at the same idea would be the same edit a second time.
  const remembered = (before?.near ?? []).filter(
    (one) => one.commit !== own.commit && !(isKept && one.slug === own.slug),
  );
  const mean = posterior.effectOf(own.commit)?.mean ?? 0;
  // A near tie was decided by its lines: its worth says nothing against that.
  let near = [...remembered, ...(isKept || Math.abs(mean) <= tieWidths * sd ? [] : [own])];
  // All keeps are judged anew every few runs: in between only the newest run could move them.
  const isDue = explored % refineEvery === 0;
  if (isDue) {
    const reverts = new Set(chooseReverts(judge(changes), 0, sd));
    const isOut = (change: Change) =>
      reverts.has(change) &&
      change.commit !== own.commit &&
      (posterior.effectOf(change.commit)?.mean ?? 0) <= -tieWidths * sd;
    near.push(...changes.filter(isOut));
    changes = changes.filter((change) => !isOut(change));
  }
  const review = reviewNearMisses(judge(near), sd, { ...usualNearMisses, most: nearMisses });
  near = isDue ? review.stay : [...review.promote, ...review.stay];
  if (isDue) changes = [...changes, ...review.promote.filter(({ slug }) => !changes.some((one) => one.slug === slug))];
  return { ...plan, changes, near: nearMisses === 0 ? [] : near };
}

/** The champion's state, of which a champion that is a baseline or a bridge by now has nothing but its near misses. */
function presentState(champion: NonNullable<TrackView['champion']>): ChampionState | null {
  const { state, source, commit, value } = champion;
  if (state === null || source === 'experiment') return state;
  return { commit, root: commit, changes: [], near: state.near, value, sd: null, chosenBy: null };
}

/** The changes in a commit as the records name them; null where it is none that they know. */
export function changesBuilt(runs: readonly ScoredRun[], commit: string | null, root: string): Change[] | null {
  if (commit === null || commit === root) return [];
  return runs.findLast(({ champion }) => champion?.commit === commit)?.champion?.changes ?? null;
}

const signed = (value: number): string => `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(6)}`;

const percent = (share: number): string => `${Math.round(100 * share)} %`;
