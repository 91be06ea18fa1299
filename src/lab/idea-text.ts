/**
 * Ideas as files: reading what people and agents write, kindly and with a word on what is missing, and writing the canonical form. Pure;
 * ideas.ts reads the folder, and whether an idea is good enough to be researched is told by check-idea.ts.
 */
import { editDistance } from '../config/check-config.ts';
import type { Idea, IdeaSections } from '../domain/idea.ts';
import { LabError } from '../errors/lab-error.ts';
import { findValue, formatEntries, parseFrontMatter, setFrontMatter } from './front-matter.ts';
import { foldKey } from './front-matter-entries.ts';
import { formatLine } from './front-matter-values.ts';
import { parseCategory, parseDate, parseMinutes, parseRating, parseSources, parseState } from './idea-values.ts';
import { classifyLines } from './markdown-fences.ts';
import { foldHeading, formatSections, parseSections, type Section, setSection } from './markdown-sections.ts';
import { isSlug, slugify } from './slug.ts';

export { checkIdea } from './check-idea.ts';
export { slugify } from './slug.ts';

/** Headings of an idea's file in their order, and where each one's text goes. */
export const ideaHeadings = [
  ['hypothesis', 'Hypothesis'],
  ['mechanism', 'Mechanism'],
  ['change', 'Change'],
  ['testPlan', 'Test plan'],
  ['sources', 'Sources'],
  ['critique', 'Critique'],
  ['outcome', 'Outcome'],
] as const satisfies [keyof IdeaSections, string][];

const headingOrder = ideaHeadings.map(([, heading]) => heading);
// DESIGN.md section 2, in the order of the file.
const ideaKeys = [
  'slug',
  'title',
  'date',
  'state',
  'category',
  'expected',
  'refuted_by',
  'cost_minutes',
  'sources',
  'author',
  'rating',
];

/** An idea as read, with what was missing or wrong in its file: one sentence each. */
export interface ParsedIdea {
  idea: Idea;
  problems: string[];
}

/** Date and slug in a file's name ("2026-11-21_slug.md"); null for what the name does not tell. Folders before it are passed over. */
export function parseIdeaFileName(fileName: string): { date: string | null; slug: string | null } {
  const stem = (fileName.split(/[\\/]/).at(-1) ?? '').replace(/\.(?:md|markdown)$/i, '');
  const found = /^(\d{4}-\d{2}-\d{2})(?:_(.+))?$/.exec(stem);
  const rest = found === null ? stem : (found[2] ?? '');
  return { date: parseDate(found?.[1] ?? ''), slug: rest === '' ? null : rest };
}

function findTitle(body: string): string {
  const lines = body.split('\n').map((line) => line.replace(/\r$/, ''));
  const kinds = classifyLines(lines);
  const line = lines.find((text, index) => kinds[index] === 'text' && /^ {0,3}#[ \t]/.test(text));
  return line === undefined ? '' : formatLine(line.trim().slice(1)).replace(/[ \t]#+$/, '');
}

/**
 * Reads an idea's file. Never throws: what is missing gets a default, and a problem says so. `fileName` gives slug and date where the
 * front matter does not; the title comes from the first `# ` heading, else from the slug. A text that the fixed headings do not
 * cover is not part of the idea, and a problem says which.
 */
export function parseIdea(text: string, fileName: string): ParsedIdea {
  const { values, body, problems: found } = parseFrontMatter(text);
  const problems = [...found];
  const read = (key: string): string => {
    const value = findValue(values, key);
    return formatLine(Array.isArray(value) ? value.join(', ') : (value ?? ''));
  };
  const take = <T>({ value, problem }: { value: T; problem: string | null }): T => {
    if (problem !== null) problems.push(problem);
    return value;
  };
  for (const key of Object.keys(values)) {
    const near = findMistypedKey(key);
    if (near !== null) problems.push(`${key}: no key of an idea, its value is not read; did you mean ${near}?`);
  }
  const name = parseIdeaFileName(fileName);
  const heading = findTitle(body);
  const slug = take(readSlug(read('slug'), name, read('title') || heading));
  const title = read('title') || heading;
  if (title === '') problems.push('has no title: write "title: …", one line that says the change; its slug is taken');
  const idea: Idea = {
    slug,
    title: title || slug.replaceAll('-', ' '),
    date: take(readDate(read('date'), name.date)),
    state: take(parseState(read('state'))),
    category: take(parseCategory(read('category'))),
    expected: read('expected'),
    refutedBy: read('refuted_by'),
    costMinutes: take(parseMinutes(read('cost_minutes'))),
    sources: parseSources(findValue(values, 'sources')),
    author: read('author'),
    rating: take(parseRating(read('rating'))),
    sections: readSections(body, problems),
  };
  return { idea, problems };
}

/** The key of an idea that a key nearly is; null where it is one, or something of the author's own. */
function findMistypedKey(key: string): string | null {
  const folded = foldKey(key).slice(0, 40);
  if (ideaKeys.some((known) => foldKey(known) === folded)) return null;
  return ideaKeys.find((known) => known.length > 4 && editDistance(folded, foldKey(known)) <= 2) ?? null;
}

function readSlug(
  written: string,
  ofFile: { date: string | null; slug: string | null },
  title: string,
): { value: string; problem: string | null } {
  if (written === '') {
    const { slug } = ofFile;
    return { value: slug !== null && isSlug(slug) ? slug : slugify(slug ?? title), problem: null };
  }
  if (!isSlug(written)) {
    const value = slugify(written);
    return { value, problem: `slug: got "${written}", expected words in kebab-case; read as ${value}` };
  }
  // Only a name with a day in it is meant to hold the slug; an agent may hand in "idea-1.md".
  const differs = ofFile.date !== null && ofFile.slug !== null && ofFile.slug !== written;
  const problem = differs ? `slug: got "${written}", the file's name says "${ofFile.slug}"; the first counts` : null;
  return { value: written, problem };
}

function readDate(written: string, ofFile: string | null): { value: string; problem: string | null } {
  const date = parseDate(written);
  if (date !== null) return { value: date, problem: null };
  const read = ofFile === null ? '' : `; read as ${ofFile}`;
  if (written !== '') return { value: ofFile ?? '', problem: `date: got "${written}", expected YYYY-MM-DD${read}` };
  return { value: ofFile ?? '', problem: ofFile === null ? 'has no date: write "date: YYYY-MM-DD"' : null };
}

function readSections(body: string, problems: string[]): IdeaSections {
  const sections = parseSections(body);
  const known = new Map<string, keyof IdeaSections>(ideaHeadings.map(([key, heading]) => [foldHeading(heading), key]));
  const texts: IdeaSections = {
    hypothesis: '',
    mechanism: '',
    change: '',
    testPlan: '',
    sources: '',
    critique: '',
    outcome: '',
  };
  const seen = new Set<keyof IdeaSections>();
  for (const { heading, text } of sections) {
    const key = known.get(foldHeading(heading));
    if (key === undefined) {
      problems.push(`heading "${heading}": none of ${headingOrder.join(', ')}; its text is not read`);
    } else if (seen.has(key)) {
      problems.push(`heading "${heading}" stands twice; only the first one is read`);
    } else {
      texts[key] = text;
      seen.add(key);
    }
  }
  problems.push(...findMisplacedHeadings(body, sections, known));
  return texts;
}

/** Fixed headings that stand there with another number of hashes, while the right one is missing. */
function findMisplacedHeadings(body: string, sections: Section[], known: Map<string, unknown>): string[] {
  const present = new Set(sections.map(({ heading }) => foldHeading(heading)));
  const lines = body.split('\n').map((line) => line.replace(/\r$/, ''));
  const kinds = classifyLines(lines);
  return lines.flatMap((line, index) => {
    const found = kinds[index] === 'text' ? /^ {0,3}(#{1,6})[ \t]*([^#\s].{0,40})$/.exec(line) : null;
    const folded = foldHeading(found?.[2] ?? '');
    if (found === null || !known.has(folded) || present.has(folded)) return [];
    return [`"${line.trim()}" is no heading of an idea: write "## ${found[2]?.trim()}"`];
  });
}

/** The canonical file of an idea. parseIdea gives the idea back, texts trimmed and one-line values on one line. */
export function formatIdea(idea: Idea): string {
  const front = formatEntries({
    slug: idea.slug,
    title: idea.title,
    date: idea.date,
    state: idea.state,
    category: idea.category,
    expected: idea.expected,
    refuted_by: idea.refutedBy,
    cost_minutes: formatNumber(idea.costMinutes),
    sources: idea.sources.length === 0 ? null : idea.sources,
    author: idea.author,
    rating: formatNumber(idea.rating),
  });
  const sections = ideaHeadings.map(([key, heading]) => ({ heading, text: idea.sections[key] }));
  return `---\n${front}---\n\n${formatSections(sections)}`;
}

function formatNumber(value: number | null): string | null {
  return value === null ? null : String(value);
}

/** What of an idea can be changed in its file; what is absent stays. */
export type IdeaEdit = Partial<
  Pick<Idea, 'state' | 'rating' | 'title' | 'category' | 'expected' | 'refutedBy' | 'costMinutes'>
> & { critique?: string; outcome?: string };

/** An idea's file with these changes; every other byte stays, also what parseIdea cannot read. */
export function editIdea(text: string, edit: IdeaEdit): string {
  const values: Record<string, string | null> = {};
  if (edit.title !== undefined) values.title = edit.title;
  if (edit.state !== undefined) values.state = edit.state;
  if (edit.category !== undefined) values.category = edit.category;
  if (edit.expected !== undefined) values.expected = edit.expected;
  if (edit.refutedBy !== undefined) values.refuted_by = edit.refutedBy;
  if (edit.costMinutes !== undefined) values.cost_minutes = formatNumber(edit.costMinutes);
  if (edit.rating !== undefined) values.rating = formatNumber(edit.rating);
  let edited = setFrontMatter(text, values);
  if (edit.critique !== undefined) edited = setSection(edited, 'Critique', edit.critique, headingOrder);
  if (edit.outcome !== undefined) edited = setSection(edited, 'Outcome', edit.outcome, headingOrder);
  return edited;
}

/** Name of an idea's file: "2026-11-21_slug.md". Throws LabError (internal) without a day or with a slug that is none. */
export function ideaFileName(idea: Pick<Idea, 'date' | 'slug'>): string {
  if (parseDate(idea.date) !== idea.date || !isSlug(idea.slug)) {
    throw new LabError(
      'internal',
      `an idea of "${idea.date}" named "${idea.slug}" has no file name; expected YYYY-MM-DD and kebab-case`,
    );
  }
  return `${idea.date}_${idea.slug}.md`;
}
