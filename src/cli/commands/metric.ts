/** `lab metric check`: whether the metric is fit to experiment with, by runs of the unchanged code; queues those that are missing. */
import { findLab } from '../../config/lab-paths.ts';
import type { LabConfig } from '../../config/schema.ts';
import type { JobView } from '../../domain/job.ts';
import { exitCodes, LabError } from '../../errors/lab-error.ts';
import {
  type MetricContext,
  type MetricVerdict,
  measureMetric,
  queueMetricRuns,
} from '../../pipeline/ensure-metric.ts';
import type { CommandSpec } from '../define.ts';
import { createLabGate } from '../lab-gate.ts';
import { openConfig } from '../open-config.ts';
import { disarmLine } from '../page.ts';
import { describeJob, formatReason, formatState, isFinal } from '../render.ts';

/** Judges the metric. */
export const metric: CommandSpec = {
  name: 'metric',
  summary: 'Check whether the metric is fit to experiment with',
  usage: 'check',
  options: [
    { name: 'no-wait', description: 'Queue the runs that are missing and return' },
    { name: 'json', description: 'Print as JSON' },
  ],
  examples: ['lab metric check', 'lab metric check --json'],
  async run(input) {
    if (input.words.length !== 1 || input.words[0] !== 'check') {
      const given = input.words.map((word) => `"${word}"`).join(' ') || 'none';
      throw new LabError('usage', `lab metric takes the word \`check\`, got ${given}`, {
        hints: ['`lab metric check` measures what is missing and judges the metric'],
      });
    }
    const paths = findLab(process.cwd());
    const config = openConfig(paths);
    const context: MetricContext = {
      config,
      gate: createLabGate(paths, config),
      // Never aborted: Ctrl-C ends this process, and what was queued runs on.
      signal: new AbortController().signal,
      tell: (line) => void process.stderr.write(`${line}\n`),
      onJob: createTeller(),
    };
    const isJson = input.flag('json');
    if (input.flag('no-wait')) {
      const numbers = await queueMetricRuns(context);
      if (numbers.length === 0) process.stderr.write('nothing is missing: `lab metric check` judges at once\n');
      else process.stderr.write('`lab metric check` waits for them, runs one seed again and judges\n');
      process.stdout.write(
        isJson ? `${JSON.stringify({ jobs: numbers })}\n` : numbers.map((number) => `${number}\n`).join(''),
      );
      return 0;
    }
    const verdict = await measureMetric(context);
    process.stdout.write(isJson ? `${JSON.stringify(toJson(verdict, config), null, 2)}\n` : render(verdict, config));
    return verdict.isFit && verdict.evidence.first !== null ? 0 : exitCodes['job-failed'];
  },
};

/** Tells each job on stderr as it ends, or as it needs a human. */
function createTeller(): (view: JobView) => void {
  const told = new Set<number>();
  return (view) => {
    const { job, state } = view;
    if (told.has(job.number) || !(isFinal(state) || state.kind === 'held')) return;
    told.add(job.number);
    const value = state.kind === 'ended' ? (state.run.metric?.toFixed(6) ?? '') : '';
    const words = [formatState(view), value, formatReason(view)].filter((word) => word !== '').join(' ');
    process.stderr.write(`job ${job.number}, ${describeJob(view)}: ${words}\n`);
  };
}

function render({ track, isFit, findings, evidence }: MetricVerdict, { metric }: LabConfig): string {
  const on = evidence.device === null ? 'no baseline run gave a number' : `on ${disarmLine(evidence.device.model)}`;
  const lines = findings.flatMap(({ name, state, measured, wanted, advice }) => [
    `${state.padEnd(8)} ${name.padEnd(10)} ${disarmLine(measured)}`,
    ...(state === 'pass' ? [] : [`${indent}wanted: ${disarmLine(wanted)}`]),
    ...(advice === '' ? [] : [`${indent}do: ${advice}`]),
  ]);
  return `${disarmLine(metric.name)} of track ${track}, ${on}

${lines.join('\n')}

${describeEnd(isFit, evidence.first !== null, metric.waiver)}
`;
}

const indent = ' '.repeat(20);

function describeEnd(isFit: boolean, isMeasured: boolean, waiver: string | null): string {
  if (!isMeasured) return 'not judged: the unchanged code gave no number; `lab status` shows why';
  if (isFit) return 'passed: experiments may start';
  if (waiver === null)
    return 'failed: no experiment starts on this track before that is changed, or waived in metric.waiver';
  return `failed, and waived (metric.waiver): ${disarmLine(waiver)}`;
}

function toJson({ track, isFit, findings, evidence }: MetricVerdict, { metric }: LabConfig): Record<string, unknown> {
  const { device, runs, first, again } = evidence;
  return {
    state: first === null ? 'unknown' : isFit ? 'pass' : 'fail',
    track,
    metric: metric.name,
    device: device?.model ?? null,
    findings,
    runs,
    repeats: again,
    waiver: metric.waiver,
  };
}
