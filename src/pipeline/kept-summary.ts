/** What the report stage keeps beside an experiment's state: the facts of the report and the words for the journal. */
import { join } from 'node:path';
import { z } from 'zod';
import type { LabPaths } from '../config/lab-paths.ts';
import type { ReportFacts, ReportProse } from '../domain/report.ts';
import { LabError } from '../errors/lab-error.ts';
import { readJson, writeJsonSynced } from '../lab/atomic-write.ts';
import { experimentFolder } from '../lab/experiments.ts';

/** What is kept. */
export interface KeptSummary {
  facts: ReportFacts;
  /** For the journal; "" where no agent wrote a word. */
  summary: string;
  next: string;
}

// The facts are the lab's own, written by the same code; what matters is that the file is whole.
const schema = z.object({
  facts: z.custom<ReportFacts>((value) => typeof value === 'object' && value !== null),
  summary: z.string(),
  next: z.string(),
});

function fileOf(paths: LabPaths, slug: string, attempt: number): string {
  return join(experimentFolder(paths, slug), `summary-${attempt}.json`);
}

/** Writes it; on disk for good once it resolves. */
export async function writeKeptSummary(
  paths: LabPaths,
  attempt: number,
  facts: ReportFacts,
  prose: ReportProse | null,
): Promise<void> {
  const kept: KeptSummary = { facts, summary: prose?.summary ?? '', next: prose?.next ?? '' };
  await writeJsonSynced(fileOf(paths, facts.slug, attempt), kept);
}

/** Reads that of one attempt. Throws LabError (user) where this machine keeps none. */
export function readKeptSummary(paths: LabPaths, slug: string, attempt: number): KeptSummary {
  const file = fileOf(paths, slug, attempt);
  const parsed = schema.safeParse(readJson(file));
  if (parsed.success) return parsed.data;
  throw new LabError(
    'user',
    `${file} is missing or broken: what was measured is kept on the machine that ran ${slug}`,
    {
      hints: [`\`lab report ${slug}\` shows what is in git`],
    },
  );
}
