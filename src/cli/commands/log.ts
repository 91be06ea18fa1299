/** `lab log`: the logs of jobs, step by step, straight from their run folders, whatever their size; needs no daemon. */
import { once } from 'node:events';
import { closeSync, existsSync, fstatSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import type { LabPaths } from '../../config/lab-paths.ts';
import { findQueueLab } from '../../config/own-lab.ts';
import { LabError, messageOf } from '../../errors/lab-error.ts';
import type { CommandSpec } from '../define.ts';
import { parseSelection, selectionUsage } from '../queue/selection.ts';
import { findLastLines, readRange } from '../status/log-range.ts';

const steps = ['prepare', 'run', 'score'] as const;

/** Lines of each log where several jobs are shown and nobody said how many. */
const linesOfSeveral = 15;

/** Shows logs. */
export const log: CommandSpec = {
  name: 'log',
  summary: 'Show the logs of jobs',
  usage: selectionUsage,
  options: [
    { name: 'lines', short: 'n', value: 'count', description: 'Only the last lines of each log' },
    { name: 'last', short: 'l', value: 'count', description: 'The same as --lines' },
    { name: 'group', short: 'g', value: 'name', description: 'Every job of this group that has begun' },
    { name: 'all', short: 'a', description: 'Every job that has begun; what `lab clean` put away is left out' },
    { name: 'full', short: 'f', description: `Whole logs of several jobs too, not their last ${linesOfSeveral} lines` },
    { name: 'step', value: 'name', description: 'Only prepare, run or score' },
    { name: 'attempt', value: 'number', description: 'Another attempt than the last' },
    { name: 'json', description: 'Print as JSON' },
  ],
  examples: ['lab log 3', 'lab log 3 -n 20 --step score', 'lab log 3-6', 'lab log --all -n 5'],
  async run(input) {
    const paths = findQueueLab(process.cwd());
    const select = parseSelection('log', input);
    const numbers = select.numbers.length > 0 ? select.numbers : await listBegun(paths, select.group);
    if (numbers.length === 0)
      process.stderr.write(`no job${select.group === null ? '' : ` of the group ${select.group}`} has begun yet\n`);
    const only = input.text('step');
    if (only !== null && !steps.some((step) => step === only))
      throw new LabError('usage', `--step got "${only}", expected prepare, run or score`);
    const several = numbers.length > 1 && !input.flag('full') && !input.flag('json') ? linesOfSeveral : null;
    const lines = input.wholeNumber('lines', 1) ?? input.wholeNumber('last', 1) ?? several;
    const attempt = input.wholeNumber('attempt', 1);
    // An unknown number must not come to light after the log of another was printed.
    const parts: LogPart[] = [];
    for (const number of numbers) parts.push(...(await findLogs(paths, number, attempt, only)));
    if (input.flag('json')) await printJson(parts, lines);
    else await printText(parts, lines);
    return 0;
  },
};

/** Numbers of the jobs in sight that have begun, of a group or of all, ascending. */
async function listBegun(paths: LabPaths, group: string | null): Promise<number[]> {
  // Loaded here: it brings the schema library with it, which a log does not need.
  const { readStoredJobs } = await import('../../../queue/job-store.ts');
  const jobs = readStoredJobs(paths.runs, (number, error) =>
    process.stderr.write(`job ${number} is left out, for it cannot be read: ${messageOf(error)}\n`),
  );
  return jobs
    .filter(({ entry, attempts }) => attempts.length > 0 && entry.archivedAt === null)
    .filter(({ entry }) => group === null || entry.group === group)
    .map(({ job }) => job.number);
}

interface LogPart {
  number: number;
  attempt: number;
  step: string;
  path: string;
}

async function findLogs(paths: LabPaths, job: number, wanted: number | null, only: string | null): Promise<LogPart[]> {
  const folder = join(paths.runs, String(job));
  if (!existsSync(join(folder, 'job.json')))
    throw new LabError('user', `there is no job ${job}`, { hints: ['`lab status` lists the jobs'] });
  const attempt =
    wanted ??
    Math.max(
      0,
      ...readdirSync(folder)
        .filter((name) => /^\d+$/.test(name))
        .map(Number),
    );
  const place = join(folder, String(attempt));
  if (!existsSync(place)) {
    if (wanted !== null) throw new LabError('user', `job ${job} has no attempt ${wanted}`);
    // Loaded here: it brings the schema library with it, which a log does not need.
    const { readStoredJob } = await import('../../../queue/job-store.ts');
    const { entry } = readStoredJob(paths.runs, job);
    process.stderr.write(
      entry.removedAt === null ? `job ${job} has not started yet\n` : `job ${job} was removed before it ran\n`,
    );
    return [];
  }
  if (only !== null && !existsSync(join(place, `${only}.log`)))
    process.stderr.write(`job ${job}, attempt ${attempt} had no ${only} step\n`);
  return steps
    .filter((step) => (only === null || step === only) && existsSync(join(place, `${step}.log`)))
    .map((step) => ({ number: job, attempt, step, path: join(place, `${step}.log`) }));
}

/** Prints logs as they are; of several each with a title. */
async function printText(parts: readonly LogPart[], lines: number | null): Promise<void> {
  for (const { number, attempt, step, path } of parts) {
    if (parts.length > 1) await print(`==> job ${number}, attempt ${attempt}, ${step} <==\n`);
    let last: number | undefined;
    for (const bytes of readLog(path, lines)) {
      await print(bytes);
      last = bytes.at(-1);
    }
    if (last !== undefined && last !== 0x0a) await print('\n');
  }
}

/** Prints logs as one JSON list, piece by piece: a text can be longer than a string may be. */
async function printJson(parts: readonly LogPart[], lines: number | null): Promise<void> {
  const quote = (text: string): string => JSON.stringify(text).slice(1, -1);
  await print('[');
  for (const [index, { number, attempt, step, path }] of parts.entries()) {
    const head = JSON.stringify({ number, attempt, step }).slice(0, -1);
    await print(`${index === 0 ? '' : ','}${head},"text":"`);
    const decoder = new StringDecoder('utf8');
    for (const bytes of readLog(path, lines)) await print(quote(decoder.write(bytes)));
    await print(`${quote(decoder.end())}"}`);
  }
  await print(']\n');
}

/** A log or its last lines, piece by piece, as far as it goes now: what a running job adds meanwhile is not waited for. */
function* readLog(path: string, lines: number | null): Generator<Buffer, void> {
  const handle = openSync(path, 'r');
  try {
    const { size } = fstatSync(handle);
    yield* readRange(handle, lines === null ? 0 : findLastLines(handle, size, lines), size);
  } finally {
    closeSync(handle);
  }
}

/** Writes to stdout, no faster than its reader takes it. */
async function print(text: string | Buffer): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}
