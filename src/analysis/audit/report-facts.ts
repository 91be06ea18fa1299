/**
 * The facts of a report, rebuilt: what was kept when it was written, with every figure taken anew from the run folder. What cannot be
 * had again (the noise as it was then) stays as it was kept.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readRowFlags } from '../../../workers/recorder/decide-job.ts';
import type { ReportFacts } from '../../domain/report.ts';
import { readJson } from '../../lab/atomic-write.ts';
import { experimentFolder } from '../../lab/experiments.ts';
import { readKeptSummary } from '../../pipeline/kept-summary.ts';
import { type AuditSources, findRun } from './audit-sources.ts';

/** What a report has to say. */
export interface RebuiltFacts {
  facts: ReportFacts;
  /** What is gone, so that its figures are only those that were kept; null where nothing is. */
  gone: string | null;
}

// Of a state only what names the jobs: the rest of a broken one does no harm here.
const stateSchema = z.object({
  attempt: z.number(),
  commit: z.string().nullable(),
  job: z.number().nullable(),
  smokeJobs: z.array(z.number()),
  outcome: z.object({ kind: z.enum(['decided', 'refused', 'failed']) }),
});

function readState(sources: AuditSources, slug: string, attempt: number): z.infer<typeof stateSchema> | null {
  const folder = experimentFolder(sources.paths, slug);
  for (const name of [`attempt-${attempt}.json`, 'experiment.json']) {
    const file = join(folder, name);
    const state = existsSync(file) ? stateSchema.safeParse(readJson(file)) : null;
    if (state?.success === true && state.data.attempt === attempt) return state.data;
  }
  return null;
}

/** Rebuilds them. Throws LabError (user) where this machine keeps nothing of the experiment. */
export function rebuildFacts(sources: AuditSources, slug: string, attempt: number): RebuiltFacts {
  const { facts } = readKeptSummary(sources.paths, slug, attempt);
  const state = readState(sources, slug, attempt);
  if (state === null) return { facts, gone: `the state of attempt ${attempt} of ${slug}` };
  const isDecided = state.outcome.kind === 'decided';
  const number = isDecided
    ? state.job
    : (state.smokeJobs.filter((smoke) => sources.jobs.get(smoke)?.job?.commit === state.commit).at(-1) ?? null);
  const run = number === null ? null : findRun(sources, number);
  const jobs = [...state.smokeJobs, ...(state.job === null ? [] : [state.job])];
  if (number === null) return { facts: { ...facts, jobs }, gone: null };
  if (run === null) return { facts: { ...facts, jobs }, gone: `the outcome of job ${number}` };
  const decision = isDecided ? (sources.jobs.get(number)?.recorded?.decision ?? null) : null;
  const metric = isDecided && run.fate.kind === 'done' ? run.metric : null;
  const observed = metric === null ? null : (decision?.observed ?? null);
  const { [facts.metricName]: _primary, ...metrics } = run.metrics;
  return {
    gone: isDecided && decision === null ? `the decision of job ${number}` : null,
    facts: {
      ...facts,
      ...(decision === null ? {} : { decision: decision.status, reason: decision.reason, evidence: decision.evidence }),
      metric,
      observed,
      baseMetric: metric !== null && observed !== null ? metric - observed : facts.baseMetric,
      noiseWidths: decision?.noiseWidths ?? null,
      n: metric === null ? 0 : 1,
      memoryGb: run.peakMemoryMib === null ? null : run.peakMemoryMib / 1024,
      minutes: run.trainSeconds === null ? null : run.trainSeconds / 60,
      jobs,
      track: run.track,
      device: run.device.model,
      flags: readRowFlags({ run, recorded: sources.jobs.get(number)?.recorded ?? null }),
      metrics: isDecided ? metrics : {},
    },
  };
}
