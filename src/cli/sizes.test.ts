/** Covers how amounts of memory are read. */
import { expect, test } from 'vitest';
import { parseSizeMib } from './sizes.ts';

test.each([
  ['20G', 20_480],
  ['20g', 20_480],
  ['512M', 512],
  ['8192MiB', 8192],
  ['8192 MB', 8192],
  ['1.5GiB', 1536],
  ['.5G', 512],
  ['2048k', 2],
  ['1T', 1_048_576],
])('%s is %d MiB', (text, mib) => {
  expect(parseSizeMib(text)).toBe(mib);
});

test.each(['', '20', 'G', '0G', '-1G', '20GB/s', '1e3M', '20 gigs', '2G5M'])('"%s" is refused', (text) => {
  expect(() => parseSizeMib(text)).toThrow(`"${text}" is no size, expected one such as 20G`);
});
