/** What was told already, in .lab/notified.json, so that a new daemon neither repeats an event nor misses one. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeJsonSynced } from '../../lab/atomic-write.ts';

const notifiedSchema = z.object({
  schema: z.literal(1),
  jobs: z.record(z.string(), z.number().int().positive()),
  isBusy: z.boolean(),
});

/** What was told. */
export interface Notified {
  /** Attempt whose end was told, by job number. */
  jobs: Map<number, number>;
  /** Whether anything waited or ran when last looked: its emptying is still to be told. */
  isBusy: boolean;
}

const fileOf = (state: string): string => join(state, 'notified.json');

/** What the file says; null where there is none or it cannot be understood: what has ended by now then counts as told. */
export function readNotified(state: string): Notified | null {
  const path = fileOf(state);
  if (!existsSync(path)) return null;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
  const parsed = notifiedSchema.safeParse(value);
  if (!parsed.success) return null;
  const jobs = new Map(Object.entries(parsed.data.jobs).map(([number, attempt]) => [Number(number), attempt]));
  return { jobs, isBusy: parsed.data.isBusy };
}

/** Writes the file, synced. Throws LabError where the disk does not take it. */
export async function writeNotified(state: string, { jobs, isBusy }: Notified): Promise<void> {
  await writeJsonSynced(fileOf(state), { schema: 1, jobs: Object.fromEntries(jobs), isBusy });
}
