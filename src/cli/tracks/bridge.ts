/** `lab tracks compare`: queues the champion of another track as bridge jobs under the present one and shows it under both. */
import { randomUUID } from 'node:crypto';
import { trackOf } from '../../../queue/job-book.ts';
import type { StoredJob } from '../../../queue/job-store.ts';
import { listScoredRuns } from '../../../workers/recorder/decide-job.ts';
import type { LabPaths } from '../../config/lab-paths.ts';
import type { LabConfig } from '../../config/schema.ts';
import { requestDefaults } from '../../daemon/routes.ts';
import { resolveDevice } from '../../domain/device-choice.ts';
import { exitCodes, LabError } from '../../errors/lab-error.ts';
import { judgingOf } from '../../stats/against-baseline.ts';
import { type BridgeSide, type BridgeVerdict, judgeBridge } from '../../stats/bridge-verdict.ts';
import type { Noise } from '../../stats/noise.ts';
import { chooseModel, noiseOf, type TrackView, viewTrack } from '../../stats/track-view.ts';
import { captureEnvironment } from '../capture-environment.ts';
import { call } from '../client.ts';
import { describeJob, formatReason, formatState, isFinal, isSuccess } from '../render.ts';
import { readTrackSources } from './read-tracks.ts';
import { findTrack, judgingOfTrack, listTracks, type TrackSummary } from './track-list.ts';

/** The two tracks of a comparison, the other one and the present one, and what is carried over. */
export interface Bridge {
  from: TrackSummary;
  to: TrackSummary;
  model: string;
  /** Champion of `from`, full hash. */
  commit: string;
}

/** A bridge with what was measured of it. */
export interface MeasuredBridge extends Bridge {
  /** Metric names; "" where unknown. */
  metric: { from: string; to: string };
  value: { from: Noise | null; to: Noise | null };
  baseline: { from: TrackView['baseline']; to: TrackView['baseline'] };
  /** Champion of `to`. */
  champion: TrackView['champion'];
  verdict: BridgeVerdict;
}

/**
 * Finds what `compare A B` is about. Throws LabError (user) where a word names no track, neither or both are the present one, or the other
 * one has no champion on the device model that jobs run on.
 */
export async function findBridge(paths: LabPaths, config: LabConfig, words: string[]): Promise<Bridge> {
  const sources = await readTrackSources(paths, config);
  const { devices, track: present } = await call(paths, 'status', { numbers: [] });
  const tracks = listTracks(sources);
  const [a, b] = words.map((word) => {
    const found = findTrack(tracks, word);
    if (typeof found === 'string') throw new LabError('user', found, { hints: ['`lab tracks` lists them'] });
    return found;
  });
  if (a === undefined || b === undefined) throw new LabError('internal', 'compare needs two tracks');
  const [to, from] = a.id === present ? [a, b] : [b, a];
  if (to.id !== present || from.id === present) {
    const both = from.id === to.id ? `both words name ${to.id}` : `neither ${a.id} nor ${b.id} is the present track`;
    throw new LabError(
      'user',
      `${both}; expected ${present}, the present one, and another: only its evaluator can run`,
      {
        hints: ['`lab tracks` marks the present track'],
      },
    );
  }
  const runs = listScoredRuns(sources.jobs);
  const deviceClass = resolveDevice(config.run.device, new Set(devices.map((device) => device.class)));
  const models = devices.filter((device) => device.class === deviceClass).map((device) => device.model);
  const model = chooseModel(runs, from.id, deviceClass, models);
  const judging = judgingOfTrack(from, judgingOf(config));
  const champion = model === null ? null : viewTrack(runs, from.id, model, judging).champion;
  if (model === null || champion === null) {
    const others = from.models.filter((on) => on.champion !== null).map((on) => on.model);
    throw new LabError(
      'user',
      `track ${from.id} has no champion on ${model ?? `a ${deviceClass} device`}, so there is nothing to carry over`,
      {
        hints: others.length === 0 ? ['`lab tracks` shows what was measured'] : [`it has one on ${others.join(', ')}`],
      },
    );
  }
  return { from, to, model, commit: champion.commit };
}

/**
 * Queues the seeds that the bridge lacks. A seed that has a number or a job on its way is not run again; one whose jobs all failed is.
 * Gives the numbers that are queued now, and those that were on their way.
 */
export async function queueBridge(
  paths: LabPaths,
  config: LabConfig,
  bridge: Bridge,
  seeds: number[],
): Promise<{ queued: number[]; pending: number[] }> {
  const { jobs } = await readTrackSources(paths, config);
  const own = jobs.filter((stored) => isOfBridge(stored, bridge));
  const pending = own.filter(({ run, entry }) => run === null && entry.removedAt === null);
  const covered = new Set([...own.filter(({ run }) => run?.metric != null), ...pending].map(({ job }) => job.seed));
  const captured = captureEnvironment(process.env, config.env.pass, config.env.secret);
  const queued: number[] = [];
  for (const seed of seeds.filter((seed) => !covered.has(seed))) {
    const { number } = await call(paths, 'add', {
      ...requestDefaults,
      key: randomUUID(),
      kind: 'bridge',
      label: null,
      command: null,
      checkout: paths.root,
      directory: '',
      here: false,
      device: config.run.device,
      seed,
      env: captured.env,
      secrets: captured.secrets,
      wallSeconds: null,
      base: null,
      commit: bridge.commit,
      experiment: null,
      fromTrack: bridge.from.id,
      flags: [],
    });
    queued.push(number);
  }
  return { queued, pending: pending.map(({ job }) => job.number) };
}

function isOfBridge(stored: StoredJob, { commit, from, to, model }: Bridge): boolean {
  const { job, run } = stored;
  if (job.kind !== 'bridge' || job.commit !== commit || job.fromTrack !== from.id) return false;
  return run === null ? trackOf(stored) === to.id : run.track === to.id && run.device.model === model;
}

/** Waits for the jobs and tells of each on stderr as it ends. Returns 0, or 3 where one failed or is held. */
export async function waitForBridge(paths: LabPaths, numbers: number[]): Promise<number> {
  const told = new Set<number>();
  let failed = false;
  for (let seen = 0; told.size < numbers.length; ) {
    const answer = await call(paths, 'wait', { numbers, seen });
    seen = answer.seen;
    for (const view of answer.jobs) {
      // A held job waits for a human, not for time.
      if (told.has(view.job.number) || !(isFinal(view.state) || view.state.kind === 'held')) continue;
      told.add(view.job.number);
      failed ||= !isSuccess(view);
      const metric = view.state.kind === 'ended' ? (view.state.run.metric?.toFixed(6) ?? '') : '';
      const words = [formatState(view), metric, formatReason(view)].filter((word) => word !== '').join(' ');
      process.stderr.write(`job ${view.job.number}, ${describeJob(view)}: ${words}\n`);
    }
  }
  return failed ? exitCodes['job-failed'] : 0;
}

/** The bridge as the run folders have it now. */
export async function measureBridge(paths: LabPaths, config: LabConfig, bridge: Bridge): Promise<MeasuredBridge> {
  const { model, commit, from, to } = bridge;
  const { jobs } = await readTrackSources(paths, config);
  const runs = listScoredRuns(jobs).filter((run) => run.deviceModel === model && !run.leak);
  const measure = (track: TrackSummary) => {
    const judging = judgingOfTrack(track, judgingOf(config));
    const view = viewTrack(runs, track.id, model, judging);
    const value = noiseOf(
      runs.filter((run) => run.track === track.id),
      commit,
    );
    const side: BridgeSide = {
      track: track.id,
      value,
      baseline: view.baseline?.noise ?? null,
      isBaseline: view.baseline?.commit === commit,
      judging,
    };
    return { view, value, side };
  };
  const [old, now] = [measure(from), measure(to)];
  const short = (hash: string) => hash.slice(0, 7);
  const champion = now.view.champion;
  return {
    ...bridge,
    metric: { from: from.metric?.name ?? '', to: to.metric?.name ?? config.metric.name },
    value: { from: old.value, to: now.value },
    baseline: { from: old.view.baseline, to: now.view.baseline },
    champion,
    verdict: judgeBridge(short(commit), old.side, now.side, champion === null ? null : short(champion.commit)),
  };
}
