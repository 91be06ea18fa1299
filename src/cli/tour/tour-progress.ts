/** The tour's live line: what runs, how far, what is next, time left. On a terminal one line that changes; elsewhere a line per event. */
import { progressFraction } from '../../../workers/log-reading/progress.ts';
import type { JobView } from '../../daemon/routes.ts';
import { cut, formatReason, formatSeconds, isFinal, terminalWidth } from '../render.ts';
import { tourEdits } from './tour-edits.ts';

/** A progress display. */
export interface TourProgress {
  /** Shows the present state of all jobs; tells each end once. */
  show(jobs: JobView[]): void;
  /** Clears the live line. */
  close(): void;
}

/** Creates the display for a tour of `total` jobs. Jobs that were over before it began are not told again. */
export function createTourProgress(total: number, tell: (line: string) => void): TourProgress {
  const isLive = process.stderr.isTTY === true;
  const told = new Set<number>();
  let last = '';
  let isFirst = true;
  const clear = () => {
    if (isLive && last !== '') process.stderr.write(`\r${' '.repeat(last.length)}\r`);
    last = '';
  };
  return {
    show(jobs) {
      for (const view of jobs) {
        if (!isFinal(view.state) || told.has(view.job.number)) continue;
        told.add(view.job.number);
        clear();
        tell(isFirst ? `  job ${view.job.number} was done before: ${nameOf(view)}` : renderEnd(view));
      }
      isFirst = false;
      const line = renderLine(jobs, total);
      if (line === '' || line === last) return;
      if (isLive) {
        const shown = cut(line, terminalWidth() - 1);
        clear();
        process.stderr.write(shown);
        last = shown;
      } else {
        // Without a terminal only a change of job or step is worth a line.
        const event = line.replace(/[:;].*$/, '');
        if (event !== last) process.stderr.write(`${line}\n`);
        last = event;
      }
    },
    close() {
      clear();
    },
  };
}

function nameOf({ job }: JobView): string {
  return job.experiment ?? (job.kind === 'baseline' ? `baseline seed ${job.seed ?? ''}` : job.command);
}

function renderEnd(view: JobView): string {
  const { job, state } = view;
  const edit = tourEdits.find((candidate) => candidate.slug === job.experiment);
  if (state.kind !== 'ended') return `  job ${job.number} ${nameOf(view)}: removed`;
  const metric = state.run.metric === null ? '' : ` val_bpb ${state.run.metric.toFixed(6)}`;
  if (job.kind === 'baseline')
    return `  job ${job.number} ${nameOf(view)}:${metric}${state.run.fate.kind === 'failed' ? ` ${state.run.fate.failure}: ${state.run.fate.detail}` : ''}`;
  const lines = [`  job ${job.number} ${nameOf(view)}: ${(state.status ?? 'done').toUpperCase()}${metric}`];
  if (job.label) lines.push(`      asked: ${job.label.question}  expected: ${job.label.hypothesis}`);
  lines.push(`      ${formatReason(view)}`);
  if (edit) lines.push(`      ${edit.story}`);
  return lines.join('\n');
}

function renderLine(jobs: JobView[], total: number): string {
  const current =
    jobs.find((view) => view.state.kind === 'running') ?? jobs.find((view) => view.state.kind === 'recording');
  const next = jobs.find((view) => view.state.kind === 'queued');
  const done = jobs.filter((view) => isFinal(view.state)).length;
  const shown = current ?? next;
  if (!shown) return '';
  const seconds = jobs.flatMap((view) =>
    view.state.kind === 'ended' ? [view.state.run.steps.reduce((sum, step) => sum + step.seconds, 0)] : [],
  );
  const mean = seconds.length === 0 ? null : seconds.reduce((sum, value) => sum + value, 0) / seconds.length;
  // Of the job that runs, what its own log says is done does not count any more.
  const begun = current?.state.kind === 'running' ? (progressFraction(current.state.progress ?? '') ?? 0) : 0;
  const left = mean === null ? '' : `; about ${formatSeconds(mean * Math.max(0, total - done - begun))} left`;
  const step =
    shown.state.kind === 'running'
      ? shown.state.step
      : shown.state.kind === 'queued' && shown.state.waits
        ? 'waits'
        : shown.state.kind;
  const reason = formatReason(shown);
  const after = next && next !== shown ? `; next: job ${next.job.number} ${nameOf(next)}` : '';
  return `[${Math.min(total, done + 1)} of ${total}] job ${shown.job.number} ${nameOf(shown)} ${step}${reason ? `: ${reason}` : ''}${after}${left}`;
}
