/** A job as a small YAML text that a person edits, and what they changed in it. Pure. */
import { isMap, parseDocument, stringify } from 'yaml';
import { z } from 'zod';
import { LabError } from '../../errors/lab-error.ts';
import { applyRetries, parseRetryCause } from '../add/job-options.ts';
import { parseSizeMib } from '../sizes.ts';
import { changeDevice, changeLimits, changeNeeds, deviceWord, type JobChange } from './job-change.ts';
import type { JobFacts } from './job-facts.ts';
import { ensureNotLabs } from './lab-names.ts';
import { ensureNoSecret, hiddenValue, hideSecrets } from './secret-names.ts';
import { ensureGroupName } from './selection.ts';

const number = z.number().int().positive();

const envName = z.string().regex(/^[A-Za-z_]\w*$/, 'is no name of a variable');

// Every key may be absent: what is deleted stays as it is, but for lines of env.
const fileSchema = z.strictObject({
  // YAML reads `true` as a value of its own, and yet it is a program.
  command: z
    .union([z.string(), z.number(), z.boolean()])
    .transform((value) => String(value).trim())
    .refine((text) => text !== '', 'is empty')
    .optional(),
  label: z.string().trim().min(1).nullish(),
  priority: z.number().int().optional(),
  group: z.string().optional(),
  after: z.array(number).nullish(),
  'after-any': z.array(number).nullish(),
  device: z.string().optional(),
  gpus: number.optional(),
  vram: z.string().nullish(),
  seed: z.number().int().nonnegative().nullish(),
  'wall-seconds': z.number().positive().optional(),
  'idle-seconds': z.number().positive().nullish(),
  'log-mb': z.number().positive().nullish(),
  retries: z.number().int().nonnegative().optional(),
  'retry-on': z.array(z.string()).min(1).optional(),
  'retry-delay': z.number().nonnegative().optional(),
  stdin: z.boolean().optional(),
  env: z.record(envName, z.union([z.string(), z.number(), z.boolean()])).nullish(),
});

/** The text for the editor. Places in the queue are left out where `isRestart`: a job that starts again keeps them. */
export function renderEditFile(facts: JobFacts, { isRestart }: { isRestart: boolean }): string {
  const places = {
    ...(facts.label === null ? {} : { label: facts.label }),
    priority: facts.priority,
    group: facts.group,
    after: facts.after.filter(({ any }) => !any).map(({ job }) => job),
    'after-any': facts.after.filter(({ any }) => any).map(({ job }) => job),
  };
  const body = stringify(
    {
      command: facts.command,
      ...(isRestart ? {} : places),
      device: deviceWord(facts.device, facts.needs),
      ...(facts.device === 'cpu' ? {} : { gpus: facts.needs.gpus, vram: formatVram(facts) }),
      seed: facts.seed,
      'wall-seconds': facts.wallSeconds,
      'idle-seconds': facts.limits.idleSeconds,
      'log-mb': facts.limits.logMb,
      retries: facts.retry.times,
      'retry-on': causesOf(facts),
      'retry-delay': facts.retry.delaySeconds,
      stdin: facts.stdin,
      env: hideSecrets(facts.env),
    },
    { lineWidth: 0, flowCollectionPadding: false },
  );
  return `# Job ${facts.number}. What you save is applied when the editor ends; an unchanged file changes nothing.
# A line of env that is deleted takes the variable out; ${hiddenValue} leaves it as it is.
# null is none: no LAB_SEED, no limit, a whole free card.
${body}`;
}

function formatVram({ needs }: Pick<JobFacts, 'needs'>): string | null {
  return needs.vramMib === null ? null : `${needs.vramMib}M`;
}

/** A job that is not tried again may name no causes; these count once it is. */
function causesOf({ retry }: Pick<JobFacts, 'retry'>): string[] {
  return retry.on.length === 0 ? ['any'] : retry.on;
}

/** What the text changes. Throws LabError (user) that names every wrong line. */
export function parseEditFile(facts: JobFacts, text: string, { isRestart }: { isRestart: boolean }): JobChange {
  const document = parseDocument(text, { prettyErrors: true });
  const [broken] = document.errors;
  if (broken) throw new LabError('user', `the file is no YAML: ${broken.message.trim()}`);
  if (!isMap(document.contents)) throw new LabError('user', 'the file holds no keys, expected "command: …" and others');
  const parsed = fileSchema.safeParse(document.toJS());
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `\n  ${issue.path.join('.') || 'file'}: ${issue.message}`);
    throw new LabError('user', `the file has problems:${problems.join('')}`);
  }
  const file = parsed.data;
  const placed = [file.label, file.priority, file.group, file.after, file['after-any']];
  if (isRestart && placed.some((value) => value !== undefined))
    throw new LabError('user', 'label, priority, group and after stay with a job that starts again', {
      hints: [`\`lab edit\` changes them afterwards`],
    });
  const change: JobChange = { edits: {} };
  if (file.command !== undefined && file.command !== facts.command.trim()) change.edits.command = file.command;
  if (file.seed !== undefined && file.seed !== facts.seed) change.edits.seed = file.seed;
  const wall = file['wall-seconds'];
  if (wall !== undefined && wall !== facts.wallSeconds) change.edits.wallSeconds = wall;
  if (file.device !== undefined) changeDevice(change, facts, file.device);
  changeRun(change, facts, file);
  const env = compareEnv(facts, file.env);
  if (Object.keys(env).length > 0) change.edits.env = env;
  if (typeof file.label === 'string' && file.label !== facts.label) change.label = file.label;
  if (file.priority !== undefined && file.priority !== facts.priority) change.priority = file.priority;
  if (file.group !== undefined && file.group !== facts.group) {
    ensureGroupName(file.group);
    change.group = file.group;
  }
  const after = [
    ...(file.after === undefined ? facts.after.filter(({ any }) => !any).map(({ job }) => job) : (file.after ?? [])),
  ].map((job) => ({ job, any: false }));
  const any = file['after-any'];
  const afterAny = (any === undefined ? facts.after.filter((one) => one.any).map(({ job }) => job) : (any ?? [])).map(
    (job) => ({ job, any: true }),
  );
  const all = [...after, ...afterAny];
  const key = (list: typeof all) =>
    list
      .map((one) => `${one.job} ${one.any}`)
      .sort()
      .join();
  if (key(all) !== key(facts.after)) change.after = all;
  return change;
}

/** What the run asks for and how it is tried again; what the file has as it was stays as it is, also beside another device. */
function changeRun(change: JobChange, facts: JobFacts, file: z.infer<typeof fileSchema>): void {
  const vramMib = typeof file.vram === 'string' ? parseSizeMib(file.vram) : file.vram;
  changeNeeds(change, facts, {
    gpus: file.gpus === facts.needs.gpus ? undefined : file.gpus,
    vramMib: vramMib === facts.needs.vramMib ? undefined : vramMib,
  });
  changeLimits(change, facts, { idleSeconds: file['idle-seconds'], logMb: file['log-mb'] });
  const on = file['retry-on']?.map((word) => parseRetryCause(word, 'retry-on')) ?? [];
  const delaySeconds = file['retry-delay'];
  const said = {
    times: file.retries === undefined || file.retries === facts.retry.times ? null : file.retries,
    on: on.join() === causesOf(facts).join() ? [] : on,
    delaySeconds: delaySeconds === undefined || delaySeconds === facts.retry.delaySeconds ? null : delaySeconds,
  };
  const retry = applyRetries(facts.retry, said, 'retries');
  if (retry !== null) change.edits.retry = retry;
  if (file.stdin !== undefined && file.stdin !== facts.stdin) change.edits.stdin = file.stdin;
}

/** Values that changed; null for names that are gone. A text without `env` changes none. */
function compareEnv(
  { env: before }: JobFacts,
  after: Record<string, string | number | boolean> | null | undefined,
): Record<string, string | null> {
  const changes: Record<string, string | null> = {};
  if (after === undefined) return changes;
  const shown = hideSecrets(before);
  const now = after ?? {};
  for (const name of Object.keys(shown)) if (!Object.hasOwn(now, name)) changes[name] = null;
  for (const [name, raw] of Object.entries(now)) {
    const value = String(raw);
    if (value === shown[name]) continue;
    ensureNotLabs(name);
    ensureNoSecret(name);
    if (value === hiddenValue)
      throw new LabError(
        'user',
        `env.${name} is ${hiddenValue}, but the job has no such hidden variable, expected its value`,
      );
    changes[name] = value;
  }
  return changes;
}
