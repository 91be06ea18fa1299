/** The step `baseline`: one run of the unmodified code through the queue, until both numbers are there. */
import { attemptFolder } from '../../../queue/job-store.ts';
import type { LabPaths } from '../../config/lab-paths.ts';
import type { LabConfig } from '../../config/schema.ts';
import type { JobView } from '../../domain/job.ts';
import type { FailureClass, Run } from '../../domain/run.ts';
import { queueBaseline } from '../../pipeline/baseline.ts';
import type { LabGate } from '../../pipeline/lab-gate.ts';
import { computeTrack } from '../../rules/tracks.ts';
import { formatMemory } from '../program/section-texts.ts';
import { type BaselineRun, readBaselineRuns, readBothNumbers } from './baseline-numbers.ts';
import { readLastLines } from './run-command.ts';
import { failStep, type StepOutcome } from './setup-steps.ts';

/** What the measuring needs. */
export interface MeasureContext {
  paths: LabPaths;
  config: LabConfig;
  main: string;
  gate: LabGate;
  signal: AbortSignal;
  tell(line: string): void;
}

/** Measures the first seed of run.seeds where the track has no run with both numbers; goes on waiting for one that is queued. */
export async function measureBaseline(
  context: MeasureContext,
): Promise<{ outcome: StepOutcome; baseline: BaselineRun | null }> {
  const { paths, config, main, gate, signal, tell } = context;
  const known = readBaselineRuns(paths, await computeTrack(paths, config, main)).at(-1);
  if (known !== undefined) return { outcome: { state: 'already', text: describe(known) }, baseline: known };
  const [seed = 1] = config.run.seeds;
  signal.throwIfAborted();
  const numbers = await queueBaseline(
    { gate, config: { ...config, run: { ...config.run, seeds: [seed] } }, tell: () => undefined },
    // More than the pipeline asks for: a number without the memory beside it is no baseline of a session.
    ({ job, state }) => state.kind === 'ended' && readBothNumbers(job, state.run) === null,
  );
  // Runs of other seeds may be in the queue, too, for a baseline of the lab's own.
  const { jobs } = await gate.look();
  const number = jobs.findLast(({ job }) => numbers.includes(job.number) && job.seed === seed)?.job.number;
  if (number === undefined)
    return { outcome: failStep('the queue took no baseline job', ['`lab status` shows the queue']), baseline: null };
  tell(`job ${number}: ${config.commands.train}, unmodified, seed ${seed}; \`lab follow ${number}\` shows it`);
  let told = '';
  const view = await gate.waitForJob(number, signal, ({ state }) => {
    const line = state.kind === 'queued' && state.waits !== null ? `job ${number} waits: ${state.waits}` : '';
    if (line !== '' && line !== told) tell(line);
    told = line;
  });
  return judge(paths, config, view);
}

function judge(
  paths: LabPaths,
  config: LabConfig,
  { job, state }: JobView,
): { outcome: StepOutcome; baseline: BaselineRun | null } {
  if (state.kind === 'held')
    return {
      outcome: failStep(`job ${job.number} is held: ${state.hold.reason}`, [
        `\`lab enqueue ${job.number}\` lets it run`,
      ]),
      baseline: null,
    };
  if (state.kind !== 'ended')
    return {
      outcome: failStep(`job ${job.number} was removed before it ran`, ['the same command queues it again']),
      baseline: null,
    };
  const { run } = state;
  const baseline = readBothNumbers(job, run);
  if (baseline !== null) return { outcome: { state: 'done', text: describe(baseline) }, baseline };
  const folder = attemptFolder(paths.runs, job.number, run.attempt);
  const why =
    run.fate.kind === 'failed'
      ? `${run.fate.failure}: ${run.fate.detail}`
      : run.metric === null
        ? `it printed no ${config.metric.name}`
        : 'its peak memory is not known';
  const outcome = failStep(
    `job ${job.number} of the unmodified code gave not both numbers (${why})`,
    [
      ...hintsFor(run, config),
      `the whole log: \`lab log ${job.number}\``,
      'once that is mended, the same command measures again',
    ],
    readLastLines(folder),
  );
  return { outcome, baseline: null };
}

const hints: Partial<Record<FailureClass, string>> = {
  'out-of-memory':
    '`lab autoresearch adapt` shows what fits this card; a smaller DEVICE_BATCH_SIZE in train.py is the first step',
  'command-not-found':
    'a run has the PATH of whoever queued it, and in the sandbox sees of the home folder what is on it, of /tmp nothing',
  'prepare-failed':
    'checkout.setup of lab.yaml failed in the fresh checkout of the run; a run has no network unless lab.yaml says `network: on`',
  timeout: 'run.wallSeconds in lab.yaml is the hard limit; compiling and evaluation count in it',
  nan: 'the unmodified code diverges on this card: a card without bfloat16 needs other precision in train.py',
};

function hintsFor({ fate, metric }: Run, config: LabConfig): string[] {
  // A set-up command that is not found fails as a whole, and what helps is the same.
  const failure = fate.kind !== 'failed' ? null : /not found/.test(fate.detail) ? 'command-not-found' : fate.failure;
  const hint = failure === null ? undefined : hints[failure];
  const name = config.metric.name;
  const asks = metric === null && (fate.kind === 'done' || fate.failure === 'no-metric');
  return [
    ...(hint === undefined ? [] : [hint]),
    ...(asks ? [`train.py must end with lines such as "${name}: 0.9979" and "peak_vram_mb: 45060.2"`] : []),
  ];
}

function describe({ job, session, metricName, metric, memoryMib, device }: BaselineRun): string {
  const from = session === null ? `job ${job}` : `job ${job} of session ${session}`;
  return `${metricName} ${metric.toFixed(6)}, peak memory ${formatMemory(memoryMib)}, ${from} on ${device}`;
}
