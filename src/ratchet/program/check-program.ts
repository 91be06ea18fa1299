/**
 * Whether a program.md has the five sections that a session of the ratchet begins with: goal, current baseline, prioritised directions,
 * what has been tried, constraints. Pure; who writes what is missing is refine-program.ts.
 */
import { blankComments, type ProgramPart, parseProgram } from './program-sections.ts';
import { programSections, type Section, sectionsOfHeading } from './section-words.ts';

/** One of the five sections. */
export type { Section } from './section-words.ts';

/** What a program.md has of the five sections. */
export interface ProgramCheck {
  /** Sections without a heading, or with nothing but holes and comments below it; in the order of programSections. */
  missing: Section[];
  /** The part of the file that is each section; absent where it has none. An empty one is here and in `missing`. */
  found: Partial<Record<Section, ProgramPart>>;
  /** True for a text in the shape that autoresearch ships: Setup, Experimentation, The experiment loop, and none of the five. */
  isOriginal: boolean;
}

/** True where nothing is said: blanks, comments, headings and {FILL_IN} holes alone. */
export function isEmptyText(text: string): boolean {
  const rest = blankComments(text)
    .replace(/\{FILL_IN[^}]*\}/g, '')
    .replace(/^ {0,3}#{1,6}(?:[ \t].*)?$/gm, '')
    .replace(/[\s*+>_.:-]+/g, '');
  return rest === '';
}

/** Checks a program.md. Of several parts that name one section the first that says something counts. */
export function checkProgram(text: string): ProgramCheck {
  const parts = parseProgram(text);
  const found: Partial<Record<Section, ProgramPart>> = {};
  for (const part of parts) {
    for (const section of sectionsOfHeading(part.heading)) {
      const known = found[section];
      if (known === undefined || (isEmptyText(known.text) && !isEmptyText(part.text))) found[section] = part;
    }
  }
  const missing = programSections.filter((section) => {
    const part = found[section];
    return part === undefined || isEmptyText(part.text);
  });
  const headings = new Set(parts.map(({ heading }) => heading.toLowerCase()));
  const originals = ['setup', 'experimentation', 'output format', 'logging results', 'the experiment loop'];
  const shared = originals.filter((heading) => headings.has(heading)).length;
  return { missing, found, isOriginal: shared >= 3 && missing.length === programSections.length };
}
