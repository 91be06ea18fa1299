/** `lab status`: the queue as a table, or one job whole. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findLab } from '../../config/lab-paths.ts';
import type { Routes } from '../../daemon/routes.ts';
import type { JobView } from '../../domain/job.ts';
import { call } from '../client.ts';
import { type CommandSpec, parseJobNumbers } from '../define.ts';
import { cut, describeJob, formatReason, formatSeconds, formatState, renderTable, terminalWidth } from '../render.ts';

/** How many ended jobs the table shows without --all. */
const shownEnded = 10;

/** Shows the queue. */
export const status: CommandSpec = {
  name: 'status',
  summary: 'Show the queue, or one job whole',
  usage: '[number…]',
  options: [
    { name: 'all', short: 'a', description: `Show every ended job, not the last ${shownEnded}` },
    { name: 'json', description: 'Print as JSON' },
  ],
  examples: ['lab status', 'lab status 3', 'lab status --json'],
  async run(input) {
    const paths = findLab(process.cwd());
    const numbers = parseJobNumbers(input.words);
    const answer = await call(paths, 'status', { numbers });
    for (const problem of answer.problems) process.stderr.write(`note: ${problem}\n`);
    if (input.flag('json')) process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
    else if (numbers.length > 0)
      process.stdout.write(answer.jobs.map((view) => renderJob(view, paths.runs)).join('\n'));
    else process.stdout.write(renderQueue(answer, input.flag('all')));
    return 0;
  },
};

function renderQueue(answer: Routes['status']['response'], all: boolean): string {
  const devices = answer.devices.map(
    (device) => `${device.id} ${device.job === null ? 'idle' : `runs job ${device.job}`} (${device.model})`,
  );
  const champion = answer.champion
    ? `champion ${answer.champion.commit.slice(0, 7)} ${answer.champion.metric?.toFixed(6) ?? ''} (${answer.champion.source})`
    : 'no champion yet: `lab baseline` measures one';
  const head = `track ${answer.track}${answer.model === null ? '' : ` on ${answer.model}`}, ${champion}\n${devices.join('; ')}; ${answer.redis}\n`;
  const open = answer.jobs.filter((view) => view.state.kind !== 'ended' && view.state.kind !== 'removed');
  const ended = answer.jobs.filter((view) => view.state.kind === 'ended' || view.state.kind === 'removed');
  const shown = [...(all ? ended : ended.slice(-shownEnded)), ...open];
  if (shown.length === 0) return `${head}the queue is empty; \`lab add --label "Q: … H: …" -- command\` fills it\n`;
  const width = terminalWidth();
  const rows = shown.map((view) => row(view));
  const fixed = 5 + 18 + 5 + 9 + 10 + 10;
  const room = Math.max(20, width - fixed);
  const cells = rows.map((cell) => [
    cell.number,
    cell.state,
    cell.device,
    cell.time,
    cell.metric,
    cut(cell.question, Math.ceil(room / 2)),
    cut(cell.reason, Math.floor(room / 2)),
  ]);
  const more =
    all || ended.length <= shownEnded ? '' : `${ended.length - shownEnded} earlier jobs: \`lab status --all\`\n`;
  return `${head}\n${renderTable(['job', 'state', 'on', 'time', 'metric', 'question', 'why'], cells, new Set([0, 3, 4]))}${more}`;
}

function row(view: JobView): Record<'number' | 'state' | 'device' | 'time' | 'metric' | 'question' | 'reason', string> {
  const { job, state } = view;
  return {
    number: String(job.number),
    state: formatState(state),
    device: state.kind === 'running' ? state.device : state.kind === 'ended' ? state.run.device.id : job.device,
    time: runTime(view),
    metric: state.kind === 'ended' && state.run.metric !== null ? state.run.metric.toFixed(6) : '',
    question: describeJob(view),
    reason: formatReason(view),
  };
}

function runTime({ state }: JobView): string {
  if (state.kind === 'running') return formatSeconds((Date.now() - Date.parse(state.startedAt)) / 1000);
  if (state.kind === 'ended' && state.run.trainSeconds !== null) return formatSeconds(state.run.trainSeconds);
  return '';
}

function renderJob(view: JobView, runs: string): string {
  const { job, state } = view;
  const facts: [string, string][] = [
    [
      'job',
      `${job.number} (${job.kind === 'replay' || job.kind === 'bridge' ? describeJob(view) : `${job.kind}${job.experiment ? ` of ${job.experiment}` : ''}`})`,
    ],
    ['state', formatState(state)],
    ['why', formatReason(view)],
    ['question', job.label?.question ?? ''],
    ['hypothesis', job.label?.hypothesis ?? ''],
    ['command', job.command],
    ['commit', `${job.commit}${job.snapshot ? ' (snapshot of a dirty tree)' : ''}`],
    ['folder', job.here ?? (job.directory || '.')],
    ['device', job.device],
    ['seed', job.seed === null ? '' : String(job.seed)],
    ['track', job.track],
    ['queued', job.queuedAt],
    ['time', runTime(view)],
  ];
  if (state.kind === 'ended') {
    const { run } = state;
    facts.push(
      ['metric', run.metric === null ? 'none' : String(run.metric)],
      [
        'memory',
        run.peakMemoryMib === null ? 'not measured' : `${run.peakMemoryMib.toFixed(1)} MiB (${run.memorySource})`,
      ],
      [
        'steps',
        run.steps
          .map(
            (step) => `${step.name} ${formatSeconds(step.seconds)} exit ${step.exitCode ?? step.signal ?? 'unknown'}`,
          )
          .join(', '),
      ],
      ['flags', run.flags.join(', ')],
      ['ended', run.endedAt],
      ['files', `.lab/runs/${job.number}/${run.attempt}/`],
    );
  }
  const attempt = state.kind === 'ended' ? state.run.attempt : state.kind === 'running' ? state.attempt : null;
  const provenance = join(String(job.number), String(attempt), 'provenance.json');
  if (attempt !== null && existsSync(join(runs, provenance)))
    facts.push(['provenance', join('.lab', 'runs', provenance)]);
  return `${facts
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name.padEnd(11)} ${value}`)
    .join('\n')}\n`;
}
