/**
 * The options of `lab add` that say when and where one job runs: their texts, what they mean, and the same words for a line of a jobs
 * file. Label, command and environment are add.ts's.
 */
import type { DeviceChoice } from '../../domain/device-choice.ts';
import type { Dependency, DeviceNeeds, RetryRule, RunLimits } from '../../domain/job.ts';
import { failureClasses } from '../../domain/run.ts';
import { LabError } from '../../errors/lab-error.ts';
import { type CommandInput, type OptionSpec, parseJobNumbers } from '../define.ts';
import { parseSizeMib } from '../sizes.ts';
import { parseWhen } from '../when.ts';

/** The options, for the command's help. */
export const jobOptions: OptionSpec[] = [
  { name: 'after', value: 'numbers', isRepeatable: true, description: 'Start once these jobs succeeded ("3,5-7")' },
  { name: 'after-any', value: 'numbers', isRepeatable: true, description: 'Start once these jobs ended, however' },
  { name: 'delay', value: 'when', description: 'Not before: "90s", "2h30m", "18:00", "friday 18:00", a date' },
  { name: 'priority', short: 'o', value: 'number', description: 'Higher runs sooner (default: 0)' },
  { name: 'group', short: 'g', value: 'name', description: 'Group of the queue (default: default)' },
  { name: 'stashed', short: 's', description: 'Put it aside until `lab enqueue`' },
  { name: 'immediate', short: 'i', description: 'Ahead of slots, pauses, dependencies and delays' },
  { name: 'vram', value: 'size', description: 'Free GPU memory that is enough ("20G"; default: a whole free card)' },
  { name: 'gpus', value: 'number', description: 'How many GPUs at once (default: 1)' },
  { name: 'retries', value: 'number', description: 'Try again this often after a failure (default: 0)' },
  {
    name: 'retry-on',
    value: 'causes',
    isRepeatable: true,
    description: 'Only after these: any, oom, nan, timeout, idle, signal, exit, exit:75, … (default: any)',
  },
  { name: 'retry-delay', value: 'seconds', description: 'Pause before the first retry; it doubles with each' },
  { name: 'idle-seconds', value: 'number', description: 'Longest time without output (default: run.idleSeconds)' },
  { name: 'log-mb', value: 'number', description: 'Largest log, MB (default: run.logMb)' },
  { name: 'stdin', description: 'Keep standard input open for `lab send`' },
];

/** What the options say of one job; null where the lab's own counts. */
export interface JobOptions {
  device: DeviceChoice | null;
  needs: DeviceNeeds;
  after: Dependency[];
  notBefore: string | null;
  priority: number | null;
  group: string;
  stashed: boolean;
  forced: boolean;
  retry: RetryRule | null;
  limits: RunLimits | null;
  stdin: boolean;
}

/** The lab's own values where an option says half of a rule. */
export interface OptionDefaults {
  idleSeconds: number | null;
  logMb: number | null;
  retrySeconds: number;
}

/** Reads the options; `now` is what a delay counts from. Throws LabError (usage) that names the option. */
export function parseJobOptions(input: CommandInput, defaults: OptionDefaults, now: Date): JobOptions {
  const priority = input.number('priority');
  if (priority !== null && !Number.isInteger(priority))
    throw new LabError('usage', `--priority got "${priority}", expected a whole number`);
  const delay = input.text('delay');
  ensureOneTime(input);
  const after = [
    ...parseAfter(input.texts('after')).map((job) => ({ job, any: false })),
    ...parseAfter(input.texts('after-any')).map((job) => ({ job, any: true })),
  ];
  const { device, deviceId } = parseDevice(input.text('device'), '--device');
  const gpus = input.wholeNumber('gpus', 1);
  const vram = input.text('vram');
  // Who asks for GPU memory or several cards asks for a GPU.
  const asksForGpu = gpus !== null || vram !== null;
  const limits = { idleSeconds: input.number('idle-seconds'), logMb: input.number('log-mb') };
  for (const [name, value] of [
    ['idle-seconds', limits.idleSeconds],
    ['log-mb', limits.logMb],
  ] as const)
    if (value !== null && value <= 0) throw new LabError('usage', `--${name} got "${value}", expected more than 0`);
  const hasLimits = limits.idleSeconds !== null || limits.logMb !== null;
  return {
    device: asksForGpu && (device === null || device === 'auto') ? 'gpu' : device,
    needs: { deviceId, gpus: gpus ?? 1, vramMib: vram === null ? null : parseSizeMib(vram) },
    after,
    notBefore: delay === null ? null : parseWhen(delay, now).toISOString(),
    priority,
    group: parseGroup(input.text('group') ?? 'default', '--group'),
    stashed: input.flag('stashed'),
    forced: input.flag('immediate'),
    retry: parseRetries(input, { times: 0, on: [], delaySeconds: defaults.retrySeconds }),
    limits: hasLimits
      ? { idleSeconds: limits.idleSeconds ?? defaults.idleSeconds, logMb: limits.logMb ?? defaults.logMb }
      : null,
    stdin: input.flag('stdin'),
  };
}

/** Throws LabError (usage) where a job is sent ahead of all and kept back at once. */
function ensureOneTime(input: Pick<CommandInput, 'flag' | 'text'>): void {
  if (!input.flag('immediate')) return;
  const other = input.flag('stashed') ? '--stashed' : input.text('delay') === null ? null : '--delay';
  if (other === null) return;
  throw new LabError('usage', `--immediate sends a job ahead and ${other} keeps it back, expected one of them`, {
    hints: ['`lab start NUMBER` sends a job ahead later on'],
  });
}

function parseAfter(texts: string[]): number[] {
  return parseJobNumbers(texts.flatMap((text) => text.split(/[\s,]+/).filter((word) => word !== '')));
}

/** The name of a group. Throws LabError (usage) that begins with `what`. */
export function parseGroup(text: string, what: string): string {
  if (/^[\w.-]{1,60}$/.test(text)) return text;
  throw new LabError('usage', `${what} got "${text}", expected letters, digits, dots and dashes, at most 60`);
}

/** A class, auto, or one device. Throws LabError (usage) that begins with `what`. */
export function parseDevice(
  text: string | null,
  what: string,
): { device: DeviceChoice | null; deviceId: string | null } {
  if (text === null || text === 'cpu' || text === 'gpu' || text === 'auto') return { device: text, deviceId: null };
  const match = /^(cpu|gpu)\d+$/.exec(text);
  if (match) return { device: match[1] === 'cpu' ? 'cpu' : 'gpu', deviceId: text };
  throw new LabError('usage', `${what} got "${text}", expected cpu, gpu, auto or one device such as gpu1`);
}

// Words that people use, and the failure classes of a run that trying again can help against.
const causeNames: Record<string, string> = { oom: 'out-of-memory', metric: 'no-metric' };
const causes: readonly string[] = [
  'any',
  'signal',
  'exit',
  // Who killed a job does not want it back.
  ...failureClasses.filter((name) => name !== 'killed'),
];

/** What a job is tried again after, as RetryRule names it. Throws LabError (usage) that begins with `what` and lists the words. */
export function parseRetryCause(word: string, what = '--retry-on'): string {
  const cause = causeNames[word] ?? word;
  const code = /^exit:(\d{1,3})$/.exec(cause);
  if (causes.includes(cause) || (code !== null && Number(code[1]) >= 1 && Number(code[1]) <= 255)) return cause;
  throw new LabError('usage', `${what} got "${word}", expected some of: oom, exit:75, ${causes.join(', ')}`);
}

/** What is said of retries; null and an empty list where it is not. */
export interface SaidOfRetries {
  times: number | null;
  on: string[];
  delaySeconds: number | null;
}

/**
 * A rule with what is said on top; null where nothing is. Throws LabError (usage) where causes or a pause are said of a job that is not
 * tried again at all; `word` is what would say how often.
 */
export function applyRetries(present: RetryRule, said: SaidOfRetries, word: string): RetryRule | null {
  const { times, on, delaySeconds } = said;
  if (times === null && on.length === 0 && delaySeconds === null) return null;
  if (times === null && present.times === 0)
    throw new LabError('usage', `causes and a pause of retries do not say how often, expected ${word} too`);
  const before = present.on.length === 0 ? ['any'] : present.on;
  return {
    times: times ?? present.times,
    on: on.length === 0 ? before : on,
    delaySeconds: delaySeconds ?? present.delaySeconds,
  };
}

/** The rule that --retries, --retry-on and --retry-delay make of the present one; null where none is given. Throws LabError (usage). */
export function parseRetries(
  input: Pick<CommandInput, 'texts' | 'number' | 'wholeNumber'>,
  present: RetryRule,
): RetryRule | null {
  const words = input.texts('retry-on').flatMap((text) => text.split(',').map((word) => word.trim()));
  const delaySeconds = input.number('retry-delay');
  if (delaySeconds !== null && delaySeconds < 0)
    throw new LabError('usage', `--retry-delay got "${delaySeconds}", expected seconds of at least 0`);
  const on = words.map((word) => parseRetryCause(word));
  return applyRetries(present, { times: input.wholeNumber('retries', 0), on, delaySeconds }, '--retries');
}
