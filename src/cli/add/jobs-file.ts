/**
 * A file of jobs for `lab add --from`: one JSON object per line. Reads and checks it; what a line leaves out is as the command's own
 * options say. Its words are those of the options. Pure but for the reading; the first wrong line is named, and nothing is queued then.
 */
import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { errnoOf, LabError } from '../../errors/lab-error.ts';
import { parseSizeMib } from '../sizes.ts';
import { parseWhen } from '../when.ts';
import { mostJobs } from './grid.ts';
import { ensureJobNames, isJobName, type NamedLine } from './job-names.ts';
import { parseDevice, parseGroup, parseRetryCause } from './job-options.ts';

/** One line; an absent key is as the options say. */
export interface JobLine extends NamedLine {
  /** Shell line. */
  command: string;
  label?: string;
  seed?: number;
  priority?: number;
  group?: string;
  /** "cpu", "gpu", "auto" or one device. */
  device?: string;
  gpus?: number;
  /** Free GPU memory that is enough ("20G"). */
  vram?: string;
  /** Where it runs: absolute, or from the folder that the file is queued in. */
  folder?: string;
  wallSeconds?: number;
  idleSeconds?: number;
  logMb?: number;
  retries?: number;
  /** Causes as --retry-on takes them. */
  retryOn?: string[];
  /** Pause before the first retry. */
  retrySeconds?: number;
  /** A moment as --delay takes it; a number counts seconds. */
  delay?: string | number;
  stashed?: boolean;
  stdin?: boolean;
  /** A task: nothing to score, no row. */
  noScore?: true;
  /** On top of the captured environment. */
  env?: Record<string, string>;
  /** Names the submission of this line. */
  key?: string;
}

type Check = { expected: string; test(value: unknown): boolean };

const isWhole = (value: unknown, least: number): boolean => Number.isSafeInteger(value) && Number(value) >= least;
const isAtLeast = (value: unknown, least: number): boolean => Number.isFinite(value) && Number(value) >= least;
const isJobs = (value: unknown): boolean =>
  Array.isArray(value) && value.every((one) => isWhole(one, 1) || isJobName(one));
const words: Check = { expected: 'text', test: (value) => typeof value === 'string' && value.trim() !== '' };
const isWords = (value: unknown): boolean => Array.isArray(value) && value.length > 0 && value.every(words.test);
const jobs: Check = { expected: 'a list of job numbers and of names in this file', test: isJobs };
const amount: Check = { expected: 'a number above 0', test: (value) => isAtLeast(value, 0) && value !== 0 };
const yesOrNo: Check = { expected: 'true or false', test: (value) => typeof value === 'boolean' };

const keys: Record<keyof JobLine, Check> = {
  command: words,
  label: words,
  seed: { expected: 'a whole number of at least 0', test: (value) => isWhole(value, 0) },
  priority: { expected: 'a whole number', test: (value) => Number.isSafeInteger(value) },
  group: words,
  name: { expected: 'a word such as prep, of letters, digits, dots and dashes, at most 60', test: isJobName },
  after: jobs,
  afterAny: jobs,
  device: words,
  gpus: { expected: 'a whole number of at least 1', test: (value) => isWhole(value, 1) },
  vram: words,
  folder: words,
  wallSeconds: amount,
  idleSeconds: amount,
  logMb: amount,
  retries: { expected: 'a whole number of at least 0', test: (value) => isWhole(value, 0) },
  retryOn: { expected: 'a list of causes such as "oom"', test: isWords },
  retrySeconds: { expected: 'a number of at least 0', test: (value) => isAtLeast(value, 0) },
  delay: { expected: 'a moment such as "2h30m"', test: (value) => words.test(value) || isAtLeast(value, 0) },
  stashed: yesOrNo,
  stdin: yesOrNo,
  noScore: { expected: 'true, or no such key', test: (value) => value === true },
  env: { expected: 'an object of texts', test: isTexts },
  key: {
    expected: 'text of at most 200 characters',
    test: (value) => words.test(value) && String(value).length <= 200,
  },
};

function isTexts(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.entries(value).every(([name, text]) => /^[A-Za-z_]\w*$/.test(name) && typeof text === 'string');
}

/** The text of the file; "-" is standard input. Throws LabError (user) where it cannot be read. */
export async function readJobsFile(path: string): Promise<string> {
  if (path === '-') return await readAll(process.stdin);
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const why = errnoOf(error) === 'ENOENT' ? 'is not there' : 'cannot be read';
    throw new LabError('user', `${path} ${why}, expected a file with one JSON object per line`, {
      hints: [`lab add --from - < jobs.jsonl`],
      cause: error,
    });
  }
}

/**
 * The lines; empty ones are left out. `source` names the file in errors, `now` is what a delay counts from. Throws LabError (usage) with
 * the number of the wrong line.
 */
export function parseJobsFile(text: string, source: string, now = new Date()): JobLine[] {
  const name = source === '-' ? 'standard input' : source;
  const places: string[] = [];
  const lines = text.split('\n').flatMap((line, place) => {
    if (line.trim() === '') return [];
    places.push(`${name}, line ${place + 1}`);
    return [parseLine(line, places.at(-1) ?? name, now)];
  });
  if (lines.length === 0)
    throw new LabError('usage', `${name} has no jobs, expected one JSON object per line`, {
      hints: [`{"command": "python3 train.py", "label": "Q: … H: …"}`],
    });
  if (lines.length > mostJobs)
    throw new LabError('usage', `${name} has ${lines.length} jobs, expected at most ${mostJobs} in one submission`);
  ensureJobNames(lines, places);
  return lines;
}

function parseLine(line: string, where: string, now: Date): JobLine {
  const valid = Object.keys(keys).join(', ');
  let raw: unknown;
  try {
    raw = JSON.parse(line);
  } catch (error) {
    throw new LabError('usage', `${where}: no valid JSON, expected one object with some of: ${valid}`, {
      cause: error,
    });
  }
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    throw new LabError('usage', `${where}: ${JSON.stringify(raw)}, expected an object with some of: ${valid}`);
  for (const [key, value] of Object.entries(raw)) {
    const check = Object.hasOwn(keys, key) ? keys[key as keyof JobLine] : undefined;
    if (check === undefined)
      throw new LabError('usage', `${where}: there is no key "${key}", expected some of: ${valid}`);
    if (!check.test(value))
      throw new LabError('usage', `${where}: ${key} is ${JSON.stringify(value)}, expected ${check.expected}`);
  }
  const parsed = raw as Partial<JobLine>;
  const { command } = parsed;
  if (command === undefined)
    throw new LabError('usage', `${where}: there is no "command", expected the shell line of the job`);
  if (parsed.device !== undefined) parseDevice(parsed.device, `${where}: device`);
  if (parsed.group !== undefined) parseGroup(parsed.group, `${where}: group`);
  for (const cause of parsed.retryOn ?? []) parseRetryCause(cause, `${where}: retryOn`);
  const { vram, delay } = parsed;
  if (vram !== undefined) readAt(`${where}: vram`, () => parseSizeMib(vram));
  if (delay !== undefined) readAt(`${where}: delay`, () => parseWhen(String(delay), now));
  return { ...parsed, command };
}

/** What `read` gives; its error says where it happened. */
function readAt<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    throw new LabError(error.kind, `${where}: ${error.message}`, { hints: error.hints });
  }
}
