/** Tests with fresh seeds as the daemon's views show them, out of the book of jobs. Reads no files; what is done about a test is the keeper's. */
import { type BookedJob, hasBegun, isOver } from '../../queue/job-book.ts';
import { findJobOwingVerdict, findVerdict, listTestJobs, progressOf } from '../../workers/recorder/test-runs.ts';
import type { LabConfig } from '../config/schema.ts';
import type { FreshTest } from '../domain/fresh-test.ts';
import type { KeptTest } from '../lab/fresh-tests.ts';
import type { TestView } from './routes.ts';

/** Whether the job is over and its record is not written yet. */
export function isRecording(booked: BookedJob): boolean {
  const { live, run, recorded } = booked;
  if (live !== null || run === null || !isOver(booked)) return false;
  return recorded?.isDone !== true || recorded.attempt !== run.attempt;
}

/** Whether the job has not begun and would. */
export function isWaiting(booked: BookedJob): boolean {
  return booked.live === null && booked.entry.removedAt === null && !hasBegun(booked) && !isOver(booked);
}

/** The test without what only its jobs need: the environment does not leave the daemon. */
export function withoutEnvironment(test: KeptTest): FreshTest {
  const { env: _env, key: _key, secretNames: _names, reverts: _reverts, leftOut: _leftOut, ...told } = test;
  return told;
}

/** The test as it stands; `track` is the lab's own now. */
export function viewTest(
  test: KeptTest,
  jobs: readonly BookedJob[],
  config: Pick<LabConfig, 'metric' | 'decision'>,
  track: string,
): TestView {
  const own = listTestJobs(test, jobs);
  const numbers = new Set(own.map(({ job }) => job));
  const booked = jobs.filter(({ job }) => numbers.has(job.number));
  const verdict = findVerdict(test.number, booked);
  const progress = progressOf(test, jobs, config);
  // What waits is taken out when the track moves.
  const isTakenOut = own.some(({ outcome }) => outcome.kind === 'removed');
  const isMoved = test.track !== track && (verdict === null || isTakenOut);
  // What is not recorded yet may still get its verdict, and a verdict counts when its row is on main.
  const isAwaited = booked.some(isRecording) || findJobOwingVerdict(test, jobs, progress, config) !== null;
  const isEnded = !isAwaited && (verdict !== null || isMoved || progress.kind === 'over');
  const moved = `it was about track ${test.track}, and the lab's track is ${track} now`;
  return {
    test: withoutEnvironment(test),
    runs: own.map(({ job, arm, place, outcome }) => ({ job, arm, place, outcome })),
    state: isEnded ? (verdict?.state ?? (test.question.kind === 'claim' ? 'provisional' : 'done')) : 'open',
    why: !isEnded ? null : isMoved ? moved : progress.kind === 'over' ? progress.cut : null,
    verdict: isEnded ? verdict : null,
    finding: isEnded && progress.kind === 'over' ? progress.finding : null,
  };
}
