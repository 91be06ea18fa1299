/** Which jobs a status filter takes, and how many of those that ended. Pure. */
import type { JobView } from '../domain/job.ts';
import { failureClasses } from '../domain/run.ts';
import type { StatusFilter } from './routes.ts';

/** Words that `states` takes: kinds of states, "paused", and fates. */
export const stateWords: readonly string[] = [
  'held',
  'stashed',
  'delayed',
  'dependent',
  'queued',
  'running',
  'paused',
  'ending',
  'recording',
  'ended',
  'removed',
  'done',
  'failed',
  'keep',
  'discard',
  'crash',
  ...failureClasses,
];

/** What a job's state is called: its kind, and how it ended. */
export function wordsOf({ state }: Pick<JobView, 'state'>): string[] {
  if (state.kind === 'running')
    return ['running', ...(state.isPaused ? ['paused'] : []), ...(state.isEnding ? ['ending'] : [])];
  if (state.kind !== 'ended') return [state.kind];
  const { fate } = state.run;
  return [
    'ended',
    fate.kind,
    ...(state.status === null ? [] : [state.status]),
    ...(fate.kind === 'failed' ? [fate.failure] : []),
  ];
}

/** Whether the filter takes the job; `ended` is not looked at. */
export function takes(filter: StatusFilter, view: JobView): boolean {
  const { job } = view;
  if (filter.isArchived !== view.isArchived) return false;
  if (filter.group !== null && filter.group !== view.group) return false;
  if (filter.idea !== null && filter.idea !== job.experiment) return false;
  if (filter.label !== null && !(job.label?.text ?? '').toLowerCase().includes(filter.label.toLowerCase()))
    return false;
  if (filter.states.length > 0 && !wordsOf(view).some((word) => filter.states.includes(word))) return false;
  return filter.since === null || newestMoment(view) >= Date.parse(filter.since);
}

function newestMoment({ job, state }: JobView): number {
  const queued = Date.parse(job.queuedAt);
  if (state.kind === 'ended') return Math.max(queued, Date.parse(state.run.endedAt));
  return state.kind === 'removed' ? Math.max(queued, Date.parse(state.at)) : queued;
}

/** Whether a job is over, for the limit of ended jobs. */
const isPast = ({ state }: JobView): boolean => state.kind === 'ended' || state.kind === 'removed';

/**
 * The jobs that the filter takes, at most `ended` of those that are over (the last to end, whatever their numbers), and how many it left
 * out. The order stays.
 */
export function applyFilter(filter: StatusFilter, views: JobView[]): { jobs: JobView[]; hidden: number } {
  const taken = views.filter((view) => takes(filter, view));
  if (filter.ended === null) return { jobs: taken, hidden: 0 };
  const past = taken.filter(isPast);
  const hidden = Math.max(0, past.length - filter.ended);
  if (hidden === 0) return { jobs: taken, hidden };
  const shown = new Set(filter.ended === 0 ? [] : listLastEnded(past, filter.ended));
  return { jobs: taken.filter((view) => !isPast(view) || shown.has(view)), hidden };
}

/** Those that ended last; of two at the same moment the one with the higher number. */
function listLastEnded(past: readonly JobView[], count: number): JobView[] {
  // The last to end first. Not sorted as a whole: few of thousands are wanted.
  const last: JobView[] = [];
  for (const view of past) {
    const at = last.findIndex(
      (other) => endMs(other) < endMs(view) || (endMs(other) === endMs(view) && isAfter(view, other)),
    );
    if (at !== -1) last.splice(at, 0, view);
    else if (last.length < count) last.push(view);
    if (last.length > count) last.pop();
  }
  return last;
}

const isAfter = (one: JobView, other: JobView): boolean => one.job.number > other.job.number;

// The state of a job that is over is one object for as long as nothing changes in it.
const knownEnds = new WeakMap<JobView['state'], number>();

function endMs({ state }: JobView): number {
  const known = knownEnds.get(state);
  if (known !== undefined) return known;
  const at = state.kind === 'ended' ? state.run.endedAt : state.kind === 'removed' ? state.at : '';
  const ms = Date.parse(at);
  knownEnds.set(state, ms);
  return ms;
}
