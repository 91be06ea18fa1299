/** One testable claim about the problem, and what an independent opinion made of it. Types and word lists only; text form is in lab/idea-text.ts. */

/** Where an idea stands, in the order in which it gets there; `rejected` can follow any of them. */
export const ideaStates = [
  'proposed',
  'critiqued',
  'selected',
  'implementing',
  'queued',
  'decided',
  'rejected',
] as const;
/** One of ideaStates. */
export type IdeaState = (typeof ideaStates)[number];

/** What kind of change an idea is. */
export const ideaCategories = [
  'architecture',
  'optimizer',
  'data',
  'loss',
  'loop',
  'regularisation',
  'simplification',
  'hyperparameter',
] as const;
/** One of ideaCategories. */
export type IdeaCategory = (typeof ideaCategories)[number];

/** The texts of an idea under its fixed headings, trimmed; "" where a heading is missing or empty. */
export interface IdeaSections {
  hypothesis: string;
  mechanism: string;
  change: string;
  testPlan: string;
  sources: string;
  critique: string;
  outcome: string;
}

/** One idea: the front matter and the sections of a file in 1_ideas. */
export interface Idea {
  /** Kebab-case, unique in the lab. */
  slug: string;
  title: string;
  /** "2026-11-21", the day it was written. */
  date: string;
  state: IdeaState;
  category: IdeaCategory;
  /** Expected change as written: "-0.010 val_bpb"; "" where none is stated. */
  expected: string;
  /** What result would refute it; "" where none is stated. */
  refutedBy: string;
  /** Minutes on the device; null where not stated. */
  costMinutes: number | null;
  sources: string[];
  author: string;
  /** 0 to 10 from the critique; null before it. */
  rating: number | null;
  sections: IdeaSections;
}

/** An independent opinion on one idea. */
export interface Critique {
  /** Slug of the idea that it is about. */
  slug: string;
  /** 0 (worthless) to 10. */
  rating: number;
  /** Slug of the idea that says the same; null where there is none. */
  duplicateOf: string | null;
  /** True where the idea only turns a knob and has no mechanism: it is turned away. */
  isKnobOnly: boolean;
  /** The opinion: is it sound, how may it fail, is it testable. Markdown, never empty. */
  text: string;
}
