/** What a test with fresh seeds stands on: track, device model, champion and noise; refuses with the reason where one of them is missing. */
import { listRepeats } from '../../workers/recorder/test-runs.ts';
import type { ChampionState } from '../domain/change.ts';
import { resolveDevice } from '../domain/device-choice.ts';
import type { DeviceClass } from '../domain/run.ts';
import { formatLocalTime } from '../domain/time.ts';
import { LabError } from '../errors/lab-error.ts';
import { bindTrack } from '../rules/track-store.ts';
import { judgingOf } from '../stats/against-baseline.ts';
import { poolNoise } from '../stats/noise-model.ts';
import { chooseModel, type TrackView, viewTrack } from '../stats/track-view.ts';
import { type AddContext, ensureDevice } from './add-job.ts';
import { scoredRunsOf } from './scored-runs.ts';

/** The track and device that a test is about, and what is known there. */
export interface TestGround {
  track: string;
  deviceClass: DeviceClass;
  deviceModel: string;
  view: TrackView;
  /** ISO 8601 with offset. */
  beganAt: string;
}

/** The ground that the lab stands on now. Throws LabError (user) where there is none: no device, no baseline. */
export async function findGround(context: AddContext): Promise<TestGround> {
  const { paths, config, main, book, devices } = context;
  const deviceClass = resolveDevice(config.run.device, devices);
  ensureDevice(devices, deviceClass, []);
  const track = await bindTrack(paths, config, main);
  const runs = scoredRunsOf(book);
  const deviceModel = chooseModel(runs, track, deviceClass, devices.get(deviceClass) ?? []);
  const view = viewTrack(runs, track, deviceModel, judgingOf(config));
  if (deviceModel === null || view.champion === null) {
    throw new LabError(
      'user',
      `track ${track} has no champion on a ${deviceClass} device, expected a baseline and kept changes`,
      {
        hints: ['`lab baseline` measures the unchanged code', '`lab implement` builds ideas'],
      },
    );
  }
  return { track, deviceClass, deviceModel, view, beganAt: formatLocalTime(new Date()) };
}

/** The champion as far as there is something to test in it. Throws LabError (user) where nothing was kept. */
export function ensureChampion({ view, track }: TestGround): ChampionState {
  const { champion } = view;
  const state = champion?.state ?? null;
  if (state !== null && state.changes.length > 0) return state;
  const isOld = champion?.source === 'experiment';
  const reason = isOld
    ? `the champion ${champion.commit.slice(0, 7)} is from before the lab kept its changes apart`
    : `nothing was kept on track ${track} since the ${champion?.source === 'bridge' ? 'champion that a bridge brought' : 'baseline'}`;
  throw new LabError('user', `${reason}, so there is nothing to test`, {
    hints: [isOld ? 'the next kept experiment makes it known' : '`lab implement` builds ideas'],
  });
}

/** Throws LabError (user) where the runs of the track do not say how far luck carries, or say that seeds change nothing. */
export function ensureNoise({ book }: AddContext, { track, deviceModel }: TestGround): void {
  const jobs = book.all();
  const everything = { track, deviceModel, before: formatLocalTime(new Date(Date.now() + 86_400_000)), without: [] };
  const { sd } = poolNoise(listRepeats(jobs, everything));
  if (sd === null) {
    throw new LabError('user', `the noise of track ${track} on ${deviceModel} is unknown: no code ran with two seeds`, {
      hints: ['`lab baseline` runs the unchanged code with several seeds'],
    });
  }
  if (sd > 0) return;
  throw new LabError(
    'user',
    'the train step ignores LAB_SEED: runs with different seeds gave equal numbers, so that fresh seeds show nothing',
    {
      hints: ['let the train step take its seed from the environment variable LAB_SEED', '`lab metric check` tries it'],
    },
  );
}
