/** What was told already, in .lab/notified.json, so that a new daemon neither repeats an event nor misses one. */
import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
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

/** The file beside what is in memory. */
export interface Marks {
  /** Notes that what was told changed. */
  change(): void;
  /** Writes the file where something changed since, synced, after `before`. Throws LabError where the disk does not take it. */
  write(before?: () => void): Promise<void>;
  /**
   * Takes the file away: as long as nothing is told, it would be written with each of thousands of jobs for nobody. What has ended by the
   * time at which telling begins then counts as told.
   */
  drop(): Promise<void>;
}

/** The marks of what was told; `isWritten` says whether the file has it all. */
export function createMarks(state: string, told: Notified, isWritten: boolean): Marks {
  let isKept = isWritten;
  let isDropped = false;
  return {
    change() {
      isKept = false;
    },
    async write(before = () => undefined) {
      if (isKept) return;
      before();
      isKept = true;
      isDropped = false;
      try {
        await writeJsonSynced(fileOf(state), {
          schema: 1,
          jobs: Object.fromEntries(told.jobs),
          isBusy: told.isBusy,
        });
      } catch (error) {
        isKept = false;
        throw error;
      }
    },
    async drop() {
      if (isDropped) return;
      await rm(fileOf(state), { force: true });
      isDropped = true;
      isKept = false;
    },
  };
}
