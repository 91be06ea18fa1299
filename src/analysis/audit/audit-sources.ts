/** Everything an audit goes by, read once: job folders with their logs read again, main's files and its history. Reads only. */
import { join } from 'node:path';
import { attemptFolder } from '../../../queue/job-store.ts';
import type { LabPaths } from '../../config/lab-paths.ts';
import type { LabConfig } from '../../config/schema.ts';
import type { Run } from '../../domain/run.ts';
import { labIdentity } from '../../git/run-git.ts';
import { rulesOf } from '../../rules/taxonomy.ts';
import { type AuditedJob, readAuditedJobs, readHighestNumber } from './audited-job.ts';
import { type MainFile, readMainFiles } from './main-files.ts';
import { jobsOfRecorder, type MainCommit, readMainHistory } from './main-history.ts';
import { type Reread, rereadRun } from './reread-run.ts';

/** The lab that is looked at. */
export interface AuditedLab {
  paths: LabPaths;
  config: LabConfig;
  /** Name of the main branch. */
  main: string;
}

/** What was read of it. */
export interface AuditSources extends AuditedLab {
  jobs: ReadonlyMap<number, AuditedJob>;
  /** The highest number that was ever given out. */
  highest: number;
  /** By job; only jobs whose counting attempt has a run.json. */
  rereads: ReadonlyMap<number, Reread>;
  /** Append-only files, ideas and reports of main's last commit. */
  files: readonly MainFile[];
  /** The oldest commit first. */
  history: readonly MainCommit[];
  /** Jobs that some commit of the recorder on main speaks of. */
  recordedOnMain: ReadonlySet<number>;
}

/** Logs that are read at once. */
const atOnce = 16;

/** The ledger or one of an earlier metric. */
export function isTable(path: string): boolean {
  return /^results(?:\..+)?\.tsv$/.test(path);
}

/** The track that a job ran under as its own files tell it. */
export function trackOfJob({ job, entry }: AuditedJob): string {
  return entry?.track ?? job?.track ?? '';
}

/** What is known of a job's outcome for the ledger: run.json with the figures that its logs give, where they are there; null without run.json. */
export function findRun(sources: AuditSources, number: number): Run | null {
  const run = sources.jobs.get(number)?.run ?? null;
  const reread = sources.rereads.get(number);
  if (run === null || reread?.kind !== 'read') return run;
  const { metric, trainSeconds, peakMemoryMib } = reread.run;
  return { ...run, metric, trainSeconds, peakMemoryMib };
}

async function readLogsAgain(paths: LabPaths, jobs: readonly AuditedJob[]): Promise<Map<number, Reread>> {
  const rereads = new Map<number, Reread>();
  for (let at = 0; at < jobs.length; at += atOnce) {
    await Promise.all(
      jobs.slice(at, at + atOnce).map(async (one) => {
        const { number, job, run, attempt } = one;
        if (job === null || run === null || attempt === null) return;
        const folder = join(attemptFolder(paths.runs, number, attempt));
        rereads.set(number, await rereadRun(folder, job, run, trackOfJob(one)));
      }),
    );
  }
  return rereads;
}

/** Reads it all. Throws LabError where git cannot read main; broken files in job folders are findings of the checks. */
export async function readAuditSources(lab: AuditedLab): Promise<AuditSources> {
  const { paths, config, main } = lab;
  const jobs = readAuditedJobs(paths);
  const wants = (path: string) =>
    /^(?:9_reports|1_ideas)\//.test(path) ||
    path === 'meta_journal.md' ||
    rulesOf(path, config.rules).includes('APPEND-ONLY');
  const history = await readMainHistory(paths.root, main);
  return {
    ...lab,
    jobs: new Map(jobs.map((job) => [job.number, job])),
    highest: readHighestNumber(paths, jobs),
    rereads: await readLogsAgain(paths, jobs),
    files: await readMainFiles(paths.root, main, wants),
    history,
    recordedOnMain: new Set(history.flatMap((commit) => jobsOfRecorder(commit, labIdentity.name))),
  };
}
