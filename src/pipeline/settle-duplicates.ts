/**
 * What comes of "this idea says the same as that one": a critic's word takes one of the two away, never both, and none at all where the other
 * one is not there. Pure; what a critic hands in is read by agents/outbox.ts, and who is turned away is written by critique.ts.
 */
import type { Critique } from '../domain/idea.ts';
import type { StoredIdea } from '../lab/ideas.ts';

/** What comes of the duplicates that critics named. */
export interface SettledDuplicates {
  /** Ideas to be turned away: their slug, and the slug of the idea that says the same and stays. */
  repeats: Map<string, string>;
  /** One sentence for each `duplicate_of` that does not count. */
  problems: string[];
}

/**
 * Settles the duplicates of some critiques among all ideas of the lab. Where ideas name each other in a circle, the best rated stays, of
 * equal ones the oldest, then the first by its file. An idea whose twin only turns a knob, and goes for that, stays.
 */
export function settleDuplicates(critiques: readonly Critique[], ideas: readonly StoredIdea[]): SettledDuplicates {
  const problems: string[] = [];
  const named = new Map<string, string>();
  for (const { slug, duplicateOf } of critiques) {
    if (duplicateOf === null) continue;
    const problem = checkTarget(slug, duplicateOf, ideas);
    if (problem === null) named.set(slug, duplicateOf);
    else problems.push(`${slug}: duplicate_of names ${problem}; it does not count`);
  }
  for (const circle of takeCircles(named)) {
    const [stays = ''] = circle.sort((a, b) => compare(a, b, critiques, ideas));
    named.delete(stays);
    problems.push(`${[...circle].sort().join(', ')} are said to repeat each other; ${stays} stays`);
  }
  const knobs = new Set(critiques.filter(({ isKnobOnly }) => isKnobOnly).map(({ slug }) => slug));
  const repeats = new Map<string, string>();
  // No circle is left, so this ends. Null: the idea goes for its own fault, and nothing is a duplicate of what goes.
  const lastOf = (slug: string): string | null => {
    const next = named.get(slug);
    const last = next === undefined ? null : lastOf(next);
    if (last !== null) return last;
    return knobs.has(slug) ? null : slug;
  };
  for (const [slug, target] of named) {
    const last = lastOf(target);
    if (last !== null) repeats.set(slug, last);
    else if (!knobs.has(slug)) problems.push(`${slug}: duplicate_of names ${target}, which is turned away itself`);
  }
  return { repeats, problems };
}

/** Why an idea cannot be a duplicate of the other; null where it can. */
function checkTarget(slug: string, target: string, ideas: readonly StoredIdea[]): string | null {
  if (target === slug) return 'the idea itself';
  const found = ideas.filter(({ idea, isUsable }) => isUsable && idea.slug === target);
  if (found.length === 0) return `${target}, which is no idea of this lab`;
  return found.some(({ isRejected }) => !isRejected) ? null : `${target}, which was turned away`;
}

/** The circles among the named ones; each idea names at most one, so that no two circles touch. */
function takeCircles(named: ReadonlyMap<string, string>): string[][] {
  const circles: string[][] = [];
  const seen = new Set<string>();
  for (const start of named.keys()) {
    const path: string[] = [];
    let slug: string | undefined = start;
    for (; slug !== undefined && !seen.has(slug); slug = named.get(slug)) {
      seen.add(slug);
      path.push(slug);
    }
    const from = slug === undefined ? -1 : path.indexOf(slug);
    if (from >= 0) circles.push(path.slice(from));
  }
  return circles;
}

/** Below zero where the first of two ideas is the one to stay. */
function compare(a: string, b: string, critiques: readonly Critique[], ideas: readonly StoredIdea[]): number {
  const ratingOf = (slug: string) => critiques.find((critique) => critique.slug === slug)?.rating ?? 0;
  const placeOf = (slug: string) => ideas.findIndex(({ idea, isRejected }) => !isRejected && idea.slug === slug);
  // An idea without a day is taken for the youngest.
  const dateOf = (slug: string) => ideas[placeOf(slug)]?.idea.date || '9999';
  return ratingOf(b) - ratingOf(a) || dateOf(a).localeCompare(dateOf(b)) || placeOf(a) - placeOf(b);
}
