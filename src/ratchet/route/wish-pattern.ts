/**
 * What a pattern of words is, and how rows of them are written. Data is in the files beside (…-words.ts), reading in read-wishes.ts.
 */
import type { RatchetMode, RouteOut } from '../../domain/ratchet.ts';

/** What words can ask for. `next`: to be told where to go on; `card`: they name a CUDA card; `autoresearch`: they name the method. */
export type Wish = RatchetMode | Exclude<RouteOut, 'no-repository'> | 'walkthrough' | 'next' | 'card' | 'autoresearch';

/** 3: asked for in so many words; 2: what it is about; 1: a hint that counts where there is nothing else; 0: only a circumstance. */
export type Weight = 0 | 1 | 2 | 3;

/** One pattern and what it stands for. */
export interface WishPattern {
  wish: Wish | 'nothing';
  weight: Weight;
  pattern: RegExp;
  /** A negation before it is part of what is said: "does not fit". */
  keepsNegation?: true;
}

/** Articles and possessives, any number of them. */
const det = `(?:(?:the|a|an|my|our|your|its|this|that|these|those|all|some|any
  |der|die|das|den|ein|eine|einen|mein|meine|meinen|le|la|les|l'|un|une|mon|ma|mes|el|los|las|una|mi|mis) )*`;
/** Up to three words, as few as will do. */
const few = String.raw`(?:[^\s]+ ){0,3}?`;

/** The expression of a source: {det} and {few} put in, line ends and indents left out, whole words only. */
function createPattern(source: string): RegExp {
  const whole = source.replaceAll('{det}', det).replaceAll('{few}', few);
  return new RegExp(`(?<![\\w-])(?:${whole.replaceAll(/\s*\n\s*/g, '')})(?![\\w-])`, 'g');
}

/** Patterns that stand for the same, in the order in which they are tried. {det} is any articles, {few} up to three words. */
export function row(wish: WishPattern['wish'], weight: Weight, ...sources: string[]): WishPattern[] {
  return sources.map((source) => ({ wish, weight, pattern: createPattern(source) }));
}

/** The same for words in which a negation is part of what is said. */
export function rowWithNegation(wish: WishPattern['wish'], weight: Weight, ...sources: string[]): WishPattern[] {
  return row(wish, weight, ...sources).map((entry) => ({ ...entry, keepsNegation: true as const }));
}
