/**
 * From what `lab add` was given to the requests of one submission: one command, a grid of it, or the lines of a jobs file. Pure.
 */
import { parseJobLabel } from '../../../queue/task-label.ts';
import type { LabConfig } from '../../config/schema.ts';
import type { AddRequest } from '../../daemon/routes.ts';
import { LabError } from '../../errors/lab-error.ts';
import { type CommandInput, quoteWords } from '../define.ts';
import { ensureUsedNames, fillIn, listGridPoints, parseGrid, seedOf } from './grid.ts';
import { parseDevice } from './job-options.ts';
import type { JobLine } from './jobs-file.ts';

/** What all jobs of the submission have in common. */
export type RequestBase = Omit<AddRequest, 'key' | 'command'>;

/** The requests of one command, or of each combination of its grid. `key` names the submission. Throws LabError (usage). */
export function buildCommandRequests(input: CommandInput, base: RequestBase, key: string): AddRequest[] {
  const axes = parseGrid(input.texts('grid'));
  const points = listGridPoints(axes);
  const words = input.rest ?? input.words;
  ensureUsedNames(axes, words);
  if (base.seed !== null && axes.some(({ name }) => name === 'seed'))
    throw new LabError('usage', '--seed and the seed of --grid both set LAB_SEED, expected one of them');
  return points.map((point, place) => ({
    ...base,
    key: axes.length === 0 ? key : `${key}/${place}`,
    label: base.label === null ? null : fillIn(base.label, point),
    // Filled in before words are quoted, so that a value with a quote in it stays one word.
    command: parseShellCommand(input, (word) => fillIn(word, point)),
    seed: seedOf(point) ?? base.seed,
  }));
}

/** The requests of a jobs file, in its order. Throws LabError (usage) on an environment name that no file may set. */
export function buildFileRequests(lines: JobLine[], base: RequestBase, key: string, secret: string[]): AddRequest[] {
  const keyOf = (line: JobLine, place: number) => line.key ?? (lines.length === 1 ? key : `${key}/${place}`);
  const keys = new Map(lines.map((line, place) => [line.name, keyOf(line, place)]));
  return lines.map((line, place) => {
    const { device, deviceId } = parseDevice(line.device ?? null, 'device');
    const refused = Object.keys(line.env ?? {}).find((name) => name === 'META_MODE' || secret.includes(name));
    if (refused !== undefined) {
      throw new LabError('usage', `job ${place + 1} of the file sets ${refused}, expected it from the shell alone`, {
        hints: ['a jobs file is stored with its jobs; what env.secret names is taken from your environment'],
      });
    }
    const hasAfter = line.after !== undefined || line.afterAny !== undefined;
    const own = [
      ...(line.after ?? []).map((job) => ({ job, any: false })),
      ...(line.afterAny ?? []).map((job) => ({ job, any: true })),
    ];
    const named = own.flatMap(({ job, any }) => (typeof job === 'string' ? [{ key: keys.get(job) ?? job, any }] : []));
    return {
      ...base,
      key: keyOf(line, place),
      label: line.label ?? base.label,
      command: line.command,
      seed: line.seed ?? base.seed,
      priority: line.priority ?? base.priority,
      group: line.group ?? base.group,
      after: hasAfter ? own.flatMap(({ job, any }) => (typeof job === 'number' ? [{ job, any }] : [])) : base.after,
      ...(named.length === 0 ? {} : { afterKeys: named }),
      device: device ?? base.device,
      needs: line.device === undefined ? base.needs : { ...base.needs, deviceId },
      wallSeconds: line.wallSeconds ?? base.wallSeconds,
      stashed: line.stashed ?? base.stashed,
      env: { ...base.env, ...line.env },
    };
  });
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
