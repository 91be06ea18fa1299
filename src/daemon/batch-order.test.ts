/** Requests of one submission that come after each other: what is resolved, and what is refused before a number is given. */
import { expect, test } from 'vitest';
import { orderRequests } from './batch-order.ts';

const after = (...keys: string[]) => keys.map((key) => ({ key, any: false }));
const findNumber = (key: string) => (key === 'old' ? 7 : null);

test('a request comes after others of its submission, above and below, and after jobs of earlier ones', () => {
  const requests = [
    { key: 'a', afterKeys: [{ key: 'b', any: true }] },
    { key: 'b', afterKeys: after('old') },
    { key: 'c', afterKeys: after('a', 'b') },
    { key: 'd' },
  ];
  expect(orderRequests(requests, findNumber)).toEqual([
    [{ place: 1, any: true }],
    [{ number: 7, any: false }],
    [
      { place: 0, any: false },
      { place: 1, any: false },
    ],
    [],
  ]);
});

test('a key that is nowhere and requests that wait for each other are refused', () => {
  expect(() => orderRequests([{ key: 'a', afterKeys: after('b') }], findNumber)).toThrow('comes after "b"');
  expect(() => orderRequests([{ key: 'a', afterKeys: after('a') }], findNumber)).toThrow('wait for each other: a');
  const circle = [
    { key: 'free' },
    { key: 'a', afterKeys: after('b', 'free') },
    { key: 'b', afterKeys: after('a') },
    { key: 'c', afterKeys: after('b') },
  ];
  expect(() => orderRequests(circle, findNumber)).toThrow('wait for each other: a, b, c');
});
