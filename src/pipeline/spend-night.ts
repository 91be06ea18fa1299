/**
 * What a pipeline does between two experiments: explore on, measure the champion again with fresh seeds, or stop. A test that began is finished
 * before anything else runs, so that exploring cannot move what it tests. The shares are stats/spend-run.ts's; the test is the daemon's.
 */
import { readStoredJobs } from '../../queue/job-store.ts';
import { listScoredRuns } from '../../workers/recorder/decide-job.ts';
import type { ChampionState } from '../domain/change.ts';
import { LabError } from '../errors/lab-error.ts';
import { alphaOfTry, claimShareMs, runsForClaim } from '../stats/claim.ts';
import { confirmRuns, type SpendRule, spendRun, usualSpending } from '../stats/spend-run.ts';
import { chooseSolid, studyTrack, type TrackKnowledge } from '../stats/track-history.ts';
import type { ScoredRun } from '../stats/track-view.ts';
import type { PipelineContext } from './context.ts';
import type { LabClaim } from './lab-gate.ts';

/** What of a pipeline a night works with. */
export type NightContext = Pick<PipelineContext, 'config' | 'gate' | 'paths' | 'tell' | 'signal'>;

/** When a night ends and what is done at its end. */
export interface NightPlan {
  /** Milliseconds since 1970; null: when the ideas are used up. */
  untilMs: number | null;
  /** Whether the champion is measured again once nothing is left to explore. */
  confirmsAtEnd: boolean;
}

/** A night under way. */
export interface Night {
  /** Whether another experiment may begin; confirms before where that is due. */
  mayExplore(): Promise<boolean>;
  /** What is left to do when there is nothing to explore any more. */
  finish(): Promise<void>;
}

/** Begins a night. */
export function beginNight(context: NightContext, { untilMs, confirmsAtEnd }: NightPlan): Night {
  const startMs = Date.now();
  const { config, gate, tell, signal } = context;
  const rule: SpendRule = {
    ...usualSpending,
    // A track has its seeds; a night adds none of its own accord.
    baselineRuns: 0,
    confirmShare: config.decision.confirmShare,
  };
  const look = async (hasExperiment: boolean): Promise<Look> => {
    if (untilMs !== null && Date.now() >= untilMs) return { use: 'stop' };
    const known = await readKnowledge(context);
    if (known === null || config.decision.confirmShare === 0) return { use: hasExperiment ? 'explore' : 'stop' };
    const { champion, runs, knowledge } = known;
    const runSeconds = typicalSeconds(runs);
    const runsUntil = (fromMs: number) =>
      untilMs === null || runSeconds === null ? null : Math.floor((untilMs - fromMs) / 1000 / runSeconds);
    const [left, budget] = [runsUntil(Date.now()), runsUntil(startMs)];
    const most = confirmRuns({ budget }, rule);
    const claims = (await gate.listClaims()).filter(({ deviceModel }) => deviceModel === known.deviceModel);
    const need = runsNeeded(known, config, nextTry(claims, Date.now()), most);
    const claim = claims.find((one) => isSameChampion(one.champion, champion, knowledge, config));
    const noise = { ...knowledge.noise, doubt: null };
    const state = { left, budget, hasExperiment, noise, baselineRuns: knowledge.noise.runs, need };
    const use = spendRun({ ...state, claim: claim === undefined ? 'none' : claim.isOpen ? 'open' : 'ended' }, rule);
    // What is laid down is what the night has for it; a claim of fewer than two runs of each code is none.
    if (use === 'confirm') return { use, runs: Math.max(4, Math.min(most, left ?? most)) };
    return { use: use === 'explore' ? 'explore' : 'stop' };
  };
  const confirm = async (runs: number): Promise<void> => {
    tell('confirm: the champion is measured again with fresh seeds, beside the baseline');
    try {
      const { text } = await gate.confirmChampion(signal, runs);
      tell(`  ${text}`);
    } catch (error) {
      // What cannot be tested (seeds that change nothing, a frozen file of by now) is no reason to lose the night.
      if (!(error instanceof LabError) || signal.aborted || error.kind === 'internal') throw error;
      tell(`  confirm: ${error.message}`);
      refused = true;
    }
  };
  let refused = false;
  return {
    async mayExplore() {
      if (untilMs === null) return true;
      if (refused) return Date.now() < untilMs;
      const seen = await look(true);
      if (seen.use !== 'confirm') return seen.use === 'explore';
      await confirm(seen.runs);
      return refused ? Date.now() < untilMs : (await look(true)).use === 'explore';
    },
    async finish() {
      if (refused || !(confirmsAtEnd || untilMs !== null)) return;
      const seen = await look(false);
      if (seen.use === 'confirm') await confirm(seen.runs);
    },
  };
}

/** What comes next; `runs`: that a claim may take at most. */
type Look = { use: 'explore' | 'stop' } | { use: 'confirm'; runs: number };

interface Known {
  champion: ChampionState;
  deviceModel: string;
  /** Scored runs of its track and device model. */
  runs: ScoredRun[];
  knowledge: TrackKnowledge;
}

/** The champion and what is known of its track; null where nothing was kept or the noise is unknown. */
async function readKnowledge({ gate, paths, config }: NightContext): Promise<Known | null> {
  const { track, champion } = await gate.look();
  const state = champion?.state ?? null;
  if (state === null || state.changes.length === 0) return null;
  const ofTrack = listScoredRuns(readStoredJobs(paths.runs)).filter((run) => run.track === track);
  const model = ofTrack.findLast((run) => run.champion?.commit === state.commit)?.deviceModel;
  const runs = ofTrack.filter((run) => run.deviceModel === model);
  const knowledge = studyTrack(runs, config.metric.direction);
  return knowledge.posterior === null || model === undefined
    ? null
    : { champion: state, deviceModel: model, runs, knowledge };
}

/** Which try of one night the next claim is, from 1: the daemon lays it down with the error of that one. */
function nextTry(claims: readonly LabClaim[], nowMs: number): number {
  return claims.filter(({ beganAt }) => nowMs - Date.parse(beganAt) < claimShareMs).length + 1;
}

/** Runs that a claim of the champion, without what is doubtful, probably needs; null where it could hardly be shown. */
function runsNeeded(
  { champion, knowledge }: Known,
  config: PipelineContext['config'],
  attempt: number,
  most: number,
): number | null {
  const { posterior, sd, noise } = knowledge;
  const solid = chooseSolid(knowledge, champion.changes, config.decision.pruneWeight);
  if (posterior === null || sd === null || solid.length === 0) return null;
  const gain = posterior.gainOf(solid.map(({ commit }) => commit));
  return runsForClaim(gain, sd, noise.degrees, alphaOfTry(config.decision.alpha, attempt), most);
}

/** A claim is about what may be claimed of a champion: the doubtful left out. */
function isSameChampion(
  claimed: ChampionState,
  present: ChampionState,
  knowledge: TrackKnowledge,
  config: PipelineContext['config'],
): boolean {
  const solid = chooseSolid(knowledge, present.changes, config.decision.pruneWeight);
  const names = new Set(solid.map(({ commit }) => commit));
  return claimed.changes.length === names.size && claimed.changes.every(({ commit }) => names.has(commit));
}

/** Median length of the newest runs, seconds; null before the first. */
function typicalSeconds(runs: readonly ScoredRun[]): number | null {
  const seconds = runs
    .slice(-15)
    .flatMap((run) => (run.seconds === null ? [] : [run.seconds]))
    .sort((a, b) => a - b);
  return seconds[Math.floor(seconds.length / 2)] ?? null;
}
