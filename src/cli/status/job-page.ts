/** One job whole: what it asks, what runs, where it stands, what came out. Looks at the disk only for whether a provenance file is there. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { JobView } from '../../domain/job.ts';
import { disarm, disarmLine } from '../page.ts';
import { describeJob, formatEta, formatReason, formatRunTime, formatSeconds, formatState } from '../render.ts';
import { showPath } from '../shown-path.ts';
import type { QueueWords } from './queue-table.ts';

/** The page of a job; `runs` is the folder of the run folders. */
export function renderJob(
  view: JobView,
  runs: string,
  nowMs: number,
  { isOwnLab }: Pick<QueueWords, 'isOwnLab'>,
): string {
  const { job, state } = view;
  const kind =
    job.kind === 'replay' || job.kind === 'bridge' || job.test !== null
      ? describeJob(view)
      : `${job.kind}${job.experiment ? ` of ${job.experiment}` : ''}`;
  const facts: [string, string][] = [
    ['job', `${job.number} (${kind})`],
    ['state', `${formatState(view)}${view.isArchived ? ', archived' : ''}`],
    ['why', formatReason(view)],
    ['question', job.label?.question ?? ''],
    ['hypothesis', job.label?.hypothesis ?? ''],
    ['command', job.command],
    ['commit', `${job.commit}${job.snapshot ? ' (snapshot of a dirty tree)' : ''}`],
    ['folder', job.here ?? (job.directory || '.')],
    ['device', state.kind === 'running' ? state.device : formatNeeds(job)],
    ['seed', job.seed === null ? '' : String(job.seed)],
    ['group', view.group === 'default' ? '' : view.group],
    ['priority', view.priority === 0 ? '' : String(view.priority)],
    ['after', view.after.map((one) => `${one.job}${one.any ? ' (whatever its end)' : ''}`).join(', ')],
    ['retries', job.retry.times === 0 ? '' : `${job.retry.times} on ${job.retry.on.join(', ')}`],
    ['limits', formatLimits(job)],
    ['track', isOwnLab ? '' : job.track],
    ['queued', job.queuedAt],
    ['time', formatRunTime(view, nowMs)],
    ['eta', formatEta(view)],
    ...outcomeFacts(view, runs),
  ];
  const attempt = state.kind === 'ended' ? state.run.attempt : state.kind === 'running' ? state.attempt : null;
  const provenance = join(runs, String(job.number), String(attempt), 'provenance.json');
  if (attempt !== null && existsSync(provenance)) facts.push(['provenance', showPath(provenance)]);
  return `${facts
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name.padEnd(11)} ${disarmFact(name, value)}`)
    .join('\n')}\n`;
}

/** The command is shown as it was given, further lines of it below the first; the state has the lab's own colours. */
function disarmFact(name: string, value: string): string {
  if (name === 'state') return value;
  return name === 'command' ? disarm(value.trim()).replaceAll('\n', `\n${' '.repeat(12)}`) : disarmLine(value);
}

function outcomeFacts({ state }: JobView, runs: string): [string, string][] {
  if (state.kind !== 'ended') return [];
  const { run } = state;
  return [
    ['metric', run.metric === null ? 'none' : String(run.metric)],
    [
      'memory',
      run.peakMemoryMib === null ? 'not measured' : `${run.peakMemoryMib.toFixed(1)} MiB (${run.memorySource})`,
    ],
    [
      'steps',
      run.steps
        .map(({ name, seconds, pausedSeconds, exitCode, signal }) => {
          const paused = pausedSeconds === undefined ? '' : ` and ${formatSeconds(pausedSeconds)} paused`;
          return `${name} ${formatSeconds(seconds)}${paused} exit ${exitCode ?? signal ?? 'unknown'}`;
        })
        .join(', '),
    ],
    ['flags', run.flags.join(', ')],
    ['ended', run.endedAt],
    ['files', `${showPath(join(runs, String(run.job), String(run.attempt)))}/`],
  ];
}

function formatNeeds({ device, needs }: JobView['job']): string {
  const { deviceId, gpus, vramMib } = needs;
  const words = [deviceId ?? device, gpus > 1 ? `${gpus} GPUs` : '', vramMib === null ? '' : `${vramMib} MiB free`];
  return words.filter((word) => word !== '').join(', ');
}

function formatLimits({ limits, wallSeconds }: JobView['job']): string {
  const { idleSeconds, logMb } = limits;
  const words = [
    `${formatSeconds(wallSeconds)} in all`,
    idleSeconds === null ? '' : `${formatSeconds(idleSeconds)} without output`,
    logMb === null ? '' : `${logMb} MB of log`,
  ];
  return words.filter((word) => word !== '').join(', ');
}
