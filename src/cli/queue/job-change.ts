/** What a person wants changed in a queued job, from the options of `lab edit`. Pure. */
import type { Routes } from '../../daemon/routes.ts';
import type { Dependency, DeviceNeeds } from '../../domain/job.ts';
import type { DeviceClass } from '../../domain/run.ts';
import { LabError } from '../../errors/lab-error.ts';
import { type CommandInput, type OptionSpec, parseJobNumbers } from '../define.ts';
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
  { name: 'after', value: 'numbers', isRepeatable: true, description: 'Starts after these succeeded ("3,4"; none)' },
  { name: 'after-any', value: 'numbers', isRepeatable: true, description: 'Starts after these ended, however' },
  { name: 'device', value: 'device', description: 'cpu, gpu, or one device such as gpu1' },
  { name: 'seed', value: 'number', description: 'LAB_SEED of the run; none: unset' },
  { name: 'wall-seconds', value: 'number', description: 'Wall limit of the command' },
];

/** Whether an option of `changeOptions` was given. */
export function hasChange(input: Pick<CommandInput, 'text'>): boolean {
  return changeOptions.some(({ name }) => input.text(name) !== null);
}

/** What the options change. `facts` are asked for --device alone. Throws LabError (usage) on a value that cannot be. */
export function parseChange(
  input: Pick<CommandInput, 'text' | 'texts' | 'wholeNumber'>,
  facts: Pick<JobFacts, 'device' | 'needs' | 'devices'>,
): JobChange {
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
  const label = input.text('label');
  if (label !== null) change.label = label;
  const priority = input.wholeNumber('priority', Number.MIN_SAFE_INTEGER);
  if (priority !== null) change.priority = priority;
  const group = parseGroup(input);
  if (group !== null) change.group = group;
  const after = parseAfter(input);
  if (after !== null) change.after = after;
  return change;
}

/** The whole list that --after and --after-any name; null where neither is given. "none" names no job. */
function parseAfter(input: Pick<CommandInput, 'texts'>): Dependency[] | null {
  const given = [...input.texts('after'), ...input.texts('after-any')];
  if (given.length === 0) return null;
  const read = (name: string, any: boolean): Dependency[] => {
    const words = input.texts(name).flatMap((text) => text.split(/[\s,]+/));
    const numbers = parseJobNumbers(words.filter((word) => word !== 'none' && word !== ''));
    return [...new Set(numbers)].map((job) => ({ job, any }));
  };
  const strict = read('after', false);
  const loose = read('after-any', true);
  const both = strict.find(({ job }) => loose.some((other) => other.job === job));
  if (both) throw new LabError('usage', `job ${both.job} is named by --after and --after-any, expected one of them`);
  return [...strict, ...loose];
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
