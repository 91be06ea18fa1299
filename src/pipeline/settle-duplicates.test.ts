/** Which of two ideas that say the same goes, and which word of a critic counts for nothing. */
import { expect, test } from 'vitest';
import type { Critique } from '../domain/idea.ts';
import { parseIdea } from '../lab/idea-text.ts';
import type { StoredIdea } from '../lab/ideas.ts';
import { settleDuplicates } from './settle-duplicates.ts';

const critique = (slug: string, duplicateOf: string | null, changes: Partial<Critique> = {}): Critique => ({
  slug,
  rating: 5,
  duplicateOf,
  isKnobOnly: false,
  text: 'so',
  ...changes,
});

function store(slug: string, changes: Partial<StoredIdea> = {}, date = '2026-11-20'): StoredIdea {
  const path = `1_ideas/${date === '' ? '' : `${date}_`}${slug}.md`;
  const text = `---\nslug: ${slug}\n---\n`;
  const { idea, problems } = parseIdea(text, path);
  return { path, text, idea, problems, isUsable: true, isRejected: false, ...changes };
}

const all = ['a', 'b', 'c', 'd', 'e'].map((slug) => store(slug));
const settle = (critiques: Critique[], ideas = all) => {
  const { repeats, problems } = settleDuplicates(critiques, ideas);
  return { repeats: Object.fromEntries(repeats), problems };
};

test('a duplicate of an idea that stays goes, whether that one was rated now or before', () => {
  expect(settle([critique('a', 'b')])).toEqual({ repeats: { a: 'b' }, problems: [] });
  expect(settle([critique('a', 'b'), critique('b', null)])).toEqual({ repeats: { a: 'b' }, problems: [] });
});

test.each([
  ['a slug that no idea has', 'nobody', all, 'a: duplicate_of names nobody, which is no idea of this lab;'],
  ['the beginning of a slug', 'b', [store('a'), store('b-long')], 'a: duplicate_of names b, which is no idea'],
  ['a file that cannot be read', 'b', [store('a'), store('b', { isUsable: false })], 'names b, which is no idea'],
  ['a rejected idea', 'b', [store('a'), store('b', { isRejected: true })], 'names b, which was turned away;'],
  ['itself', 'a', all, 'a: duplicate_of names the idea itself;'],
])('%s counts for nothing, and a problem says so', (_, target, ideas, words) => {
  const { repeats, problems } = settle([critique('a', target)], ideas);
  expect(repeats).toEqual({});
  expect(problems).toEqual([expect.stringContaining(words)]);
});

test('of a rejected idea that was taken up again the open copy counts', () => {
  const ideas = [store('a'), store('b', { isRejected: true }), store('b')];
  expect(settle([critique('a', 'b')], ideas).repeats).toEqual({ a: 'b' });
});

test.each<[string, StoredIdea[], number, number, string]>([
  ['the better rated', all, 4, 6, 'b'],
  ['of equal ones the older', [store('a', {}, '2026-11-21'), store('b')], 5, 5, 'b'],
  ['one with a day rather than one without', [store('a', {}, ''), store('b')], 5, 5, 'b'],
  ['of equally old ones the first', all, 5, 5, 'a'],
])('of two that name each other %s stays', (_, ideas, first, second, stays) => {
  const critiques = [critique('a', 'b', { rating: first }), critique('b', 'a', { rating: second })];
  const goes = stays === 'a' ? 'b' : 'a';
  for (const given of [critiques, [...critiques].reverse()])
    expect(settle(given, ideas)).toEqual({
      repeats: { [goes]: stays },
      problems: [`a, b are said to repeat each other; ${stays} stays`],
    });
});

test('of a circle one stays, also for what leads into it', () => {
  const critiques = [
    critique('d', 'a'),
    critique('a', 'b'),
    critique('b', 'c', { rating: 9 }),
    critique('c', 'a'),
    critique('e', null),
  ];
  expect(settle(critiques).repeats).toEqual({ a: 'b', c: 'b', d: 'b' });
});

test('a chain ends at the idea that stays', () => {
  expect(settle([critique('a', 'b'), critique('b', 'c')]).repeats).toEqual({ a: 'c', b: 'c' });
});

test('an idea whose twin is turned away for turning a knob stays', () => {
  const knob = { isKnobOnly: true };
  const { repeats, problems } = settle([critique('a', 'b'), critique('b', null, knob)]);
  expect(repeats).toEqual({});
  expect(problems).toEqual(['a: duplicate_of names b, which is turned away itself']);
  expect(settle([critique('d', 'a'), critique('a', 'b'), critique('b', null, knob)]).repeats).toEqual({ d: 'a' });
  expect(settle([critique('a', 'b', { ...knob, rating: 9 }), critique('b', 'a')]).repeats).toEqual({});
});

test('whatever critics say, no idea goes without one that stays', () => {
  const slugs = ['a', 'b', 'c', 'd'];
  // Every way in which four ideas can name each other or nobody.
  for (let code = 0; code < 5 ** slugs.length; code += 1) {
    const critiques = slugs.map((slug, index) =>
      critique(slug, [...slugs, null][Math.floor(code / 5 ** index) % 5] ?? null),
    );
    const { repeats } = settleDuplicates(critiques, all);
    for (const target of repeats.values()) expect(repeats.has(target), JSON.stringify(critiques)).toBe(false);
  }
});
