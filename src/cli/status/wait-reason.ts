/**
 * What a job that is followed waits for, in one line: its place, a job before it that stands still, a moment, a pause. Pure; which jobs
 * must be known for that is said here too.
 */
import type { JobView } from '../../domain/job.ts';
import { formatReason } from '../render.ts';

/** Numbers of the jobs whose state says why this one waits; `running` are all that run now. */
export function listBlocking({ job, state }: JobView, running: readonly JobView[]): number[] {
  if (state.kind === 'dependent') return state.on;
  if (state.kind !== 'queued') return [];
  return running.filter((other) => other.job.device === job.device).map((other) => other.job.number);
}

/** The line, without the end of it; null where the job waits for nothing. `others` holds the jobs that listBlocking names. */
function describeWait(view: JobView, others: ReadonlyMap<number, JobView>): string | null {
  const { job, state } = view;
  const name = `job ${job.number}`;
  switch (state.kind) {
    case 'delayed':
      return `${name} is delayed${state.why === 'retry' ? ' before it is tried again' : ''}: ${formatReason(view)}`;
    case 'dependent':
      return `${name} waits for ${state.on.map((number) => describeOther(number, others.get(number))).join('; ')}`;
    case 'queued': {
      if (state.waits !== null) return `${name} is queued: ${state.waits}`;
      const paused = [...others.values()].filter((other) => other.state.kind === 'running' && other.state.isPaused);
      const behind = paused.map((other) => describeOther(other.job.number, other));
      return `${name} is queued at place ${state.position}${behind.length === 0 ? '' : `, behind ${behind.join('; ')}`}`;
    }
    case 'running':
      if (state.isEnding) return null;
      return state.isPaused ? `${name} is paused: \`lab start ${job.number}\` goes on` : null;
    case 'recording':
      return state.problem === null ? null : `${name} is over, its record waits: ${state.problem}`;
    default:
      return null;
  }
}

/** The line for a job of which `told` was said last: what it waits for, or that it goes on after a pause; "" where there is nothing. */
export function describeNow(view: JobView, others: ReadonlyMap<number, JobView>, told: string): string {
  const name = `job ${view.job.number}`;
  return describeWait(view, others) ?? (told.startsWith(`${name} is paused`) ? `${name} goes on` : '');
}

/** The job that stands before, with what keeps it from going on where that is for a person to change. */
function describeOther(number: number, view: JobView | undefined): string {
  const name = `job ${number}`;
  switch (view?.state.kind) {
    case 'held':
    case 'delayed':
      return `${name}, which is ${view.state.kind}: ${formatReason(view)}`;
    case 'stashed':
      return `${name}, which is put aside: \`lab enqueue ${number}\` lets it go`;
    case 'dependent':
      return `${name}, which waits for job ${view.state.on.join(', ')}`;
    case 'queued':
      return view.state.waits === null ? name : `${name}, which is queued: ${view.state.waits}`;
    case 'running':
      return view.state.isPaused ? `${name}, which is paused: \`lab start ${number}\` goes on` : name;
    default:
      return name;
  }
}
