/** Checks what arrives on the daemon's socket, one schema per route. */
import { z } from 'zod';
import { LabError } from '../errors/lab-error.ts';
import type { RouteName, Routes } from './routes.ts';

const numbers = z.array(z.number().int().positive());

const schemas = {
  hello: z.strictObject({}),
  add: z.strictObject({
    key: z.string().min(1).max(200),
    kind: z.enum(['plain', 'baseline', 'task', 'check', 'bridge']),
    label: z.string().nullable(),
    command: z.string().nullable(),
    checkout: z.string().startsWith('/'),
    directory: z.string(),
    here: z.boolean(),
    device: z.enum(['cpu', 'gpu']).nullable(),
    seed: z.number().int().nonnegative().nullable(),
    env: z.record(z.string(), z.string()),
    secrets: z.record(z.string(), z.string()),
    wallSeconds: z.number().positive().nullable(),
    base: z
      .string()
      .regex(/^[0-9a-f]{40,64}$/)
      .nullable(),
    commit: z
      .string()
      .regex(/^[0-9a-f]{40,64}$/)
      .nullable(),
    experiment: z.string().min(1).nullable(),
    fromTrack: z
      .string()
      .regex(/^[0-9a-f]{8}$/)
      .nullable(),
    flags: z.array(z.string().regex(/^[\w:.-]{1,80}$/)).max(20),
  }),
  replay: z.strictObject({
    key: z.string().min(1).max(200),
    number: z.number().int().positive(),
    secrets: z.record(z.string(), z.string()),
  }),
  record: z.strictObject({
    subject: z.string().min(1).max(200),
    changes: z.array(
      z.strictObject({ path: z.string().min(1), from: z.string().nullable(), to: z.string().nullable() }),
    ),
    entries: z.array(
      z.strictObject({ slug: z.string().min(1), attempt: z.number().int().positive(), text: z.string().min(1) }),
    ),
  }),
  status: z.strictObject({ numbers }),
  wait: z.strictObject({ numbers, seen: z.number().int() }),
  kill: z.strictObject({ numbers: numbers.min(1), graceSeconds: z.number().nonnegative().nullable() }),
  enqueue: z.strictObject({ numbers: numbers.min(1) }),
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
