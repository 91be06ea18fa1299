/** `lab add`: queues one labelled command, a grid of it or the jobs of a file, bound to a snapshot of the checkout it is given in. */
import { randomUUID } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { relative } from 'node:path';
import { findCheckoutRoot } from '../../config/repository-root.ts';
import { type AddedJob, type AddRequest, requestDefaults } from '../../daemon/routes.ts';
import { formatLocalTime } from '../../domain/time.ts';
import { LabError } from '../../errors/lab-error.ts';
import {
  buildCommandRequests,
  buildFileRequests,
  ensureLabels,
  type RequestBase,
  type Submission,
} from '../add/build-requests.ts';
import { renderCardHint } from '../add/card-hint.ts';
import { jobOptions, parseJobOptions } from '../add/job-options.ts';
import { type JobLine, parseJobsFile, readJobsFile } from '../add/jobs-file.ts';
import { readLabFacts } from '../add/lab-facts.ts';
import { tellLeft } from '../add/left-names.ts';
import { captureEnvironment } from '../capture-environment.ts';
import { call } from '../client.ts';
import { type CommandInput, type CommandSpec, ensureNoWords } from '../define.ts';
import { openQueueLab } from '../own-lab/open-queue-lab.ts';
import { showPath } from '../shown-path.ts';
import { waitForJobs } from '../wait-for-jobs.ts';

/** Queues a command. */
export const add: CommandSpec = {
  name: 'add',
  summary: 'Queue a labelled command',
  usage: '--label "Q: … H: …" [options] -- <command…>',
  options: [
    { name: 'label', short: 'l', value: 'text', description: 'The question and the expected answer: "Q: … H: …"' },
    {
      name: 'device',
      value: 'name',
      description: 'cpu, gpu, auto or one device such as gpu1 (default: run.device of lab.yaml)',
    },
    { name: 'seed', value: 'number', description: 'LAB_SEED of the run' },
    { name: 'wall-seconds', value: 'number', description: 'Wall limit of the command (default: run.wallSeconds)' },
    { name: 'base', value: 'rev', description: 'Commit to compare with (default: the champion)' },
    { name: 'here', description: 'Run in this folder instead of a snapshot; the row is flagged' },
    { name: 'no-score', description: 'A task: nothing to score, no row' },
    ...jobOptions,
    {
      name: 'grid',
      value: 'name=a,b',
      isRepeatable: true,
      description: 'A job per combination; {name} is replaced, seed sets LAB_SEED ("seed=0..4")',
    },
    { name: 'from', value: 'file', description: 'Jobs from a file, one JSON object per line; "-" is standard input' },
    { name: 'key', value: 'text', description: 'Names the submission: given again, it is the same jobs' },
    { name: 'wait', short: 'w', description: 'Wait for the jobs; the exit code is their fate' },
    { name: 'print-number', short: 'p', description: 'Print the numbers alone' },
    { name: 'json', description: 'Print as JSON' },
  ],
  examples: [
    'lab add --label "Q: does order 5 help? H: saves 0.2 bpb" -- python3 problem/train.py',
    'lab add -p --label "Q: is it stable? H: no change" --seed 7 "python3 problem/train.py | cat"',
    'lab add --label "Q: lr {lr}? H: no change" --grid lr=1e-3,3e-4 --grid seed=0..4 -- python3 train.py --lr {lr}',
    'lab add --from jobs.jsonl --key sweep-1',
  ],
  async run(input) {
    const paths = await openQueueLab(process.cwd());
    const facts = await readLabFacts(paths);
    const folder = realpathSync(process.cwd());
    const isInPlace = facts.place === 'here';
    const checkout = isInPlace ? '/' : (findCheckoutRoot(folder) ?? paths.root);
    const base = input.text('base');
    const now = new Date();
    const captured = captureEnvironment(process.env, facts.pass, facts.secret);
    const shared: RequestBase = {
      ...requestDefaults,
      kind: isInPlace || input.flag('no-score') ? 'task' : 'plain',
      label: input.text('label'),
      checkout,
      directory: relative(checkout, folder),
      here: isInPlace || input.flag('here'),
      seed: input.wholeNumber('seed', 0),
      env: captured.env,
      secrets: captured.secrets,
      wallSeconds: input.wholeNumber('wall-seconds', 1),
      base: base === null ? null : await resolveBase(paths.root, base),
      ...parseJobOptions(input, facts, now),
    };
    const submission = parseKey(input.text('key'));
    const from = input.text('from');
    const requests =
      from === null
        ? buildCommandRequests(input, shared, submission)
        : buildFileRequests(await readLines(input, from, now), shared, submission, {
            secret: facts.secret,
            defaults: facts,
            now,
          });
    // Asked here already, so that a typing mistake does not start a daemon first; the daemon asks again.
    ensureLabels(requests, facts.direction, facts.labels);
    const isBatch = from !== null || input.texts('grid').length > 0;
    const [only] = requests;
    const jobs =
      isBatch || only === undefined
        ? (await call(paths, 'addMany', { requests })).jobs
        : [await call(paths, 'add', only)];
    tellLeft(
      paths,
      captured.left,
      requests.map(({ command }) => command ?? ''),
    );
    const hint = renderCardHint(process.env, requests);
    if (hint !== null) process.stderr.write(`${hint}\n`);
    tellNotes(jobs);
    if (input.flag('json')) process.stdout.write(`${JSON.stringify(isBatch ? { jobs } : jobs[0])}\n`);
    else if (input.flag('print-number')) for (const { number } of jobs) process.stdout.write(`${number}\n`);
    else process.stdout.write(`${describeJobs(jobs)}\n`);
    if (!input.flag('json') && !input.flag('print-number')) tellMoments(requests);
    return input.flag('wait')
      ? await waitForJobs(
          paths,
          jobs.map(({ number }) => number),
          { isJson: false },
        )
      : 0;
  },
};

async function resolveBase(root: string, rev: string): Promise<string> {
  // Loaded here: few jobs name a base, and whatever starts git takes long to load.
  const { resolveCommit } = await import('../../git/repository.ts');
  return await resolveCommit(root, rev);
}

function parseKey(text: string | null): Submission {
  if (text === null) return { key: randomUUID(), isChosen: false };
  // Room for the place or the point of a batch.
  if (text.trim() !== '' && text.length <= 190) return { key: text, isChosen: true };
  throw new LabError('usage', `--key got "${text}", expected text of at most 190 characters`);
}

async function readLines(input: CommandInput, from: string, now: Date): Promise<JobLine[]> {
  if (input.texts('grid').length > 0)
    throw new LabError('usage', '--from and --grid both say which jobs there are, expected one of them');
  ensureNoWords('add --from', { words: [...input.words, ...(input.rest ?? [])] });
  return parseJobsFile(await readJobsFile(from), from, now);
}

/** Tells on stderr when jobs that were queued for later begin. */
function tellMoments(requests: readonly AddRequest[]): void {
  const open = requests.filter(({ forced, stashed }) => !forced && !stashed);
  for (const moment of new Set(open.flatMap(({ notBefore }) => notBefore ?? [])))
    process.stderr.write(`begins not before ${formatLocalTime(new Date(moment))}\n`);
}

/** How the daemon begins its note about a job's run folder. */
const runFolderNote = 'run folder ';

/** Tells on stderr what a person should know of the jobs; what many of them share is told once. */
function tellNotes(jobs: AddedJob[]): void {
  const snapshots = new Map(jobs.filter(({ snapshot }) => snapshot).map((job) => [job.commit, job]));
  for (const { commit, untracked } of snapshots.values())
    process.stderr.write(
      `the tree has uncommitted changes: snapshot ${commit.slice(0, 7)}${untracked.length > 0 ? ` with ${untracked.length} untracked files` : ''}\n`,
    );
  const counts = new Map<string, number>();
  for (const note of jobs.flatMap(({ notes }) => notes)) counts.set(note, (counts.get(note) ?? 0) + 1);
  for (const [note, count] of counts) {
    // A run folder is each job's own.
    if (jobs.length > 1 && note.startsWith(runFolderNote)) continue;
    if (note.startsWith(runFolderNote)) {
      process.stderr.write(`${runFolderNote}${showPath(note.slice(runFolderNote.length))}\n`);
      continue;
    }
    process.stderr.write(jobs.length > 1 ? `${note} (${count} of ${jobs.length} jobs)\n` : `${note}\n`);
  }
}

/** One line about what was queued. */
function describeJobs(jobs: AddedJob[]): string {
  const commits = [...new Set(jobs.map(({ commit }) => commit.slice(0, 7)))].join(', ');
  const numbers = jobs.map(({ number }) => number).sort((a, b) => a - b);
  const [first = 0] = numbers;
  if (numbers.length === 1) return `job ${first} queued at ${commits}; \`lab follow ${first}\` shows its log`;
  const last = numbers.at(-1) ?? first;
  const isWithoutGap = last - first === numbers.length - 1;
  return `jobs ${isWithoutGap ? `${first}-${last}` : numbers.join(' ')} queued at ${commits}; \`lab status\` shows them`;
}
