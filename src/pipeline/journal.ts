/** The last stage: what the experiment taught, as an entry at the top of the journal. Asked for twice it is there once. */
import { join } from 'node:path';
import { z } from 'zod';
import type { ReportFacts } from '../domain/report.ts';
import { LabError } from '../errors/lab-error.ts';
import { readJson } from '../lab/atomic-write.ts';
import { experimentFolder } from '../lab/experiments.ts';
import { formatExperimentEntry } from '../lab/journal.ts';
import { reachPoint } from '../lab/named-point.ts';
import type { Stage } from './context.ts';
import { recordPatiently } from './lab-gate.ts';

// Written by the report stage of the same build or an older one; the facts are the lab's own and are taken as they are.
const kept = z.object({
  facts: z.custom<ReportFacts>((value) => typeof value === 'object' && value !== null),
  summary: z.string(),
  next: z.string(),
});

/** The stage. */
export const journal: Stage = async (context, experiment) => {
  const { paths, gate, signal, tell } = context;
  const { slug, attempt } = experiment;
  const file = join(experimentFolder(paths, slug), `summary-${attempt}.json`);
  const parsed = kept.safeParse(readJson(file));
  if (!parsed.success || experiment.report === null)
    throw new LabError('internal', `${file} is missing or broken; the report stage writes it`);
  const { facts, summary, next } = parsed.data;
  const text = formatExperimentEntry({ facts, attempt, report: experiment.report, summary, next });
  await recordPatiently(gate, signal, tell, async () => ({
    subject: `journal of ${slug}`,
    changes: [],
    entries: [{ slug, attempt, text }],
  }));
  reachPoint('journal-recorded');
  return { kind: 'next', experiment: { ...experiment, next: 'done' }, note: 'in RESEARCH_JOURNAL.md' };
};
