/** Gathers what a report says from the run folders, git and the experiment's state: every figure comes from here, none from an agent. */
import { join } from 'node:path';
import { readStoredJobs, type StoredJob } from '../../queue/job-store.ts';
import { readLogTail } from '../../workers/log-reading/log-tail.ts';
import { listScoredRuns, readRowFlags } from '../../workers/recorder/decide-job.ts';
import type { Experiment, ExperimentOutcome } from '../domain/experiment.ts';
import type { Idea } from '../domain/idea.ts';
import type { ReportFacts } from '../domain/report.ts';
import { readDiffFacts } from '../git/diff-facts.ts';
import { resolveCommit } from '../git/repository.ts';
import { readProvenance } from '../lab/provenance-file.ts';
import { changeInterval } from '../stats/interval.ts';
import { studyTrack } from '../stats/track-history.ts';
import { standingOf } from '../stats/track-view.ts';
import type { PipelineContext } from './context.ts';
import { branchOf, wordOf } from './experiment-steps.ts';

/** Lines of a failed run's log that a report shows. */
const logLines = 15;

/** The facts of an experiment that has an outcome. What was not measured is null, also where its job left no run. */
export async function gatherFacts(
  context: PipelineContext,
  experiment: Experiment,
  outcome: ExperimentOutcome,
  idea: Idea,
): Promise<ReportFacts> {
  const { paths, config, main } = context;
  const { commit } = experiment;
  const { track, champion } = await context.gate.look();
  // An idea that was rejected before it was built has no base yet: this is what it would have started from.
  const base = experiment.base ?? champion?.commit ?? (await resolveCommit(paths.root, main));
  const start = experiment.start ?? base;
  const changed = commit === null ? [] : (await readDiffFacts(paths.root, start, commit)).files;
  const [, question = '', hypothesis = ''] = /^Q: (.*?) H: (.*)$/s.exec(experiment.label) ?? [];
  const jobs = readStoredJobs(paths.runs);
  return {
    slug: experiment.slug,
    title: experiment.title,
    commit,
    base,
    start,
    branch: branchOf(experiment.slug),
    decision: wordOf(outcome),
    reason: outcome.reason,
    expected: experiment.expected,
    question,
    hypothesis,
    refutedBy: experiment.refutedBy,
    choice: experiment.choice,
    files: changed.map(({ path, added, removed }) => ({ path, added, removed })),
    returns: experiment.returns.map(({ stage, reason }) => `${stage}: ${reason.split('\n')[0] ?? ''}`),
    reviewNotes: experiment.reviewNotes,
    implementerNotes: experiment.notes,
    proseProblem: '',
    authors: listAuthors(idea, experiment),
    notice: context.agentFor('implementer').notice,
    metricName: config.metric.name,
    unit: config.metric.unit,
    direction: config.metric.direction,
    ...measuredFacts(context, jobs, experiment, outcome, base, track),
  };
}

type MeasuredFacts = Pick<
  ReportFacts,
  | 'date'
  | 'evidence'
  | 'metric'
  | 'baseMetric'
  | 'baseRuns'
  | 'observed'
  | 'interval'
  | 'noise'
  | 'noiseWidths'
  | 'n'
  | 'memoryGb'
  | 'minutes'
  | 'jobs'
  | 'track'
  | 'device'
  | 'flags'
  | 'metrics'
  | 'runFolder'
  | 'command'
  | 'seed'
  | 'logTail'
  | 'provenance'
>;

function measuredFacts(
  context: PipelineContext,
  jobs: StoredJob[],
  experiment: Experiment,
  outcome: ExperimentOutcome,
  base: string,
  mainTrack: string,
): MeasuredFacts {
  const { paths, config } = context;
  const ofCommit = (number: number) =>
    jobs.find(({ job }) => job.number === number && job.commit === experiment.commit);
  // A smoke run of an earlier round says nothing of this commit.
  const stored =
    outcome.kind === 'decided'
      ? (jobs.find(({ job }) => job.number === outcome.job) ?? null)
      : (experiment.smokeJobs.flatMap((number) => ofCommit(number) ?? []).at(-1) ?? null);
  const run = stored?.run ?? null;
  const runs = listScoredRuns(jobs);
  // Where nothing ran, what the base scored on any device says at least what was to be beaten.
  const [track, model] = [run?.track ?? mainTrack, run?.device.model ?? null];
  const own = runs.filter((one) => one.track === track && (model === null || one.deviceModel === model));
  const standing = standingOf(own, base);
  const pooled = model === null ? null : studyTrack(own, config.metric.direction).noise;
  const noise = pooled?.sd == null ? null : { std: pooled.sd, n: pooled.degrees + 1 };
  // A smoke run measures nothing, whatever its log says.
  const metric = outcome.kind === 'decided' && run?.fate.kind === 'done' ? run.metric : null;
  const decision = outcome.kind === 'decided' ? (stored?.recorded?.decision ?? null) : null;
  // What the recorder compared with, and not what this base would be now: the track may have moved in between.
  const observed = metric === null ? null : (decision?.observed ?? null);
  const compared = metric === null || observed === null ? (standing?.value ?? null) : metric - observed;
  const baseRuns = standing?.runs ?? (observed === null ? 0 : 1);
  const runFolder =
    stored === null || run === null ? null : join('.lab', 'runs', String(stored.job.number), String(run.attempt));
  const failed = run?.fate.kind === 'failed';
  const { [config.metric.name]: _primary, ...metrics } = run?.metrics ?? {};
  return {
    // A refused or failed experiment ended when its state says so, not when its last run did.
    date: (outcome.kind === 'decided' && run !== null ? run.endedAt : (experiment.history.at(-1)?.at ?? '')).slice(
      0,
      10,
    ),
    evidence: decision?.evidence ?? '',
    metric,
    baseMetric: compared,
    baseRuns,
    observed,
    interval:
      observed === null || noise === null
        ? null
        : changeInterval({
            observed,
            std: noise.std,
            noiseRuns: noise.n,
            newRuns: 1,
            baseRuns,
            confidence: config.decision.confidence,
          }),
    noise,
    noiseWidths: decision?.noiseWidths ?? null,
    n: metric === null ? 0 : 1,
    memoryGb: run?.peakMemoryMib == null ? null : run.peakMemoryMib / 1024,
    minutes: run?.trainSeconds == null ? null : run.trainSeconds / 60,
    jobs: [...experiment.smokeJobs, ...(experiment.job === null ? [] : [experiment.job])],
    track: run?.track ?? '',
    device: run?.device.model ?? '',
    flags: stored === null ? [] : readRowFlags(stored),
    metrics: outcome.kind === 'decided' ? metrics : {},
    runFolder,
    command: stored?.job.command ?? null,
    seed: stored?.job.seed ?? null,
    provenance: runFolder === null ? null : readProvenance(join(paths.root, runFolder)),
    logTail: failed && runFolder !== null ? readLogTail(join(paths.root, runFolder), logLines) : '',
  };
}

/** Who did what, each once, in the order in which they came. */
function listAuthors(idea: Idea, experiment: Experiment): string[] {
  const names = experiment.agents.map(({ role, agent }) => `${role}: ${agent}`);
  return [...new Set([`idea: ${idea.author || 'unknown'}`, ...names])];
}
