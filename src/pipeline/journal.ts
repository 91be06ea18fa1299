/** The last stage: what the experiment taught, as an entry at the top of the journal. Asked for twice it is there once. */
import { formatExperimentEntry } from '../lab/journal.ts';
import { reachPoint } from '../lab/named-point.ts';
import type { Stage } from './context.ts';
import { readKeptSummary } from './kept-summary.ts';
import { recordPatiently } from './lab-gate.ts';

/** The stage. */
export const journal: Stage = async (context, experiment) => {
  const { paths, gate, signal, tell } = context;
  const { slug, attempt, report } = experiment;
  const text = formatExperimentEntry({ ...readKeptSummary(paths, slug, attempt), attempt, report });
  await recordPatiently(gate, signal, tell, async () => ({
    subject: `journal of ${slug}`,
    changes: [],
    entries: [{ slug, attempt, text }],
  }));
  reachPoint('journal-recorded');
  return { kind: 'next', experiment: { ...experiment, next: 'done' }, note: 'in RESEARCH_JOURNAL.md' };
};
