/** The files that the recorded agent hands in, as text. Which of them a role writes, and when, is in play-roles.ts; they are read by agents/outbox.ts. */
import { stringify } from 'yaml';
import type { ReportProse } from '../../domain/report.ts';
import { formatEntries } from '../../lab/front-matter.ts';
import { formatSections } from '../../lab/markdown-sections.ts';
import type { RecordedReview } from './implementation.ts';
import type { RecordedIdea } from './recorded-idea.ts';

/** An idea as the ideator hands it in. */
export function formatProposal(idea: RecordedIdea): string {
  const front = formatEntries({
    slug: idea.slug,
    title: idea.title,
    category: idea.category,
    expected: idea.expected,
    refuted_by: idea.refutedBy,
    cost_minutes: String(idea.costMinutes),
    sources: idea.sources,
  });
  const sections = [
    { heading: 'Hypothesis', text: idea.hypothesis },
    { heading: 'Mechanism', text: idea.mechanism },
    { heading: 'Change', text: idea.change },
    { heading: 'Test plan', text: idea.testPlan },
    { heading: 'Sources', text: idea.sourcesText },
  ];
  return `---\n${front}---\n\n${formatSections(sections)}`;
}

/** The critic's opinion of an idea. */
export function formatOpinion({ critique }: RecordedIdea): string {
  const front = formatEntries({
    rating: String(critique.rating),
    duplicate_of: critique.duplicateOf,
    knob_only: String(critique.isKnobOnly),
  });
  return `---\n${front}---\n\n${critique.text}\n`;
}

/** The reviewer's word on a change. */
export function formatReview(review: RecordedReview): string {
  return `---\n${stringify({ verdict: review.verdict, findings: review.findings }, { lineWidth: 0 })}---\n\n${review.text}\n`;
}

/** The prose of a report; a heading without anything to say has "None." below it. */
export function formatProse(prose: ReportProse): string {
  const sections: [string, string][] = [
    ['What was changed', prose.changed],
    ['Inferences', prose.inferences],
    ['Claims', prose.claims],
    ['What next', prose.next],
    ['Journal', prose.summary],
  ];
  return formatSections(sections.map(([heading, text]) => ({ heading, text: text === '' ? 'None.' : text })));
}
