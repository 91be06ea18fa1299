/** What a person wants changed in a queued job, from the options of `lab edit`. Pure. */
import type { Routes } from '../../daemon/routes.ts';
import type { Dependency, DeviceNeeds, RunLimits } from '../../domain/job.ts';
import type { DeviceClass } from '../../domain/run.ts';
import { LabError } from '../../errors/lab-error.ts';
import { parseRetries } from '../add/job-options.ts';
import { type CommandInput, type OptionSpec, parseJobNumbers } from '../define.ts';
import { parseSizeMib } from '../sizes.ts';
import type { JobFacts } from './job-facts.ts';
import { parseGroup } from './selection.ts';

/** A change; an absent key stays as it is. */
export type JobChange = Omit<Routes['edit']['request'], 'number'>;

/** The options that change a job without an editor. */
export const changeOptions: OptionSpec[] = [
  { name: 'command', short: 'c', value: 'text', description: 'Shell command of the run' },
  { name: 'label', short: 'l', value: 'text', description: 'The question and the expected answer: "Q: … H: …"' },
  { name: 'priority', short: 'o', value: 'number', description: 'Higher runs sooner, 0 is normal' },
  { name: 'group', short: 'g', value: 'name', description: 'Group of the queue' },
  { name: 'after', value: 'numbers', isRepeatable: true, description: 'All that must succeed first ("3,4"; none)' },
  { name: 'after-any', value: 'numbers', isRepeatable: true, description: 'All that must end first, however ("3")' },
  { name: 'device', value: 'device', description: 'cpu, gpu, or one device such as gpu1' },
  { name: 'gpus', value: 'number', description: 'How many GPUs at once' },
  { name: 'vram', value: 'size', description: 'Free GPU memory that is enough ("20G"); none: a whole free card' },
  { name: 'seed', value: 'number', description: 'LAB_SEED of the run; none: unset' },
  { name: 'wall-seconds', value: 'number', description: 'Wall limit of the command' },
  { name: 'idle-seconds', value: 'number', description: 'Longest time without output; none: no limit' },
  { name: 'log-mb', value: 'number', description: 'Largest log, MB; none: no limit' },
  { name: 'retries', value: 'number', description: 'Try again this often after a failure' },
  { name: 'retry-on', value: 'causes', isRepeatable: true, description: 'Only after these, as `lab add` takes them' },
  { name: 'retry-delay', value: 'seconds', description: 'Pause before the first retry; it doubles with each' },
  { name: 'stdin', value: 'word', description: 'on keeps standard input open for `lab send`, off does not' },
];

/** Whether an option of `changeOptions` was given. */
export function hasChange(input: Pick<CommandInput, 'text'>): boolean {
  return changeOptions.some(({ name }) => input.text(name) !== null);
}

/** What of a job its changes are told against. */
export type ChangedFacts = Pick<JobFacts, 'number' | 'after' | 'device' | 'needs' | 'devices' | 'retry' | 'limits'>;

type ChangeInput = Pick<CommandInput, 'text' | 'texts' | 'number' | 'wholeNumber'>;

/** What the options change. Throws LabError (usage) on a value that cannot be. */
export function parseChange(input: ChangeInput, facts: ChangedFacts): JobChange {
  const change: JobChange = { edits: {} };
  const command = input.text('command');
  if (command !== null) {
    if (command.trim() === '') throw new LabError('usage', '--command got "", expected a command');
    change.edits.command = command;
  }
  const seed = input.text('seed');
  if (seed !== null) change.edits.seed = seed === 'none' ? null : input.wholeNumber('seed', 0);
  const wallSeconds = input.wholeNumber('wall-seconds', 1);
  if (wallSeconds !== null) change.edits.wallSeconds = wallSeconds;
  const device = input.text('device');
  if (device !== null) changeDevice(change, facts, device);
  const vram = input.text('vram');
  const vramMib = vram === null ? undefined : vram === 'none' ? null : parseSizeMib(vram);
  changeNeeds(change, facts, { gpus: input.wholeNumber('gpus', 1) ?? undefined, vramMib });
  const retry = parseRetries(input, facts.retry);
  if (retry !== null) change.edits.retry = retry;
  changeLimits(change, facts, { idleSeconds: parseLimit(input, 'idle-seconds'), logMb: parseLimit(input, 'log-mb') });
  const stdin = input.text('stdin');
  if (stdin !== null && stdin !== 'on' && stdin !== 'off')
    throw new LabError('usage', `--stdin got "${stdin}", expected on or off`);
  if (stdin !== null) change.edits.stdin = stdin === 'on';
  const label = input.text('label');
  if (label !== null) change.label = label;
  const priority = input.wholeNumber('priority', Number.MIN_SAFE_INTEGER);
  if (priority !== null) change.priority = priority;
  const group = parseGroup(input);
  if (group !== null) change.group = group;
  const after = parseAfter(input, facts.after);
  if (after !== null) change.after = after;
  return change;
}

/** One limit; undefined where its option is absent, and null for "none". */
function parseLimit(input: ChangeInput, name: string): number | null | undefined {
  const text = input.text(name);
  if (text === null) return undefined;
  if (text === 'none') return null;
  const value = input.number(name) ?? 0;
  if (value <= 0) throw new LabError('usage', `--${name} got "${text}", expected more than 0 or none`);
  return value;
}

/**
 * What the job comes after once --after and --after-any are done: each replaces the jobs of its kind, and a job that it names is of that
 * kind from then on. Null where neither is given. "none" names no job.
 */
function parseAfter(input: Pick<CommandInput, 'texts'>, present: readonly Dependency[]): Dependency[] | null {
  const read = (name: string): number[] | null => {
    const texts = input.texts(name);
    if (texts.length === 0) return null;
    const words = texts.flatMap((text) => text.split(/[\s,]+/));
    return [...new Set(parseJobNumbers(words.filter((word) => word !== 'none' && word !== '')))];
  };
  const strict = read('after');
  const loose = read('after-any');
  if (strict === null && loose === null) return null;
  const both = strict?.find((job) => loose?.includes(job));
  if (both !== undefined)
    throw new LabError('usage', `job ${both} is named by --after and --after-any, expected one of them`);
  const keep = (any: boolean, others: number[] | null): number[] =>
    present.flatMap((one) => (one.any === any && others?.includes(one.job) !== true ? [one.job] : []));
  return [
    ...(strict ?? keep(false, loose)).map((job) => ({ job, any: false })),
    ...(loose ?? keep(true, strict)).map((job) => ({ job, any: true })),
  ];
}

/** A device as people name it: its class, or its own name where a job wants just that one. */
export function deviceWord(device: DeviceClass, needs: DeviceNeeds): string {
  return needs.deviceId ?? device;
}

/** Enters the device in the change where it is another one. Throws LabError (usage) where the machine has none of that name. */
export function changeDevice(
  change: JobChange,
  { device, needs, devices }: Pick<JobFacts, 'device' | 'needs' | 'devices'>,
  word: string,
): void {
  if (word === deviceWord(device, needs)) return;
  const one = devices.find(({ id }) => id === word);
  // A processor is a class of one, so its name asks for nothing more than the class does.
  const deviceId = word === 'cpu' || word === 'gpu' ? null : (one?.id ?? null);
  const kind = word === 'cpu' || word === 'gpu' ? word : one?.class;
  if (kind === undefined)
    throw new LabError(
      'usage',
      `there is no device "${word}", expected cpu, gpu or one of: ${devices.map(({ id }) => id).join(', ')}`,
    );
  if (kind !== device) change.edits.device = kind;
  const gpus = kind === 'cpu' || deviceId !== null ? 1 : needs.gpus;
  change.edits.needs = { deviceId, gpus, vramMib: kind === 'cpu' ? null : needs.vramMib };
}

/** Enters the limits of the run where they are others; undefined stays as it is. */
export function changeLimits(
  change: JobChange,
  { limits }: Pick<JobFacts, 'limits'>,
  { idleSeconds, logMb }: { [Name in keyof RunLimits]: RunLimits[Name] | undefined },
): void {
  const wanted = {
    idleSeconds: idleSeconds === undefined ? limits.idleSeconds : idleSeconds,
    logMb: logMb === undefined ? limits.logMb : logMb,
  };
  if (wanted.idleSeconds !== limits.idleSeconds || wanted.logMb !== limits.logMb) change.edits.limits = wanted;
}

/**
 * Enters how many GPUs and how much of their memory is asked for, where they are others, on top of a change of the device. Throws
 * LabError (usage) where the job asks for the processor.
 */
export function changeNeeds(
  change: JobChange,
  facts: Pick<JobFacts, 'number' | 'device' | 'needs'>,
  { gpus, vramMib }: { gpus: number | undefined; vramMib: number | null | undefined },
): void {
  const before = change.edits.needs ?? facts.needs;
  const needs = {
    ...before,
    gpus: gpus ?? before.gpus,
    vramMib: vramMib === undefined ? before.vramMib : vramMib,
  };
  if (needs.gpus === before.gpus && needs.vramMib === before.vramMib) return;
  if ((change.edits.device ?? facts.device) === 'cpu')
    throw new LabError('usage', `GPUs and their memory were asked for, and job ${facts.number} runs on the processor`, {
      hints: [`\`lab edit ${facts.number} --device gpu …\` asks for a GPU`],
    });
  change.edits.needs = needs;
}
