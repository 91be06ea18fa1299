/** `lab replay`: runs a recorded job again as it was, and says how far its number is from the recorded one. It changes no record. */
import { randomUUID } from 'node:crypto';
import { attemptFolder, readStoredJob, type StoredJob } from '../../../queue/job-store.ts';
import { findLab, type LabPaths } from '../../config/lab-paths.ts';
import type { JobView } from '../../domain/job.ts';
import type { Run } from '../../domain/run.ts';
import { exitCodes, LabError, messageOf } from '../../errors/lab-error.ts';
import { readProvenance } from '../../lab/provenance-file.ts';
import { compareProvenance } from '../../lab/report-provenance.ts';
import { judgingOf } from '../../stats/against-baseline.ts';
import type { Noise } from '../../stats/noise.ts';
import { type ComparedRun, formatDifference, judgeReplay, type ReplayVerdict } from '../../stats/replay-verdict.ts';
import { viewTrack } from '../../stats/track-view.ts';
import { call } from '../client.ts';
import type { CommandSpec } from '../define.ts';
import { type Ledger, readLedger } from '../ledger.ts';
import { describeJob, formatReason, formatState, isFinal, renderTable } from '../render.ts';
import { findNamedJob, readSecrets } from '../replay-source.ts';

/** Runs a recorded job again. */
export const replay: CommandSpec = {
  name: 'replay',
  summary: 'Run a recorded job again and compare the numbers',
  usage: '<job number | commit of a row>',
  options: [
    { name: 'times', value: 'count', description: 'How often (default: once)' },
    { name: 'no-wait', description: 'Queue the runs and return' },
    { name: 'json', description: 'Print as JSON' },
  ],
  examples: ['lab replay 4', 'lab replay 4c6c93f --times 3'],
  async run(input) {
    const paths = findLab(process.cwd());
    const [word, ...more] = input.words;
    if (word === undefined || more.length > 0)
      throw new LabError('usage', `lab replay takes one job or commit, got ${input.words.length}`, {
        hints: ['`lab results` shows commits and jobs'],
      });
    const times = input.wholeNumber('times', 1) ?? 1;
    const { openConfig } = await import('../open-config.ts');
    const config = openConfig(paths);
    const named = findNamedJob(paths, await readLedger(paths, config), word);
    const original = named.job.replays === null ? named : readStoredJob(paths.runs, named.job.replays);
    const { number } = original.job;
    if (original !== named)
      process.stderr.write(`job ${named.job.number} is a replay of job ${number}: that one runs again\n`);
    const secrets = readSecrets(original.job, process.env);
    const told = await findDeviceChange(paths, original);
    // Said before anything is queued: a run of an hour on another device is for the user to stop.
    if (told !== null) process.stderr.write(`note: ${told}\n`);
    const numbers: number[] = [];
    for (let time = 0; time < times; time++)
      numbers.push((await call(paths, 'replay', { key: randomUUID(), number, secrets })).number);
    process.stderr.write(
      `job ${number} at ${original.job.commit.slice(0, 7)} runs again as job ${numbers.join(', ')}\n`,
    );
    if (input.flag('no-wait')) {
      process.stdout.write(input.flag('json') ? `${JSON.stringify({ jobs: numbers })}\n` : `${numbers.join('\n')}\n`);
      return 0;
    }
    const views = await waitForReplays(paths, numbers);
    // Read after the wait: the baseline may have been measured meanwhile.
    const ledger = await readLedger(paths, config);
    // Asked of the disk again: the daemon may have seen the end of the job after this process looked.
    const { run } = readStoredJob(paths.runs, number);
    if (run === null) throw new LabError('internal', `job ${number} has no outcome`);
    const noise = viewTrack(ledger.runs, run.track, run.device.model, judgingOf(config)).baseline?.noise ?? null;
    const metricName = run.measuredBy?.name ?? config.metric.name;
    const verdict =
      findUnfinished(views) ??
      judgeReplay({
        recorded: run,
        replays: views.flatMap(({ state }): ComparedRun[] => (state.kind === 'ended' ? [state.run] : [])),
        metricName,
        noise,
        confidence: config.decision.confidence,
      });
    for (const note of [...findNotes(original, run, views, ledger), ...compareOrigins(paths, run, views)])
      if (note !== told) process.stderr.write(`note: ${note}\n`);
    process.stdout.write(
      input.flag('json')
        ? `${JSON.stringify(toJson({ original, run, views, noise, metricName, verdict }), null, 2)}\n`
        : renderReplay({ original, run, views, noise, metricName, verdict }),
    );
    return verdict.kind === 'same' || verdict.kind === 'within-luck' ? 0 : exitCodes['job-failed'];
  },
};

interface Outcome {
  original: StoredJob;
  run: Run;
  views: JobView[];
  /** Baseline noise of the recorded run's track and device model; null where there is none. */
  noise: Noise | null;
  metricName: string;
  verdict: ReplayVerdict;
}

/** What to say where no device of the class has the recorded model any more; null where one has, or where nothing was recorded. */
async function findDeviceChange(paths: LabPaths, { job, run }: StoredJob): Promise<string | null> {
  if (run === null) return null;
  const { devices } = await call(paths, 'status', { numbers: [job.number] });
  const models = [...new Set(devices.filter((device) => device.class === job.device).map(({ model }) => model))];
  if (models.length === 0 || models.includes(run.device.model)) return null;
  return describeDeviceChange(run, models.join(', '));
}

const describeDeviceChange = (recorded: Run, model: string): string =>
  `recorded on ${recorded.device.model}, run again on ${model}: the device alone can make a difference; the track is the same, so they are compared`;

async function waitForReplays(paths: LabPaths, numbers: number[]): Promise<JobView[]> {
  for (let seen = 0; ; ) {
    const answer = await call(paths, 'wait', { numbers, seen });
    seen = answer.seen;
    // A held job waits for a human, not for time.
    if (answer.jobs.every(({ state }) => isFinal(state) || state.kind === 'held')) return answer.jobs;
  }
}

/** A replay that did not run to an end leaves nothing to judge. */
function findUnfinished(views: JobView[]): ReplayVerdict | null {
  const view = views.find(({ state }) => state.kind !== 'ended');
  if (view === undefined) return null;
  const text = `not compared: job ${view.job.number} is ${view.state.kind}: ${formatReason(view)}`;
  return { kind: 'not-compared', text, difference: null, noiseWidths: null };
}

function findNotes({ job }: StoredJob, run: Run, views: JobView[], ledger: Ledger): string[] {
  const notes: string[] = [];
  const again = views.flatMap(({ state }) => (state.kind === 'ended' ? [state.run] : []));
  const models = [...new Set(again.map(({ device }) => device.model))].filter((model) => model !== run.device.model);
  if (models.length > 0) notes.push(describeDeviceChange(run, models.join(', ')));
  const flagsOf = ({ flags }: Run) => [...flags].sort().join(', ') || 'none';
  const otherFlags = again.find((other) => flagsOf(other) !== flagsOf(run));
  if (otherFlags) notes.push(`flags were ${flagsOf(run)}, are ${flagsOf(otherFlags)} in job ${otherFlags.job}`);
  // A row of several jobs is their mean, and no job's own number.
  const row = ledger.rows.findLast(({ jobs }) => jobs.length === 1 && jobs[0] === job.number);
  if (row?.metric != null && row.status !== 'crash' && run.metric !== null) {
    const [inRow, inFolder] = [row.metric.toFixed(6), run.metric.toFixed(6)];
    if (inRow !== inFolder)
      notes.push(`results.tsv says ${inRow} for job ${job.number}, its run folder ${inFolder}; the folder counts here`);
  }
  return notes;
}

/** What differs between the recorded run's provenance and the first replay that has another one; none where a side is not known. */
function compareOrigins({ runs }: LabPaths, recorded: Run, views: JobView[]): string[] {
  try {
    const folderOf = ({ job, attempt }: Run) => attemptFolder(runs, job, attempt);
    const then = readProvenance(folderOf(recorded));
    if (then === null) return [];
    for (const { state } of views) {
      const now = state.kind === 'ended' ? readProvenance(folderOf(state.run)) : null;
      const differences = now === null ? [] : compareProvenance(then, now);
      if (differences.length > 0 && state.kind === 'ended')
        return [`job ${state.run.job} ran elsewhere than job ${recorded.job}: ${differences.join('; ')}`];
    }
    return [];
  } catch (error) {
    // The numbers are compared all the same.
    return [`where the runs took place is not compared: ${messageOf(error)}`];
  }
}

function renderReplay({ original, run, views, noise, metricName, verdict }: Outcome): string {
  const { job } = original;
  const about = describeJob({ job });
  const scale =
    noise?.std == null
      ? `noise unknown in track ${run.track} on ${run.device.model}`
      : `one noise width is ${noise.std.toFixed(6)} (${noise.n} baseline runs of track ${run.track} on ${run.device.model})`;
  const rows = [
    [`${job.number} (recorded)`, describeOutcome(run), '', '', ''],
    ...views.map((view) => {
      const name = String(view.job.number);
      if (view.state.kind !== 'ended') return [name, formatState(view), '', '', ''];
      const now = view.state.run;
      if (now.metric === null || run.metric === null) return [name, describeOutcome(now), '', '', ''];
      const change = now.metric - run.metric;
      const widths = noise?.std ? (Math.abs(change) / noise.std).toFixed(1) : '';
      return [name, describeOutcome(now), formatDifference(change), widths, change === 0 ? 'yes' : 'no'];
    }),
  ];
  const table = renderTable(['job', metricName, 'difference', 'widths', 'identical'], rows, new Set([2, 3]));
  return `job ${job.number}: ${about} (commit ${job.commit.slice(0, 7)}, seed ${job.seed ?? 'default'})\n${scale}\n\n${table}\n${verdict.text}\n`;
}

function describeOutcome({ fate, metric }: Run): string {
  if (fate.kind === 'failed') return fate.failure;
  return metric === null ? 'none' : metric.toFixed(6);
}

function toJson({ original, run, views, noise, metricName, verdict }: Outcome): Record<string, unknown> {
  return {
    job: original.job.number,
    commit: original.job.commit,
    metric: metricName,
    track: run.track,
    device: run.device.model,
    recorded: run.metric,
    fate: run.fate,
    noise,
    replays: views.map(({ job, state }) => {
      const now = state.kind === 'ended' ? state.run : null;
      const difference = now?.metric == null || run.metric === null ? null : now.metric - run.metric;
      return {
        job: job.number,
        state: state.kind,
        value: now?.metric ?? null,
        fate: now?.fate ?? null,
        device: now?.device.model ?? null,
        track: now?.track ?? null,
        difference,
        noiseWidths: difference === null || !noise?.std ? null : Math.abs(difference) / noise.std,
        identical: difference === null ? null : difference === 0,
      };
    }),
    verdict,
  };
}
