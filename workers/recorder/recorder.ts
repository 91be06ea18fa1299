/**
 * The recorder: takes ended jobs one at a time, decides them, and writes their records on main. The decision is stored before the
 * commit, so that a recorder that was killed in between writes the same records again, and only once.
 */
import { join } from 'node:path';
import { Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { isOver, type JobBook } from '../../queue/job-book.ts';
import type { RecordedJob, StoredJob } from '../../queue/job-store.ts';
import type { ReadyEntry } from '../../queue/ready-queue.ts';
import type { LabPaths } from '../../src/config/lab-paths.ts';
import type { LabConfig } from '../../src/config/schema.ts';
import { messageOf } from '../../src/errors/lab-error.ts';
import { readDiffFacts } from '../../src/git/diff-facts.ts';
import { readSubject } from '../../src/git/porcelain.ts';
import { readFreshTest } from '../../src/lab/fresh-tests.ts';
import { reachPoint } from '../../src/lab/named-point.ts';
import { formatResultRow } from '../../src/lab/results-tsv.ts';
import { viewTrack } from '../../src/stats/track-view.ts';
import { appendRecords, restoreRecords } from './append-records.ts';
import { formatBaselineEntry, isSetComplete } from './baseline-entry.ts';
import { formatBridgeEntry } from './bridge-entry.ts';
import { decideJob, judgeJob, listScoredRuns } from './decide-job.ts';
import { decideTest } from './decide-test.ts';
import { readExperimentEntries } from './experiment-entries.ts';
import { ownChange } from './judge-experiment.ts';
import { formatRunEntry } from './run-entry.ts';
import { settleChampion } from './settle-champion.ts';
import { type SettledTest, settleAndTell } from './settle-test.ts';
import { findJobOwingVerdict, progressOf } from './test-runs.ts';
import type { Turns } from './turns.ts';

/** What the recorder works on. */
export interface RecorderContext {
  paths: LabPaths;
  config: LabConfig;
  main: string;
  book: JobBook;
  /** Whoever commits on main takes a turn, so that no two look for the same lock. */
  inTurn: Turns;
  say(line: string, details?: Record<string, unknown>): void;
}

/** Decides a job, once: a decision that was stored before is kept as it is, but where a verdict is still to be said. */
async function storeDecision(context: RecorderContext, number: number): Promise<RecordedJob> {
  const { book, config, paths } = context;
  const booked = book.get(number);
  // A record of an earlier attempt (one that was interrupted) says nothing of this one.
  if (booked.recorded?.attempt === (booked.run?.attempt ?? 0) && !owesVerdict(context, booked)) return booked.recorded;
  const description = await describe(context, number);
  const jobs = book.all();
  const { job, run } = booked;
  const judged = judgeJob({ stored: booked, jobs, config, linesAdded: await countLines(context, booked) });
  const settled =
    judged === null || run === null
      ? null
      : await settleChampion(paths.root, judged, { number, commit: job.commit, run });
  const decided = decideJob(booked, jobs, config, description, settled);
  const metric = run?.measuredBy?.name ?? config.metric.name;
  const judging = {
    direction: (run?.measuredBy ?? config.metric).direction,
    confidence: config.decision.confidence,
  };
  const tested = await decideFresh(context, booked, jobs);
  let entry: string | null = tested?.entry ?? null;
  // A task with free text for a label asked no question that an entry could answer.
  const isAsked = job.label !== null && job.label.hypothesis !== '' && config.queue.place !== 'here';
  if (isAsked && run !== null && job.kind !== 'check' && job.kind !== 'ratchet') {
    const runFolder = join('.lab', 'runs', String(number), String(run.attempt));
    const { sd = null, noise: pooled = null } = judged?.known ?? {};
    const { noise: measured = null } =
      viewTrack(listScoredRuns(jobs), run.track, run.device.model, judging).baseline ?? {};
    const noise = sd === null || pooled === null ? measured : { mean: 0, std: sd, n: pooled.degrees + 1 };
    entry = formatRunEntry({ job, run, decided, config, description, runFolder, noise });
  } else if (job.kind === 'baseline' && isSetComplete(jobs, number)) {
    entry = formatBaselineEntry(jobs, number, config);
  } else if (job.kind === 'bridge' && isSetComplete(jobs, number)) {
    entry = formatBridgeEntry(jobs, number, config);
  }
  const row = decided.row ?? tested?.row ?? null;
  const recorded: RecordedJob = {
    schema: 1,
    job: number,
    attempt: run?.attempt ?? 0,
    decision: decided.decision,
    metric,
    row: row === null ? null : formatResultRow(row, metric),
    entry,
    place: 1 + jobs.reduce((most, other) => Math.max(most, other.recorded?.place ?? 0), 0),
    champion: settled?.champion ?? tested?.champion ?? null,
    ...(tested?.verdict == null ? {} : { verdict: tested.verdict }),
    commit: null,
    isDone: false,
  };
  await book.setRecorded(recorded);
  context.say('decided', {
    job: number,
    status: decided.decision?.status ?? null,
    reason: decided.decision?.reason ?? 'nothing to decide',
    state: paths.state,
  });
  return recorded;
}

/** What a run of a test with fresh seeds records; null for any other job. */
async function decideFresh(
  { paths, config }: RecorderContext,
  booked: StoredJob,
  jobs: StoredJob[],
): Promise<SettledTest | null> {
  const { job, run } = booked;
  const test = job.test === null ? null : readFreshTest(paths.state, job.test.test);
  if (test === null || run === null) return null;
  const decided = decideTest(booked, jobs, test, config);
  const { direction } = run.measuredBy ?? config.metric;
  const runs = listScoredRuns(jobs);
  return await settleAndTell({ root: paths.root, decided, number: job.number, run, runs, direction });
}

/**
 * Whether a decided run has to speak for its test after all, because what was to run after it was taken out of the queue. It left neither row
 * nor entry, so that nothing on main is said twice; its place is a new one, for it is the champion of by now that loses the guilty changes.
 */
function owesVerdict({ paths, book, config }: RecorderContext, { job }: StoredJob): boolean {
  const test = job.test === null ? null : readFreshTest(paths.state, job.test.test);
  if (test === null) return false;
  const jobs = book.all();
  return findJobOwingVerdict(test, jobs, progressOf(test, jobs, config), config) === job.number;
}

/** Lines that an experiment's change adds less those it takes away; null where nobody asks, and where git counts none. */
async function countLines({ paths, config }: RecorderContext, { job }: StoredJob): Promise<number | null> {
  if (job.kind !== 'experiment' || config.decision.tieWidths === 0) return null;
  const { start, commit } = ownChange(job);
  const { files } = await readDiffFacts(paths.root, start, commit);
  return files.reduce((sum, { added, removed }) => sum + (added ?? 0) - (removed ?? 0), 0);
}

/** An experiment is described by the subject of its commit, any other job by its question. */
async function describe({ book, paths }: RecorderContext, number: number): Promise<string> {
  const { job } = book.get(number);
  if (job.kind === 'experiment' && !job.snapshot) {
    const subject = await readSubject(paths.root, job.commit);
    return subject.replace(/^exp\([^)]*\): /, '');
  }
  return job.label?.question ?? job.command;
}

/** Records one ended job; resolves when its records are committed. Throws what keeps them from being written (a full disk, git). */
export async function recordJob(context: RecorderContext, number: number): Promise<'done' | { delayed: string }> {
  const { book, paths, main, config } = context;
  const recorded = await storeDecision(context, number);
  if (recorded.isDone) return 'done';
  reachPoint('decided');
  if (recorded.row === null && recorded.entry === null) {
    await book.setRecorded({ ...recorded, isDone: true });
    return 'done';
  }
  const outcome = await appendRecords(paths.root, main, recorded.metric ?? config.metric.name, recorded);
  reachPoint('committed');
  if (outcome.kind === 'delayed') return { delayed: outcome.reason };
  const commit = outcome.kind === 'committed' ? outcome.commit : recorded.commit;
  if (outcome.kind === 'committed')
    for (const problem of outcome.checkoutProblems)
      context.say('the commit holds, the checkout was left', { job: number, problem });
  await book.setRecorded({ ...recorded, commit, isDone: true });
  context.say('recorded', { job: number, commit });
  return 'done';
}

/** Puts back the rows and entries that main lost (an editor saved an old buffer and it was committed). Returns what delayed it; null where nothing did. */
export async function restoreLostRecords(context: RecorderContext): Promise<string | null> {
  const { book, paths, main, config } = context;
  const records = book
    .all()
    .flatMap(({ recorded }) =>
      recorded?.isDone && recorded.metric === config.metric.name && (recorded.row !== null || recorded.entry !== null)
        ? [recorded]
        : [],
    );
  const experiments = readExperimentEntries(paths);
  if (records.length + experiments.length === 0) return null;
  const outcome = await context.inTurn(() =>
    restoreRecords(paths.root, main, config.metric.name, records, experiments),
  );
  if (outcome.kind === 'committed') context.say('put lost records back', { commit: outcome.commit });
  return outcome.kind === 'delayed' ? outcome.reason : null;
}

/**
 * Starts the recorder on its queue: one job at a time. What delays a record (a merge in progress, a full disk) is shown on the job and
 * tried again every second until it is written; later records wait behind it, in order.
 */
export function createRecorder(
  context: RecorderContext,
  queueName: string,
  connection: Redis,
  onError: (error: Error) => void,
): { close(): Promise<void> } {
  const closing = new AbortController();
  const worker = new Worker<ReadyEntry>(
    queueName,
    async ({ data }) => {
      // What Redis hands over may be old, or not ours at all.
      const known = context.book.find(data.number);
      if (known === null || !isOver(known)) return;
      // A record of an earlier attempt says nothing of one that was made again in place.
      if (known.recorded?.isDone && known.recorded.attempt === known.run?.attempt) return;
      while (!closing.signal.aborted) {
        const problem = await tryRecord(context, data.number);
        if (problem === null) return;
        context.book.setRecordProblem(data.number, problem);
        context.say('record waits', { job: data.number, problem });
        await pause(1000, closing.signal);
      }
    },
    { connection, concurrency: 1, lockDuration: 300_000, stalledInterval: 30_000, maxStalledCount: 1_000_000 },
  );
  worker.on('error', onError);
  worker.on('failed', (job, error) =>
    context.say('a record failed in the recorder itself', { id: job?.id, problem: error.message }),
  );
  return {
    async close() {
      closing.abort();
      await worker.close(true);
    },
  };
}

async function tryRecord(context: RecorderContext, number: number): Promise<string | null> {
  try {
    const outcome = await context.inTurn(() => recordJob(context, number));
    return outcome === 'done' ? null : outcome.delayed;
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? ` (${messageOf(error.cause)})` : '';
    return `${messageOf(error)}${cause}`;
  }
}

/** Waits, or returns early where `signal` fires. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener('abort', finish);
  });
}
