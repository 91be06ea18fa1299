/**
 * The typed values of an idea's front matter, read from text: each gives a value and, where it had to guess, a sentence that says what was
 * written and what was expected. Texts that need no type are read in idea-text.ts.
 */
import { editDistance } from '../config/check-config.ts';
import { type IdeaCategory, type IdeaState, ideaCategories, ideaStates } from '../domain/idea.ts';
import { foldKey } from './front-matter-entries.ts';
import { formatLine } from './front-matter-values.ts';

/** A value and what was wrong with the text that it was read from; null where nothing was. */
export interface ReadValue<T> {
  value: T;
  problem: string | null;
}

// Other spellings of the same word, folded as keys are.
const otherWords: Record<string, IdeaCategory> = {
  regularization: 'regularisation',
  simplify: 'simplification',
  optimiser: 'optimizer',
  optimization: 'optimizer',
  optimisation: 'optimizer',
  hyperparameters: 'hyperparameter',
};

function nearestWord<T extends string>(word: string, words: readonly T[]): T | null {
  const begun = words.filter((candidate) => word.length >= 3 && candidate.startsWith(word));
  if (begun.length === 1) return begun[0] ?? null;
  const ranked = words
    .map((candidate) => ({ candidate, distance: editDistance(word.slice(0, 40), candidate) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best !== undefined && best.distance <= 3 && best.distance < best.candidate.length / 2 ? best.candidate : null;
}

function parseWord<T extends string>(key: string, text: string, words: readonly T[], fallback: T): ReadValue<T> {
  const folded = foldKey(text);
  const known = words.find((word) => word === folded);
  if (known !== undefined) return { value: known, problem: null };
  const near = nearestWord(folded, words);
  const ending = near === null ? `; read as ${fallback}` : `; did you mean ${near}?`;
  return {
    value: near ?? fallback,
    problem: `${key}: got "${text}", expected one of ${words.join(', ')}${ending}`,
  };
}

/** The category; without one or with an unknown word, a problem says how it is read (`architecture`, or the nearest word). */
export function parseCategory(text: string): ReadValue<IdeaCategory> {
  if (text === '') {
    const words = ideaCategories.join(', ');
    return { value: 'architecture', problem: `has no category: expected one of ${words}; read as architecture` };
  }
  const other = Object.entries(otherWords).find(([word]) => word === foldKey(text))?.[1];
  if (other !== undefined) return { value: other, problem: null };
  return parseWord('category', text, ideaCategories, 'architecture');
}

/** The state; `proposed` where none is written. */
export function parseState(text: string): ReadValue<IdeaState> {
  return text === '' ? { value: 'proposed', problem: null } : parseWord('state', text, ideaStates, 'proposed');
}

/** A day of the calendar as "2026-11-21", also from a longer moment; null where the text is none. */
export function parseDate(text: string): string | null {
  const day = /^(\d{4}-\d{2}-\d{2})(?:$|[T ])/.exec(text)?.[1];
  if (day === undefined) return null;
  const time = Date.parse(`${day}T00:00:00Z`);
  return Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== day ? null : day;
}

const noValue = /^(?:|~|-|null|none|n\/a|\?|tbd)$/i;

/** Device minutes ("5", "5 min", "1.5 h"); null where none are stated. */
export function parseMinutes(text: string): ReadValue<number | null> {
  if (noValue.test(text)) return { value: null, problem: null };
  const found = /^[~≈]?\s*(\d[\d.]*(?:e[+-]?\d+)?|\.\d+)\s*(m|min|mins|minutes?|h|hours?|s|sec|seconds?)?$/i.exec(text);
  const unit = found?.[2]?.charAt(0).toLowerCase();
  const number = Number(found?.[1] ?? Number.NaN);
  const value = unit === 'h' ? number * 60 : unit === 's' ? number / 60 : number;
  if (Number.isFinite(value)) return { value, problem: null };
  return { value: null, problem: `cost_minutes: got "${text}", expected minutes on the device, for example 5` };
}

/** A rating from 0 to 10 ("7", "7.5/10"); null where there is none yet. */
export function parseRating(text: string): ReadValue<number | null> {
  if (noValue.test(text)) return { value: null, problem: null };
  const found = /^(\d+(?:\.\d+)?(?:e[+-]?\d+)?|\.\d+)\s*(?:\/\s*10)?$/i.exec(text);
  const value = Number(found?.[1] ?? Number.NaN);
  if (value >= 0 && value <= 10) return { value, problem: null };
  return {
    value: null,
    problem: `rating: got "${text}", expected a number from 0 to 10, or nothing before the critique`,
  };
}

/** Sources: a list, or one text in which `;` parts them, or commas where no source has a space in it. */
export function parseSources(value: string | string[] | undefined): string[] {
  if (value === undefined) return [];
  const texts = Array.isArray(value) ? value : splitSources(value);
  return texts.map(formatLine).filter((text) => text !== '');
}

function splitSources(text: string): string[] {
  const lines = text.split(/\r?\n|;/);
  return lines.flatMap((line) => (/^\s*[^\s,]+(?:,\s*[^\s,]+)+\s*$/.test(line) ? line.split(',') : [line]));
}
