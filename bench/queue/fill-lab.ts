/**
 * A lab with thousands of jobs: its run folders are written as the daemon leaves them (queue/job-store.ts), one real ended job again and
 * again, because running ten thousand would take the better part of an hour; their entries stand in the journal, too. Nothing is synced.
 * The lab's daemon must not run meanwhile.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createQueueEntry } from '../../queue/job-schema.ts';
import {
  attemptFolder,
  jobFolder,
  listJobNumbers,
  raiseJobNumber,
  readStoredJob,
  type StoredJob,
} from '../../queue/job-store.ts';
import { labPaths } from '../../src/config/lab-paths.ts';
import type { Job } from '../../src/domain/job.ts';
import { insertJournalEntry } from '../../src/lab/journal.ts';
import type { BenchLab } from '../bench-lab.ts';
import { holdSeconds } from './measured-queue.ts';

const journalPath = 'RESEARCH_JOURNAL.md';

/** Adds ended jobs like job `like`, then queued ones that sleep. Throws where the product does not read back what was written. */
export function fillLab(bench: BenchLab, like: number, { ended, queued }: { ended: number; queued: number }): void {
  const paths = labPaths(bench.root);
  const first = (listJobNumbers(paths.runs).at(-1) ?? 0) + 1;
  const template = readStoredJob(paths.runs, like);
  const log = readFileSync(join(attemptFolder(paths.runs, like, 1), 'run.log'));
  const last = first + ended + queued - 1;
  const refs: string[] = [];
  const entries: string[] = [];
  for (let number = first; number <= last; number++) {
    if (number < first + ended) entries.unshift(writeEnded(paths.runs, template, number, log));
    else writeQueued(paths.runs, template, number);
    refs.push(`update refs/nightlab/jobs/${number} ${template.job.commit}\n`);
  }
  raiseJobNumber(paths.runs, last);
  const git = (args: string[], input = '') =>
    execFileSync('git', ['-c', 'core.fsync=none', '-c', 'core.hooksPath=/dev/null', ...args], {
      cwd: bench.root,
      env: bench.env,
      input,
    });
  git(['update-ref', '--stdin'], refs.join(''));
  if (entries.length > 0) {
    // Without them the daemon would take the entries for lost ones and put them back.
    const journal = join(bench.root, journalPath);
    writeFileSync(journal, insertJournalEntry(readFileSync(journal, 'utf8'), entries.join('\n')));
    git(['commit', '--quiet', '--message=bench: fill', '--', journalPath]);
  }
  if (ended > 0) ensureRead(readStoredJob(paths.runs, first).run !== null, 'an ended job');
  if (queued > 0) ensureRead(readStoredJob(paths.runs, last).attempts.length === 0, 'a queued job');
}

/** Gives the journal entry. */
function writeEnded(runs: string, { job, entry, run, recorded }: StoredJob, number: number, log: Buffer): string {
  const attempt = attemptFolder(runs, number, 1);
  mkdirSync(attempt, { recursive: true });
  writeFileSync(join(attempt, 'run.log'), log);
  writeJson(join(attempt, 'run.json'), { ...run, job: number });
  const text = (recorded?.entry ?? '')
    .replace(`job ${job.number}, attempt`, `job ${number}, attempt`)
    .replace(`.lab/runs/${job.number}/1`, `.lab/runs/${number}/1`);
  writeJson(join(jobFolder(runs, number), 'record.json'), { ...recorded, job: number, entry: text });
  writeJson(join(jobFolder(runs, number), 'state.json'), { ...entry, rank: number });
  writeJson(join(jobFolder(runs, number), 'job.json'), { ...job, number, key: `filled-${number}` } satisfies Job);
  return text;
}

function writeQueued(runs: string, { job }: StoredJob, number: number): void {
  const folder = jobFolder(runs, number);
  mkdirSync(folder, { recursive: true });
  const command = `sleep ${holdSeconds}`;
  const queued: Job = { ...job, number, key: `filled-${number}`, command, wallSeconds: holdSeconds };
  writeJson(join(folder, 'state.json'), createQueueEntry(number));
  writeJson(join(folder, 'job.json'), queued);
}

// As writeJsonSynced writes it, less the syncing.
function writeJson(path: string, value: unknown): void {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
}

function ensureRead(isRead: boolean, what: string): void {
  if (!isRead) throw new Error(`${what} that was written is read as something else: queue/fill-lab.ts is out of date`);
}
