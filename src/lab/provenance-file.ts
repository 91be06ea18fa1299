/**
 * provenance.json in an attempt's folder: where it lies, writing and reading it. What stands in it is gathered by the worker, and shown
 * by report-provenance.ts. It is no record: git has it only as far as a report carries it.
 */
import { join } from 'node:path';
import { z } from 'zod';
import type { Provenance } from '../domain/provenance.ts';
import { LabError } from '../errors/lab-error.ts';
import { readJson, writeJsonSynced } from './atomic-write.ts';

/** Name of the file in an attempt's folder. */
export const provenanceName = 'provenance.json';
/** Name of the list of installed packages beside it, one `name==version` a line; not there where they are not known. */
export const packagesName = 'packages.txt';

const text = z.string();
const schema = z.object({
  schema: z.literal(1),
  machine: z.object({ system: text, processor: text, cores: z.number(), memoryGb: z.number() }),
  device: z.object({ id: text, model: text, driver: text.nullable(), uuid: text.nullable() }),
  python: z.object({
    version: text.nullable(),
    executable: text.nullable(),
    packages: z.number().nullable(),
    packagesDigest: text.nullable(),
  }),
  locks: z.array(z.object({ path: text, blob: text })),
  data: text.nullable(),
  git: z.object({ commit: text, isSnapshot: z.boolean(), main: text }),
  lab: z.object({ version: text, node: text }),
  track: text,
}) satisfies z.ZodType<Provenance>;

/** The value as provenance; null where it is something else. */
export function parseProvenance(value: unknown): Provenance | null {
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : null;
}

/** Provenance of the attempt in `folder`; null where it has none, as in labs from before. Throws LabError naming a broken file. */
export function readProvenance(folder: string): Provenance | null {
  const file = join(folder, provenanceName);
  const value = readJson(file);
  if (value === null) return null;
  const provenance = parseProvenance(value);
  if (provenance === null) throw new LabError('user', `${file} is no provenance of an attempt, expected schema 1`);
  return provenance;
}

/** Writes it into `folder`; on disk for good once it resolves. Throws LabError naming the file. */
export async function writeProvenance(folder: string, provenance: Provenance): Promise<void> {
  await writeJsonSynced(join(folder, provenanceName), provenance);
}
