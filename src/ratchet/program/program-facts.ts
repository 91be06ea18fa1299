/** Reads what program.md's own parts are made from: baseline, budget, and what all sessions tried. No daemon, nothing is written. */
import type { LabPaths } from '../../config/lab-paths.ts';
import type { LabConfig } from '../../config/schema.ts';
import { computeTrack } from '../../rules/tracks.ts';
import { softLimitMib } from '../../stats/memory-limit.ts';
import { summarise } from '../../stats/noise.ts';
import { createBudget } from '../budget.ts';
import { isDecided, lastTry, metricOf, readIterations } from '../iteration.ts';
import { readSessions } from '../session.ts';
import { readRatchetRows } from '../session-rows.ts';
import { type BaselineRun, readBaselineRuns } from '../setup-mode/baseline-numbers.ts';
import type { BaselineFacts, ProgramFacts } from './section-texts.ts';
import type { TriedRow, TriedSession } from './tried-lines.ts';

/** What all sessions tried, the oldest session first. Throws LabError where a session's files are broken. */
export function readTriedSessions(paths: LabPaths): TriedSession[] {
  return readSessions(paths).map(({ tag, beganAt, metric, table }) => {
    const rows = readIterationRows(paths, tag);
    // A session whose own record is gone still has its table.
    return { tag, beganAt, metric, rows: rows.length > 0 ? rows : readRatchetRows(table) };
  });
}

function readIterationRows(paths: LabPaths, tag: string): TriedRow[] {
  return readIterations(paths, tag)
    .filter(isDecided)
    .map((iteration) => {
      const outcome = lastTry(iteration)?.outcome ?? null;
      const { status } = iteration.decision;
      const memoryMib = outcome?.memoryMib ?? null;
      const isCrash = status === 'crash';
      return {
        commit: (lastTry(iteration)?.commit ?? iteration.base).slice(0, 7),
        metric: isCrash ? null : metricOf(iteration),
        memoryGb: isCrash || memoryMib === null ? null : memoryMib / 1024,
        status,
        description: iteration.description,
        category: iteration.category,
      };
    });
}

/** Several seeds as one: their mean and the spread of one run. Null for none. */
export function summariseBaseline(runs: readonly BaselineRun[]): BaselineFacts | null {
  const [first] = runs;
  const noise = summarise(runs.map(({ metric }) => metric));
  if (first === undefined || noise === null) return null;
  const jobs = runs.map(({ job }) => job).join(', ');
  return {
    metric: noise.mean,
    sd: noise.std,
    runs: noise.n,
    memoryMib: Math.max(...runs.map(({ memoryMib }) => memoryMib)),
    commit: first.commit,
    device: first.device,
    source: first.session === null ? `${runs.length === 1 ? 'job' : 'jobs'} ${jobs}` : `session ${first.session}`,
  };
}

/** All facts; null before a baseline printed both numbers. Throws LabError where a session's files are broken or main has none of its files. */
export async function readProgramFacts(paths: LabPaths, config: LabConfig, main: string): Promise<ProgramFacts | null> {
  const baseline = summariseBaseline(readBaselineRuns(paths, await computeTrack(paths, config, main)));
  if (baseline === null) return null;
  const edits = readSessions(paths).at(-1)?.edits ?? ['train.py'];
  const budget = await createBudget(paths.root, main, config, edits);
  const factor = config.decision.memoryFactor;
  return {
    metric: { name: config.metric.name, direction: config.metric.direction },
    baseline,
    trainingSeconds: budget.trainingSeconds,
    wallSeconds: budget.wallSeconds,
    constants: budget.constants,
    memoryCeilingMib: factor === null || baseline.memoryMib === null ? null : softLimitMib(baseline.memoryMib, factor),
    frozen: Object.keys(budget.frozen),
    edits,
    sessions: readTriedSessions(paths),
  };
}
