/** Waits for jobs and prints a digest of each: the core of `lab wait` and `lab add --wait`. */
import { join } from 'node:path';
import { readLogTail } from '../../workers/log-reading/log-tail.ts';
import type { LabPaths } from '../config/lab-paths.ts';
import type { JobView } from '../domain/job.ts';
import { exitCodes } from '../errors/lab-error.ts';
import { nameDecision } from '../lab/decision-words.ts';
import { call } from './client.ts';
import { describeGoingOn, tellOnInterrupt } from './interrupt.ts';
import { describeJob, formatReason, formatSeconds, formatState, isFinal, isSuccess, nameEvidence } from './render.ts';
import { showPath } from './shown-path.ts';

/** How far jobs are waited for, in their order; a job that is further counts as having been there. */
export const waitStages = ['queued', 'running', 'recording', 'ended'] as const;

/** How far a job must come before nobody waits for it any more. */
export type WaitStage = (typeof waitStages)[number];

/** How to wait. */
export interface WaitOptions {
  /** One JSON line per job in place of digests. */
  isJson: boolean;
  /** Absent: to the end, and the end's fate counts. */
  stage?: WaitStage | null;
}

/** Waits until all jobs are over; prints a digest of each as it ends. Returns 0, or 3 where one failed or needs a human to go on. */
export async function waitForJobs(paths: LabPaths, numbers: number[], options: WaitOptions): Promise<number> {
  const wanted = new Set(numbers);
  const told = new Set<number>();
  const noted = new Set<string>();
  const stage = options.stage ?? null;
  const stopTelling = tellOnInterrupt(() => describeGoingOn([...wanted].filter((number) => !told.has(number))));
  // What a job comes after is watched with it: it may be what needs a human.
  let watched = [...wanted];
  let seen = 0;
  let failed = false;
  for (;;) {
    const answer = await call(paths, 'wait', { numbers: watched, seen });
    seen = answer.seen;
    const views = new Map(answer.jobs.map((view) => [view.job.number, view]));
    const more = answer.jobs.flatMap(({ state }) => (state.kind === 'dependent' ? state.on : []));
    const next = [...new Set([...watched, ...more])];
    if (next.length > watched.length) {
      watched = next;
      seen = 0;
      continue;
    }
    for (const number of wanted) {
      const view = views.get(number);
      if (view === undefined || told.has(number)) continue;
      const blocker = findBlocker(view, views);
      const isThere = stage === null ? isFinal(view.state) : isFinal(view.state) || hasReached(view.state, stage);
      if (!isThere && blocker === null) {
        tellPause(view, noted);
        continue;
      }
      told.add(number);
      failed ||= stage === null ? !isSuccess(view) : !hasReached(view.state, stage);
      if (options.isJson) process.stdout.write(`${JSON.stringify(view)}\n`);
      else if (stage !== null && isThere && !isFinal(view.state))
        process.stdout.write(`job ${number}: ${view.state.kind}\n`);
      else process.stdout.write(renderDigest(paths, view));
      if (!isThere && blocker !== null && blocker !== number && !options.isJson)
        process.stdout.write(
          `  it waits for job ${blocker}, which needs you: \`lab enqueue ${blocker}\` lets that go\n`,
        );
    }
    if (told.size === wanted.size) {
      stopTelling();
      return failed ? exitCodes['job-failed'] : 0;
    }
  }
}

/**
 * The job that waits for a human before this one can go on: itself, or one that it comes after; null where it goes on by itself. `views`
 * holds the jobs known.
 */
export function findBlocker(view: JobView, views: ReadonlyMap<number, JobView>): number | null {
  const { state, job } = view;
  if (state.kind === 'held' || state.kind === 'stashed') return job.number;
  if (state.kind !== 'dependent') return null;
  for (const number of state.on) {
    const before = views.get(number);
    const blocker = before === undefined ? null : findBlocker(before, views);
    if (blocker !== null) return blocker;
  }
  return null;
}

/** A pause is not for ever, but nobody should wonder why nothing happens. */
function tellPause({ job, state }: JobView, noted: Set<string>): void {
  const isPaused =
    state.kind === 'running' ? state.isPaused && !state.isEnding : state.kind === 'queued' && state.waits !== null;
  if (!isPaused) return;
  const why = state.kind === 'queued' ? state.waits : `paused; \`lab start ${job.number}\` goes on`;
  const text = `job ${job.number} waits: ${why}\n`;
  if (noted.has(text)) return;
  noted.add(text);
  process.stderr.write(text);
}

function hasReached(state: JobView['state'], stage: WaitStage): boolean {
  const at = (waitStages as readonly string[]).indexOf(state.kind);
  return at >= waitStages.indexOf(stage);
}

/** A job's end in at most ten lines: what came out, why, and the end of its log where it failed. */
export function renderDigest(paths: LabPaths, view: JobView): string {
  const { job, state } = view;
  const lines = [
    `job ${job.number}: ${state.kind === 'ended' ? (state.run.fate.kind === 'done' ? nameDecision(state.status ?? 'done', nameEvidence(view)) : `failed (${state.run.fate.failure})`) : formatStop(view)}`,
  ];
  if (job.label) lines.push(`  ${job.label.text}`);
  else if (job.kind === 'check' || job.kind === 'replay' || job.kind === 'bridge' || job.test !== null)
    lines.push(`  ${describeJob(view)}`);
  const reason = formatReason(view);
  if (reason) lines.push(`  ${reason}`);
  if (job.kind === 'plain' && state.kind === 'ended' && state.status === 'keep') {
    lines.push(
      '  kept by hand: the champion stays what it is (experiments are worktrees in 5_worktrees/ on exp/<slug>)',
    );
  }
  if (state.kind === 'ended') {
    const { run } = state;
    const facts = [
      run.metric === null || view.decision !== null
        ? null
        : `${run.measuredBy?.name ?? 'metric'} ${run.metric.toFixed(6)}`,
      run.trainSeconds === null ? null : `train ${formatSeconds(run.trainSeconds)}`,
      run.peakMemoryMib === null ? null : `peak ${run.peakMemoryMib.toFixed(0)} MiB`,
      run.device.id,
      run.flags.length > 0 ? `flags ${run.flags.join(', ')}` : null,
      `${showPath(join(paths.runs, String(job.number), String(run.attempt)))}/`,
    ];
    lines.push(`  ${facts.filter((fact) => fact !== null).join(', ')}`);
    if (run.fate.kind === 'failed')
      for (const line of readLogTail(
        join(paths.runs, String(job.number), String(run.attempt)),
        10 - lines.length,
      ).split('\n'))
        if (line !== '') lines.push(`  | ${line.slice(0, 160)}`);
  }
  return `${lines.slice(0, 10).join('\n')}\n`;
}

function formatStop(view: JobView): string {
  return view.state.kind === 'removed' ? 'removed before it ran' : formatState(view);
}
