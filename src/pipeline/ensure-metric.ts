/**
 * The metric check in front of a track's first experiment: measures what it lacks (the baseline's seeds, one of them run again), judges, and
 * refuses where it did not pass and no human waived it. Nothing is stored: asked again, it reads the same runs and is done at once.
 */
import { probeDevices } from '../../workers/device-probe.ts';
import type { LabConfig } from '../config/schema.ts';
import type { JobView } from '../domain/job.ts';
import { LabError } from '../errors/lab-error.ts';
import { checkMetric, isMetricFit } from '../stats/metric-check.ts';
import type { MetricFinding } from '../stats/metric-finding.ts';
import { ensureChampion, queueBaseline } from './baseline.ts';
import type { PipelineContext } from './context.ts';
import type { LabGate } from './lab-gate.ts';
import { gatherMetricRuns, type MetricEvidence, type MetricJob, metricWishesOf } from './metric-runs.ts';

/** What of a pipeline the check needs. */
export type MetricContext = Pick<PipelineContext, 'gate' | 'config' | 'signal' | 'tell' | 'onJob'>;

/** The metric of the present track, judged. */
export interface MetricVerdict {
  track: string;
  isFit: boolean;
  findings: MetricFinding[];
  evidence: MetricEvidence;
  /** Seeds of run.seeds that have no number yet. */
  missingSeeds: number[];
}

/** What a result carries that was measured although the check had not passed. */
export const waivedFlag = 'metric-waived';

/** Repeats that a command has queued, by the number of the job that runs again: one that fails is not tried for ever. */
const queuedBy = new WeakMap<LabGate, Set<number>>();
/** Tracks whose verdict a command has told. */
const toldBy = new WeakMap<LabGate, Set<string>>();

/** Judges by the jobs given; measures nothing. `track` is the present one. */
export async function judgeMetric(
  jobs: readonly MetricJob[],
  track: string,
  config: LabConfig,
): Promise<MetricVerdict> {
  return await judgeEvidence(gatherMetricRuns(jobs, track), track, config);
}

async function judgeEvidence(evidence: MetricEvidence, track: string, config: LabConfig): Promise<MetricVerdict> {
  const deviceMemoryMib = evidence.device === null ? null : await readDeviceMemory(evidence.device);
  const findings = checkMetric({ ...evidence.runs, deviceMemoryMib }, metricWishesOf(config));
  return { track, isFit: isMetricFit(findings), findings, evidence, missingSeeds: listMissingSeeds(evidence, config) };
}

function listMissingSeeds({ runs }: MetricEvidence, { run }: LabConfig): number[] {
  const known = new Set(runs.seeds.map(({ seed }) => seed));
  return run.seeds.filter((seed) => !known.has(seed));
}

/** What there is to judge by right now. */
async function gatherNow({ gate }: Pick<MetricContext, 'gate'>): Promise<{ evidence: MetricEvidence; track: string }> {
  const { jobs, track } = await gate.look();
  return { evidence: gatherMetricRuns(jobs.map(metricJobOf), track), track };
}

/** Queues what the check lacks and can be queued now; gives the numbers of the jobs that are on their way. */
export async function queueMetricRuns(context: MetricContext): Promise<number[]> {
  const { gate, tell } = context;
  const baseline = await queueBaseline(context);
  const { first, again, pending, runs } = (await gatherNow(context)).evidence;
  const queued = queuedBy.get(gate) ?? new Set<number>();
  queuedBy.set(gate, queued);
  const numbers = [...(await findOpen(gate, baseline)), ...pending];
  if (first === null || runs.repeats.length > 0 || pending.length > 0 || queued.has(first)) return numbers;
  queued.add(first);
  tell(`metric check: job ${first} runs once more, to see whether its seed repeats`);
  // Named by what was tried before: asked again after a kill it is the same job, and one that failed gets another.
  const { number } = await gate.replayJob(`metric:${first}:${again.length}`, first);
  return [...numbers, number];
}

async function findOpen(gate: LabGate, numbers: readonly number[]): Promise<number[]> {
  const { jobs } = await gate.look();
  return jobs
    .filter(({ job, state }) => numbers.includes(job.number) && state.kind !== 'ended' && state.kind !== 'removed')
    .map(({ job }) => job.number);
}

/** Measures what is lacking, waits for it and judges. What failed on the way is a finding that stays unknown. */
export async function measureMetric(context: MetricContext): Promise<MetricVerdict> {
  const { gate, signal } = context;
  const waited = new Set<number>();
  for (;;) {
    // Twice where the baseline was measured only now: no seed can run again before it ran.
    const numbers = (await queueMetricRuns(context)).filter((number) => !waited.has(number));
    for (const number of numbers) {
      waited.add(number);
      await gate.waitForJob(number, signal, (view) => context.onJob(view));
    }
    if (numbers.length > 0) continue;
    const { evidence, track } = await gatherNow(context);
    return await judgeEvidence(evidence, track, context.config);
  }
}

/**
 * Lets the first experiment of a track go only where its metric is fit, and tells the result once for each command. Gives the flags that an
 * experiment's run carries for it: none, or `metric-waived`. Throws LabError (user) with the failed findings and what to change.
 */
export async function ensureMetric(context: PipelineContext): Promise<string[]> {
  await ensureChampion(context);
  const { gate, config } = context;
  const { waiver } = config.metric;
  const { evidence, track } = await gatherNow(context);
  // It comes before the first experiment: later the numbers to compare with are there, whatever they are worth.
  if (waiver === null && evidence.hasExperiment) return [];
  const isComplete = evidence.runs.repeats.length > 0 && listMissingSeeds(evidence, config).length === 0;
  if (waiver !== null) {
    if (isComplete && (await judgeEvidence(evidence, track, config)).isFit) return [];
    tellOnce(context, track, [`metric check: waived (metric.waiver): ${waiver}`]);
    return [waivedFlag];
  }
  const verdict = isComplete ? await judgeEvidence(evidence, track, config) : await measureMetric(context);
  const failed = verdict.findings.filter(({ state }) => state === 'fail');
  if (failed.length === 0) {
    tellOnce(context, verdict.track, describeVerdict(verdict));
    return [];
  }
  toldBy.get(gate)?.delete(verdict.track);
  const reasons = failed.map(({ name, measured, wanted }) => `${name}: ${measured}, expected ${wanted}`);
  throw new LabError(
    'user',
    `the metric check of track ${verdict.track} failed, so its first experiment does not start: ${reasons.join('; ')}`,
    {
      hints: [
        ...failed.map(({ name, advice }) => `${name}: ${advice}`),
        '`lab metric check` shows every finding; the keys under metric: in lab.yaml say what is wanted',
        'metric.waiver in lab.yaml, a sentence of yours that says why, lets experiments run all the same, flagged metric-waived',
      ],
    },
  );
}

function tellOnce({ gate, tell }: PipelineContext, track: string, lines: readonly string[]): void {
  const told = toldBy.get(gate) ?? new Set<string>();
  toldBy.set(gate, told);
  if (told.has(track)) return;
  told.add(track);
  for (const line of lines) tell(line);
}

/** One line, and one more for each finding that a person should read. */
export function describeVerdict({ isFit, findings }: Pick<MetricVerdict, 'isFit' | 'findings'>): string[] {
  const told = findings.filter(({ state }) => state === 'warn' || state === 'fail');
  const open = findings.filter(({ state }) => state === 'unknown').map(({ name }) => name);
  return [
    `metric check: ${isFit ? 'passed' : 'failed'}${open.length === 0 ? '' : ` (cannot be told: ${open.join(', ')})`}`,
    ...told.map(({ name, state, measured, advice }) => `  ${name} (${state}): ${measured}; ${advice}`),
  ];
}

/** A job as the daemon shows it, as the check needs it. */
function metricJobOf({ job, state }: JobView): MetricJob {
  return { job, run: state.kind === 'ended' ? state.run : null, isRemoved: state.kind === 'removed' };
}

/** Memory by device and model, asked for once: a card that fell off its bus takes long to answer. */
const memoryOf = new Map<string, Promise<number | null>>();

/** Memory of the device that the runs had, MiB; null where it is gone or does not tell. */
function readDeviceMemory(device: NonNullable<MetricEvidence['device']>): Promise<number | null> {
  const key = `${device.id} ${device.model}`;
  const known = memoryOf.get(key) ?? askDeviceMemory(device);
  memoryOf.set(key, known);
  return known;
}

async function askDeviceMemory({ id, class: kind, model }: NonNullable<MetricEvidence['device']>) {
  const { devices } = await probeDevices();
  const same = devices.filter((device) => device.class === kind && device.model === model);
  return (same.find((device) => device.id === id) ?? same[0])?.memoryTotalMib ?? null;
}
