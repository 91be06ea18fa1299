/**
 * From what `lab add` was given to the requests of one submission: one command, a grid of it, or the lines of a jobs file. Pure but for the
 * look at the folder that a line names.
 */
import { realpathSync } from 'node:fs';
import { isAbsolute, relative, resolve } from 'node:path';
import { parseJobLabel } from '../../../queue/task-label.ts';
import { findCheckoutRoot } from '../../config/repository-root.ts';
import type { LabConfig } from '../../config/schema.ts';
import type { AddRequest, ChosenKey } from '../../daemon/routes.ts';
import { cardVariables } from '../../domain/card-variables.ts';
import type { RetryRule } from '../../domain/job.ts';
import { LabError } from '../../errors/lab-error.ts';
import { type CommandInput, quoteWords } from '../define.ts';
import { parseSizeMib } from '../sizes.ts';
import { parseWhen } from '../when.ts';
import { ensureUsedNames, fillIn, formatPoint, listGridPoints, parseGrid, seedOf } from './grid.ts';
import { applyRetries, type OptionDefaults, parseDevice, parseRetryCause } from './job-options.ts';
import type { JobLine } from './jobs-file.ts';

/** What all jobs of the submission have in common. */
export type RequestBase = Omit<AddRequest, 'key' | 'chosenKey' | 'command'>;

/** What a submission is called. */
export interface Submission {
  key: string;
  /** Whether a person chose it; else it was made up, and nothing that was queued before has it. */
  isChosen: boolean;
}

/** What the lines of a jobs file are read by besides. */
export interface FileContext {
  /** Names that no file may set. */
  secret: readonly string[];
  defaults: OptionDefaults;
  /** What delays count from. */
  now: Date;
}

/** The requests of one command, or of each combination of its grid. Throws LabError (usage). */
export function buildCommandRequests(
  input: CommandInput,
  base: RequestBase,
  { key, isChosen }: Submission,
): AddRequest[] {
  const axes = parseGrid(input.texts('grid'));
  const points = listGridPoints(axes);
  const words = input.rest ?? input.words;
  ensureUsedNames(axes, words);
  if (base.seed !== null && axes.some(({ name }) => name === 'seed'))
    throw new LabError('usage', '--seed and the seed of --grid both set LAB_SEED, expected one of them');
  const isGrid = axes.length > 0;
  const chosenKey: ChosenKey = { env: [], ...(isGrid ? { grid: key } : {}) };
  return points.map((point) => ({
    ...base,
    // Named by what it is and not by its place, so that a wider grid of the same key queues what is new.
    key: isGrid ? `${key}/${formatPoint(point)}` : key,
    ...(isChosen ? { chosenKey } : {}),
    label: base.label === null ? null : fillIn(base.label, point),
    // Filled in before words are quoted, so that a value with a quote in it stays one word.
    command: parseShellCommand(input, (word) => fillIn(word, point)),
    seed: seedOf(point) ?? base.seed,
  }));
}

/** The requests of a jobs file, in its order. Throws LabError (usage) on what a line cannot have here, with its number among the jobs. */
export function buildFileRequests(
  lines: JobLine[],
  base: RequestBase,
  { key, isChosen }: Submission,
  context: FileContext,
): AddRequest[] {
  // A chosen key may be given again with lines more or less.
  const isAlone = lines.length === 1 && !isChosen;
  const keyOf = (line: JobLine, place: number) => line.key ?? (isAlone ? key : `${key}/${place}`);
  const keys = new Map(lines.map((line, place) => [line.name, keyOf(line, place)]));
  return lines.map((line, place) => {
    const where = `job ${place + 1} of the file`;
    const refused = Object.keys(line.env ?? {}).find((name) => name === 'META_MODE' || context.secret.includes(name));
    if (refused !== undefined) {
      throw new LabError('usage', `${where} sets ${refused}, expected it from the shell alone`, {
        hints: ['a jobs file is stored with its jobs; what env.secret names is taken from your environment'],
      });
    }
    const card = Object.keys(line.env ?? {}).find((name) => cardVariables.includes(name));
    if (card !== undefined)
      throw new LabError('usage', `${where} sets ${card}, which the lab itself sets for each run, expected "device"`, {
        hints: ['{"command": "…", "device": "gpu1"} asks for one card'],
      });
    const hasAfter = line.after !== undefined || line.afterAny !== undefined;
    const own = [
      ...(line.after ?? []).map((job) => ({ job, any: false })),
      ...(line.afterAny ?? []).map((job) => ({ job, any: true })),
    ];
    const named = own.flatMap(({ job, any }) => (typeof job === 'string' ? [{ key: keys.get(job) ?? job, any }] : []));
    const stashed = line.stashed ?? base.stashed;
    const notBefore =
      line.delay === undefined ? base.notBefore : parseWhen(String(line.delay), context.now).toISOString();
    if (base.forced && (stashed || notBefore !== null))
      throw new LabError('usage', `--immediate sends all jobs ahead, and ${where} is kept back, expected one of them`);
    return {
      ...base,
      key: keyOf(line, place),
      ...(isChosen || line.key !== undefined ? { chosenKey: { env: Object.keys(line.env ?? {}) } } : {}),
      kind: line.noScore === true ? ('task' as const) : base.kind,
      label: line.label ?? base.label,
      command: line.command,
      directory: line.folder === undefined ? base.directory : findDirectory(base, line.folder, where),
      seed: line.seed ?? base.seed,
      priority: line.priority ?? base.priority,
      group: line.group ?? base.group,
      after: hasAfter ? own.flatMap(({ job, any }) => (typeof job === 'number' ? [{ job, any }] : [])) : base.after,
      ...(named.length === 0 ? {} : { afterKeys: named }),
      ...chooseDevice(line, base),
      wallSeconds: line.wallSeconds ?? base.wallSeconds,
      retry: chooseRetries(line, base.retry, context.defaults, where),
      limits: chooseLimits(line, base.limits, context.defaults),
      notBefore,
      stashed,
      stdin: line.stdin ?? base.stdin,
      env: { ...base.env, ...line.env },
    };
  });
}

/** A line that names the processor asks for no GPU, whatever the options say of GPUs. */
function chooseDevice(line: JobLine, base: RequestBase): Pick<RequestBase, 'device' | 'needs'> {
  const named = parseDevice(line.device ?? null, 'device');
  const vramMib = line.vram === undefined ? null : parseSizeMib(line.vram);
  const asksForGpu = line.gpus !== undefined || vramMib !== null;
  const isProcessor = named.device === 'cpu';
  const device = named.device ?? base.device;
  return {
    device: asksForGpu && (device === null || device === 'auto') ? 'gpu' : device,
    needs: {
      deviceId: line.device === undefined ? base.needs.deviceId : named.deviceId,
      gpus: line.gpus ?? (isProcessor ? 1 : base.needs.gpus),
      vramMib: vramMib ?? (isProcessor ? null : base.needs.vramMib),
    },
  };
}

function chooseRetries(
  { retries, retryOn, retrySeconds }: JobLine,
  base: RetryRule | null,
  defaults: OptionDefaults,
  where: string,
): RetryRule | null {
  const on = (retryOn ?? []).map((word) => parseRetryCause(word, `${where}: retryOn`));
  const present = base ?? { times: 0, on: [], delaySeconds: defaults.retrySeconds };
  const said = { times: retries ?? null, on, delaySeconds: retrySeconds ?? null };
  return applyRetries(present, said, `retries of ${where}`) ?? base;
}

function chooseLimits(
  { idleSeconds, logMb }: JobLine,
  base: RequestBase['limits'],
  defaults: OptionDefaults,
): RequestBase['limits'] {
  if (idleSeconds === undefined && logMb === undefined) return base;
  return {
    idleSeconds: idleSeconds ?? base?.idleSeconds ?? defaults.idleSeconds,
    logMb: logMb ?? base?.logMb ?? defaults.logMb,
  };
}

/** The folder of the checkout that a line names. Throws LabError (usage) where it is not there, or in no folder that the jobs run in. */
function findDirectory({ checkout, directory }: RequestBase, folder: string, where: string): string {
  const asked = resolve(checkout, directory, folder);
  let found: string;
  try {
    found = realpathSync(asked);
  } catch (error) {
    throw new LabError('usage', `${where}: the folder ${asked} is not there, expected one to run in`, { cause: error });
  }
  const inside = relative(checkout, found);
  const isOutside = inside === '..' || inside.startsWith('../') || isAbsolute(inside);
  // A worktree inside the checkout is no part of its commits.
  if (isOutside || (checkout !== '/' && (findCheckoutRoot(found) ?? checkout) !== checkout))
    throw new LabError('usage', `${where}: the folder ${asked} is not part of ${checkout}, expected one of its own`);
  return inside;
}

/** Throws as parseLabel does, for the first label that is none: a typing mistake must not start a daemon first. */
export function ensureLabels(
  requests: AddRequest[],
  direction: LabConfig['metric']['direction'],
  labels: LabConfig['queue']['labels'],
): void {
  for (const { label, kind } of requests) if (label !== null) parseJobLabel(label, { kind, labels, direction });
}

/** The shell line of a command: one word is a shell line already, several words after `--` each stay one word. */
function parseShellCommand(input: CommandInput, fill: (word: string) => string): string {
  const words = (input.rest ?? input.words).map(fill);
  if (input.rest !== null && input.words.length > 0) {
    throw new LabError('usage', `"${input.words.join(' ')}" stands before --, expected the whole command after it`, {
      hints: ['`lab add --help` shows how'],
    });
  }
  const [only, ...others] = words;
  if (only === undefined || words.join('').trim() === '') {
    throw new LabError('usage', 'there is no command to queue', {
      hints: ['lab add --label "Q: … H: …" -- python3 problem/train.py'],
    });
  }
  return others.length === 0 ? only : quoteWords(words);
}
