import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isSlug, slugify, slugLength } from './slug.ts';

test.each([
  ['Longer contexts: 4 and 5!', 'longer-contexts-4-and-5'],
  ['Über die Größe', 'uber-die-grosse'],
  ["Don't stop", 'dont-stop'],
  ['Serve the average of the late iterates in place of the final ones', 'serve-the-average-of-the-late-iterates'],
  ['x'.repeat(60), 'x'.repeat(40)],
  ['_TEMPLATE', 'template-idea'],
  ['rejected', 'rejected-idea'],
  ['README', 'readme-idea'],
  ['../../etc/passwd', 'etc-passwd'],
])('"%s" becomes %s', (title, slug) => {
  expect(slugify(title)).toBe(slug);
});

test('any title gives a slug of at most 40 characters that is its own slug', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (title) => {
      const slug = slugify(title);
      expect(isSlug(slug) && slug.length <= slugLength && slugify(slug) === slug).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test('titles without a Latin letter are told apart', () => {
  expect(slugify('更长的上下文')).not.toBe(slugify('词对'));
  expect(slugify('词对')).toBe(slugify('词对'));
});
