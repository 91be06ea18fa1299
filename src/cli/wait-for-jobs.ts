/** Waits for jobs and prints a digest of each: the core of `lab wait` and `lab add --wait`. */
import { join } from 'node:path';
import { readLogTail } from '../../workers/log-reading/log-tail.ts';
import type { LabPaths } from '../config/lab-paths.ts';
import type { JobView } from '../domain/job.ts';
import { exitCodes } from '../errors/lab-error.ts';
import { call } from './client.ts';
import { describeJob, formatReason, formatSeconds, isFinal, isSuccess } from './render.ts';

/** Waits until all jobs are over; prints a digest of each as it ends. Returns 0, or 3 where one failed. */
export async function waitForJobs(paths: LabPaths, numbers: number[], options: { isJson: boolean }): Promise<number> {
  const told = new Set<number>();
  let seen = 0;
  let failed = false;
  for (;;) {
    const answer = await call(paths, 'wait', { numbers, seen });
    seen = answer.seen;
    for (const view of answer.jobs) {
      // A held job waits for a human, not for time: whoever waits for it is told instead of waiting for ever.
      const isOver = isFinal(view.state) || view.state.kind === 'held';
      if (!isOver || told.has(view.job.number)) continue;
      told.add(view.job.number);
      failed ||= !isSuccess(view);
      process.stdout.write(options.isJson ? `${JSON.stringify(view)}\n` : renderDigest(paths, view));
    }
    if (told.size === new Set(numbers).size) return failed ? exitCodes['job-failed'] : 0;
  }
}

/** A job's end in at most ten lines: what came out, why, and the end of its log where it failed. */
export function renderDigest(paths: LabPaths, view: JobView): string {
  const { job, state } = view;
  const lines = [
    `job ${job.number}: ${state.kind === 'ended' ? (state.run.fate.kind === 'done' ? (state.status ?? 'done') : `failed (${state.run.fate.failure})`) : state.kind === 'held' ? 'held' : 'removed before it ran'}`,
  ];
  if (job.label) lines.push(`  ${job.label.text}`);
  else if (job.kind === 'check' || job.kind === 'replay' || job.kind === 'bridge') lines.push(`  ${describeJob(view)}`);
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
      `.lab/runs/${job.number}/${run.attempt}/`,
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
