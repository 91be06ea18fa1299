/** Checks what arrives on the daemon's socket, one schema per route. */
import { z } from 'zod';
import { limitsSchema, needsSchema, retrySchema, variantSchema } from '../../queue/job-schema.ts';
import { LabError } from '../errors/lab-error.ts';
import type { RouteName, Routes } from './routes.ts';

const numbers = z.array(z.number().int().positive());

const moment = z.iso.datetime({ offset: true }).nullable();
const groupName = z.string().regex(/^[\w.-]{1,60}$/);
const dependency = z.strictObject({ job: z.number().int().positive(), any: z.boolean() });
const selection = z.strictObject({ numbers, group: groupName.nullable(), all: z.boolean() });
const edits = z.strictObject({
  command: z.string().min(1).optional(),
  env: z.record(z.string(), z.string().nullable()).optional(),
  seed: z.number().int().nonnegative().nullable().optional(),
  wallSeconds: z.number().positive().optional(),
  device: z.enum(['cpu', 'gpu']).optional(),
  needs: needsSchema.optional(),
  retry: retrySchema.optional(),
  limits: limitsSchema.optional(),
  stdin: z.boolean().optional(),
});
const filter = z.strictObject({
  states: z.array(z.string()),
  group: groupName.nullable(),
  label: z.string().nullable(),
  idea: z.string().nullable(),
  since: moment,
  ended: z.number().int().nonnegative().nullable(),
  isArchived: z.boolean(),
});

const hash = z.string().regex(/^[0-9a-f]{40,64}$/);

// Room for a key that a person chose with a point of its grid behind it.
const addKey = z.string().min(1).max(400);

const addRequest = z.strictObject({
  key: addKey,
  chosenKey: z.strictObject({ env: z.array(z.string()), grid: addKey.optional() }).optional(),
  kind: z.enum(['plain', 'baseline', 'task', 'check', 'bridge', 'ratchet']),
  start: hash.nullable().default(null),
  variant: variantSchema.nullable().default(null),
  label: z.string().nullable(),
  command: z.string().nullable(),
  checkout: z.string().startsWith('/'),
  directory: z.string(),
  here: z.boolean(),
  device: z.enum(['cpu', 'gpu', 'auto']).nullable(),
  seed: z.number().int().nonnegative().nullable(),
  env: z.record(z.string(), z.string()),
  secrets: z.record(z.string(), z.string()),
  wallSeconds: z.number().positive().nullable(),
  base: hash.nullable(),
  commit: hash.nullable(),
  experiment: z.string().min(1).nullable(),
  fromTrack: z
    .string()
    .regex(/^[0-9a-f]{8}$/)
    .nullable(),
  flags: z.array(z.string().regex(/^[\w:.-]{1,80}$/)).max(20),
  group: groupName,
  priority: z.number().int().nullable(),
  after: z.array(dependency),
  afterKeys: z.array(z.strictObject({ key: addKey, any: z.boolean() })).optional(),
  notBefore: moment,
  stashed: z.boolean(),
  forced: z.boolean(),
  needs: needsSchema,
  retry: retrySchema.nullable(),
  limits: limitsSchema.nullable(),
  stdin: z.boolean(),
});

const schemas = {
  hello: z.strictObject({}),
  facts: z.strictObject({ environment: z.record(z.string(), z.string()) }),
  add: addRequest,
  addMany: z.strictObject({ requests: z.array(addRequest).min(1).max(10_000) }),
  replay: z.strictObject({
    key: z.string().min(1).max(200),
    number: z.number().int().positive(),
    secrets: z.record(z.string(), z.string()),
  }),
  test: z.strictObject({
    key: z.string().min(1).max(200),
    ask: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('claim'), runs: z.number().int().positive().max(200).nullable() }),
      z.strictObject({
        kind: z.literal('ablation'),
        each: z.number().int().positive().max(100),
        slugs: z.array(z.string().min(1)),
        revert: z.boolean(),
      }),
    ]),
    env: z.record(z.string(), z.string()),
    secrets: z.record(z.string(), z.string()),
  }),
  tests: z.strictObject({ numbers, wait: z.boolean() }),
  record: z.strictObject({
    subject: z.string().min(1).max(200),
    changes: z.array(
      z.strictObject({ path: z.string().min(1), from: z.string().nullable(), to: z.string().nullable() }),
    ),
    entries: z.array(
      z.strictObject({ slug: z.string().min(1), attempt: z.number().int().positive(), text: z.string().min(1) }),
    ),
  }),
  status: z.strictObject({ numbers, filter: filter.optional() }),
  wait: z.strictObject({ numbers, seen: z.number().int(), filter: filter.optional() }),
  kill: z.strictObject({
    numbers,
    graceSeconds: z.number().nonnegative().nullable(),
    select: selection.optional(),
    signal: z
      .string()
      .regex(/^SIG[A-Z0-9]+$/)
      .nullable()
      .optional(),
  }),
  enqueue: z.strictObject({
    numbers,
    select: selection.optional(),
    notBefore: moment.optional(),
    secrets: z.record(z.string(), z.string()).optional(),
  }),
  stash: z.strictObject({ select: selection, notBefore: moment }),
  start: z.strictObject({ select: selection }),
  pause: z.strictObject({ select: selection, keepRunning: z.boolean() }),
  restart: z.strictObject({
    select: selection,
    key: z.string().min(1).max(200),
    inPlace: z.boolean(),
    stashed: z.boolean(),
    forced: z.boolean(),
    edits,
    secrets: z.record(z.string(), z.string()).optional(),
  }),
  remove: z.strictObject({ numbers: numbers.min(1) }),
  edit: z.strictObject({
    number: z.number().int().positive(),
    edits,
    label: z.string().optional(),
    after: z.array(dependency).optional(),
    priority: z.number().int().optional(),
    group: groupName.optional(),
  }),
  move: z.strictObject({
    numbers: numbers.min(1),
    to: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('top') }),
      z.strictObject({ kind: z.literal('before'), number: z.number().int().positive() }),
      z.strictObject({ kind: z.literal('switch'), number: z.number().int().positive() }),
    ]),
  }),
  send: z.strictObject({ number: z.number().int().positive(), text: z.string().max(65_536) }),
  group: z.strictObject({
    action: z.enum(['list', 'add', 'slots', 'remove']),
    name: z.string(),
    slots: z.number().int().nonnegative().nullable(),
  }),
  clean: z.strictObject({
    numbers,
    group: groupName.nullable(),
    successfulOnly: z.boolean(),
    purge: z.boolean(),
  }),
  reset: z.strictObject({ group: groupName.nullable(), graceSeconds: z.number().nonnegative().nullable() }),
  down: z.strictObject({}),
} satisfies { [Name in RouteName]: z.ZodType };

/** Whether a word names a route. */
export function isRoute(name: string): name is RouteName {
  return Object.hasOwn(schemas, name);
}

/** The checked request of a route. Throws LabError (usage) that names the field. */
export function parseRequest<Name extends RouteName>(route: Name, raw: unknown): Routes[Name]['request'] {
  const parsed = schemas[route].safeParse(raw);
  if (parsed.success) return parsed.data as Routes[Name]['request'];
  const [issue] = parsed.error.issues;
  throw new LabError('usage', `${route}: ${issue?.path.join('.') || 'request'}: ${issue?.message ?? 'not readable'}`);
}
