/**
 * The shape of one idea in the recorded session, with the critique that another agent gave it, and the small tag that
 * lets long texts be written over several lines. Holds no ideas: those are in ideas-*.ts, their order in recording.ts.
 */
import type { IdeaCategory } from '../../domain/idea.ts';

/** What the recorded critic said about one idea. */
export interface RecordedCritique {
  /** 0 (worthless) to 10, in halves. */
  rating: number;
  /** Slug of an earlier idea of the session that says the same; null where there is none. */
  duplicateOf: string | null;
  /** True where the idea only turns a knob and has no mechanism: the lab turns it away. */
  isKnobOnly: boolean;
  /** The opinion in one paragraph, never empty. */
  text: string;
}

/** One idea of the session as the ideator hands it in, and its critique. Texts are one paragraph each, never empty. */
export interface RecordedIdea {
  /** Kebab-case, at most 40 characters, unique in the session. */
  slug: string;
  /** One line that says the change. */
  title: string;
  category: IdeaCategory;
  /** Expected change, signed, with its unit: "-0.200 val_bpb". Written before any run, so it may be wrong. */
  expected: string;
  /** The result that would refute the idea. */
  refutedBy: string;
  /** Minutes on the device for the runs that the test plan asks for. */
  costMinutes: number;
  /** Short names of what it rests on: "Polyak 1964", or a path in the lab. */
  sources: string[];
  hypothesis: string;
  mechanism: string;
  change: string;
  testPlan: string;
  /** The sources in full: authors, year, title, and what was taken from them. */
  sourcesText: string;
  critique: RecordedCritique;
}

/** Template tag: makes one line of a text that is written over several, so that the source stays readable. */
export function fold(parts: TemplateStringsArray): string {
  return parts.join('').replace(/\s+/g, ' ').trim();
}

/** What an idea names that rests on the description of the problem and on nothing that was read elsewhere. */
export const problemPage = '0_docs/problem.md';
