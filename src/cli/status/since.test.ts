/** What --since reads, and what it refuses. */
import { expect, test } from 'vitest';
import { parseSince } from './since.ts';

const now = new Date('2026-11-20T12:00:00Z');

test('spans count back from now, moments are what they are, a date is its local midnight', () => {
  expect(parseSince('2h', now).toISOString()).toBe('2026-11-20T10:00:00.000Z');
  expect(parseSince('30min', now).toISOString()).toBe('2026-11-20T11:30:00.000Z');
  expect(parseSince('2026-11-19T08:00:00+02:00', now).toISOString()).toBe('2026-11-19T06:00:00.000Z');
  expect(parseSince('2026-11-19', now)).toEqual(new Date(2026, 10, 19));
});

test.each(['', '2', 'yesterday-ish', '2026-13-01', '2y'])('"%s" is refused', (text) => {
  expect(() => parseSince(text, now)).toThrow(/--since got/);
});
