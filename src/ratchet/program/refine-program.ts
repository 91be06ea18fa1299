/**
 * Writes what a program.md lacks, and refreshes what stands between its own markers; every other byte stays as the user wrote it.
 * Pure; whether it may be written at all is program-mode.ts.
 */
import { LabError } from '../../errors/lab-error.ts';
import { checkProgram, isEmptyText } from './check-program.ts';
import { blankComments, type ProgramPart } from './program-sections.ts';
import {
  draftDirections,
  draftGoal,
  type ProgramFacts,
  renderBaseline,
  renderConstraints,
  renderTried,
} from './section-texts.ts';
import { headingOf, programSections, type Section } from './section-words.ts';

/** What was made of a text. */
export interface RefinedProgram {
  text: string;
  /** Sections that were missing or empty, in their order. */
  added: Section[];
  /** Sections whose marked part says something else now, or is new below the user's own words. */
  refreshed: Section[];
}

/** Sections of which the ratchet keeps a marked part. */
const marked = {
  'current baseline': 'baseline',
  'what has been tried': 'tried',
  constraints: 'constraints',
} as const satisfies Partial<Record<Section, string>>;

const beginOf = (name: string) => `<!-- nightlab:${name} -->`;
const endOf = (name: string) => `<!-- /nightlab:${name} -->`;

/** Offsets of the text between a section's markers; null where it has none. Throws LabError (user) where only one of them is there. */
function findMarked(text: string, name: string): { start: number; end: number } | null {
  const begin = text.indexOf(beginOf(name));
  const end = text.indexOf(endOf(name));
  if (begin === -1 && end === -1) return null;
  if (begin === -1 || end < begin) {
    const missing = begin === -1 ? beginOf(name) : endOf(name);
    throw new LabError('user', `program.md has one of the markers of "${name}" without the other: ${missing}`, {
      hints: [
        'put it back around what the lab wrote, or delete the other one: the part is then written anew',
        'nothing was changed',
      ],
    });
  }
  return { start: begin + beginOf(name).length, end };
}

/** The text without what stands between markers: the user's own words. */
export function ownWords(text: string): string {
  let own = text;
  for (const name of Object.values(marked)) {
    const found = findMarked(own, name);
    if (found !== null)
      own = own.slice(0, found.start - beginOf(name).length) + own.slice(found.end + endOf(name).length);
  }
  return own;
}

function contentOf(section: Section, facts: ProgramFacts, own: string): string | null {
  if (section === 'goal') return draftGoal(facts);
  if (section === 'prioritised directions') return draftDirections();
  if (section === 'current baseline') return renderBaseline(facts);
  if (section === 'constraints') return renderConstraints(facts);
  return renderTried(facts, own);
}

/** A comment that nothing closes would be closed by the first marker put in, and swallow what stands between. */
function ensureClosedComments(text: string): void {
  const open = blankComments(text).indexOf('<!--');
  if (open === -1) return;
  throw new LabError(
    'user',
    `program.md, line ${text.slice(0, open).split('\n').length}: a comment (<!--) is never closed`,
    {
      hints: ['put --> where it ends; nothing was changed'],
    },
  );
}

/**
 * Refines a program.md; null is one that is not there. Asked again with the same facts it changes nothing. Throws LabError (user) where markers or
 * comments are broken.
 */
export function refineProgram(before: string | null, facts: ProgramFacts): RefinedProgram {
  let text = before ?? '# Program\n';
  ensureClosedComments(text);
  // Found before the first change: what it throws must leave nothing half done.
  const own = ownWords(text);
  const lineEnd = text.includes('\r\n') ? '\r\n' : '\n';
  const added: Section[] = [];
  const refreshed: Section[] = [];
  for (const section of programSections) {
    const content = contentOf(section, facts, own);
    const name = section in marked ? marked[section as keyof typeof marked] : null;
    const place = name === null ? null : findMarked(text, name);
    const block = (shown: string) =>
      (name === null ? shown : `${beginOf(name)}\n${shown}\n${endOf(name)}`).replaceAll('\n', lineEnd);
    if (name !== null && place !== null) {
      const inner = `${lineEnd}${(content ?? 'Nothing yet.').replaceAll('\n', lineEnd)}${lineEnd}`;
      if (text.slice(place.start, place.end) === inner) continue;
      text = text.slice(0, place.start) + inner + text.slice(place.end);
      refreshed.push(section);
      continue;
    }
    const { found } = checkProgram(text);
    const part = found[section];
    if (part === undefined) {
      text = insertSection(text, section, block(content ?? 'Nothing yet.'), found, lineEnd);
      added.push(section);
    } else if (isEmptyText(part.text)) {
      text = insertAt(text, part.textStart, block(content ?? 'Nothing yet.'), lineEnd);
      added.push(section);
    } else if (content !== null && (section === 'current baseline' || section === 'what has been tried')) {
      // Measured facts go below the user's own words; of goal, directions and constraints those words are all that counts.
      text = insertAt(text, endOfOwnText(text, part), block(content), lineEnd);
      refreshed.push(section);
    }
  }
  return { text, added, refreshed };
}

/** Where the section's own text ends: before its first subheading, and before the blank lines above that. */
function endOfOwnText(text: string, { textStart, ownEnd }: ProgramPart): number {
  return textStart + text.slice(textStart, ownEnd).trimEnd().length;
}

/** Puts a block at an offset, with a blank line before and after it. */
function insertAt(text: string, at: number, block: string, lineEnd: string): string {
  const [before, after] = [text.slice(0, at), text.slice(at)];
  const ends = (before.match(/(?:\r?\n)*$/)?.[0] ?? '').replaceAll('\r', '').length;
  const begins = (after.match(/^(?:\r?\n)*/)?.[0] ?? '').replaceAll('\r', '').length;
  const lead = before.trim() === '' ? 0 : Math.max(0, 2 - ends);
  const tail = Math.max(0, (after.trim() === '' ? 1 : 2) - begins);
  return before + lineEnd.repeat(lead) + block + lineEnd.repeat(tail) + after;
}

/** A missing section goes behind the nearest found one that comes before it in the usual order, else before one that follows, else to the end. */
function insertSection(
  text: string,
  section: Section,
  block: string,
  found: Partial<Record<Section, ProgramPart>>,
  lineEnd: string,
): string {
  const rank = programSections.indexOf(section);
  const before = programSections.slice(0, rank).findLast((other) => found[other] !== undefined);
  const after = programSections.slice(rank + 1).find((other) => found[other] !== undefined);
  const neighbour = before !== undefined ? found[before] : after === undefined ? undefined : found[after];
  const at = neighbour === undefined ? text.length : before !== undefined ? neighbour.end : neighbour.start;
  const whole = `${'#'.repeat(neighbour?.level ?? 2)} ${headingOf(section)}${lineEnd}${lineEnd}${block}`;
  return insertAt(text, at, whole, lineEnd);
}
