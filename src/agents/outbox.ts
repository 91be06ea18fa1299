/**
 * What ideators, critics and implementers hand in as files in their outbox. Nothing that an agent writes is believed: what only the lab
 * may say is cleared, what is wrong is a problem in words, and nothing throws for bad content. Reviewer and reporter: outbox-review.ts.
 */
import { z } from 'zod';
import type { Critique, Idea } from '../domain/idea.ts';
import { checkIdea } from '../lab/check-idea.ts';
import { findValue, parseFrontMatter } from '../lab/front-matter.ts';
import { parseIdea } from '../lab/idea-text.ts';
import { readOutbox, readOutboxFile, showName } from './outbox-files.ts';

export { type ReportRead, type ReviewFinding, type ReviewRead, readReportProse, readReview } from './outbox-review.ts';

/** An idea as an agent handed it in. */
export interface ProposedIdea {
  /** Name in the outbox. */
  file: string;
  /** Its date is "" (the lab gives it), its state proposed, and it has no author, rating, critique or outcome yet. */
  idea: Idea;
  /** What keeps it from being researched; empty where nothing does. */
  problems: string[];
}

/** What an ideator handed in. */
export interface ProposedIdeas {
  /** By file name, which is the order in which the agent wants them read. */
  ideas: ProposedIdea[];
  /** What could not be read, and what was read otherwise than it was written; for a person. */
  problems: string[];
}

/** What a critic handed in. */
export interface CritiquesRead {
  /** In the order in which they were asked for, at most one of a slug. */
  critiques: Critique[];
  /** What could not be used, and which slugs have no critique. */
  problems: string[];
}

/** What an implementer says of its work. Whether there is a change is told by the diff alone. */
export type ImplementationRead = { kind: 'done'; notes: string } | { kind: 'cannot'; reason: string };

/** Reads one idea per markdown file. */
export function readProposedIdeas(outbox: string): ProposedIdeas {
  const { files, problems } = readOutbox(outbox);
  const ideas: ProposedIdea[] = [];
  for (const { name, text } of files) {
    if (!/\.(md|markdown)$/i.test(name)) {
      problems.push(`${showName(name)} was not read: an idea is a file <slug>.md`);
      continue;
    }
    // The number in front is only for the order. The day is the lab's to give, and one that stands here is not missed.
    const { idea, problems: remarks } = parseIdea(text, `2000-01-01_${name.replace(/^\d{1,3}[-_. ]+(?=[a-z])/i, '')}`);
    const own: Idea = {
      ...idea,
      date: '',
      state: 'proposed',
      author: '',
      rating: null,
      sections: { ...idea.sections, critique: '', outcome: '' },
    };
    problems.push(...remarks.map((remark) => `${showName(name)}: ${remark}`));
    ideas.push({ file: name, idea: own, problems: checkIdea(own) });
  }
  return { ideas, problems };
}

const noSlug = /^(?:|-|–|none|null|no|nothing|n\/a|false|~)$/i;
const yes = /^(?:true|yes)$/i;
const no = /^(?:|false|no|-|null|none|~)$/i;

const critiqueSchema = z.object({
  rating: z.string().transform((text, check) => {
    const figure = /^(\d+(?:\.\d+)?)(?:\s*\/\s*10)?$/.exec(text)?.[1];
    const rating = Number(figure ?? Number.NaN);
    if (rating >= 0 && rating <= 10) return rating;
    check.addIssue({ code: 'custom', message: `rating: got "${text.slice(0, 40)}", expected a number from 0 to 10` });
    return z.NEVER;
  }),
  duplicateOf: z.string().transform((text, check) => {
    if (noSlug.test(text)) return null;
    // "word-pairs (the same in other words)"
    const slug = slugOf(text.split(/[\s,;(]/)[0] ?? '');
    if (/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(slug)) return slug;
    check.addIssue({
      code: 'custom',
      message: `duplicate_of: got "${text.slice(0, 40)}", expected one slug or nothing`,
    });
    return z.NEVER;
  }),
  isKnobOnly: z.string().transform((text, check) => {
    if (yes.test(text)) return true;
    if (no.test(text)) return false;
    check.addIssue({ code: 'custom', message: `knob_only: got "${text.slice(0, 40)}", expected true or false` });
    return z.NEVER;
  }),
  text: z.string().min(1, 'has a rating and no opinion: say below the front matter why'),
});

/** The slug in a file's name or a reference, as files of ideas are called: with a day, a number or an ending. */
function slugOf(text: string): string {
  const name = text.trim().replaceAll('`', '').split('/').at(-1) ?? '';
  return name
    .replace(/\.(md|markdown)$/i, '')
    .replace(/^\d{4}-\d{2}-\d{2}_/, '')
    .toLowerCase();
}

function parseCritique(slug: string, text: string): Critique | string[] {
  const { values, body, problems } = parseFrontMatter(text);
  const value = (key: string): string => {
    const found = findValue(values, key) ?? '';
    return (Array.isArray(found) ? found.join(', ') : found).trim();
  };
  const parsed = critiqueSchema.safeParse({
    rating: value('rating'),
    duplicateOf: value('duplicate_of'),
    isKnobOnly: value('knob_only'),
    text: body.trim(),
  });
  if (!parsed.success) return [...problems, ...parsed.error.issues.map(({ message }) => message)];
  if (parsed.data.duplicateOf === slug) return ['duplicate_of: names the idea itself'];
  return { slug, ...parsed.data };
}

/** Reads one critique per file `<slug>.md`. `slugs` are those that were asked for. */
export function readCritiques(outbox: string, slugs: readonly string[]): CritiquesRead {
  const { files, problems } = readOutbox(outbox);
  const critiques = new Map<string, Critique>();
  for (const { name, text } of files) {
    const slug = slugs.find((asked) => asked === slugOf(name));
    if (slug === undefined || !/\.(md|markdown)$/i.test(name)) {
      problems.push(`${showName(name)} was not read: no idea of this name was asked for`);
      continue;
    }
    const critique = critiques.has(slug)
      ? [`is a second critique of ${slug}, the first counts`]
      : parseCritique(slug, text);
    if (Array.isArray(critique)) problems.push(...critique.map((problem) => `${showName(name)}: ${problem}`));
    else critiques.set(slug, critique);
  }
  const missing = slugs.filter((slug) => !critiques.has(slug));
  if (missing.length > 0) problems.push(`no critique that can be used of ${missing.join(', ')}`);
  const ordered = slugs.flatMap((slug) => critiques.get(slug) ?? []);
  return { critiques: [...new Set(ordered)], problems };
}

/** Reads cannot.md, which counts where it is there in any form, else notes.md; no notes are "". */
export function readImplementation(outbox: string): ImplementationRead {
  const cannot = readOutboxFile(outbox, 'cannot.md');
  if (cannot.kind === 'wrong') return { kind: 'cannot', reason: `the reason is not known: ${cannot.problem}` };
  if (cannot.kind === 'text') return { kind: 'cannot', reason: cannot.text.trim() || 'the agent gave no reason' };
  const notes = readOutboxFile(outbox, 'notes.md');
  if (notes.kind === 'wrong') return { kind: 'done', notes: `(no notes: ${notes.problem})` };
  return { kind: 'done', notes: notes.kind === 'text' ? notes.text.trim() : '' };
}
