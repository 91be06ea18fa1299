/** Covers how a path is told to a person who stands in some folder. */
import { expect, test } from 'vitest';
import { showPath } from './shown-path.ts';

test('a path below the folder is told from there, any other one whole', () => {
  expect(showPath('/lab/.lab/runs/3', '/lab')).toBe('.lab/runs/3');
  expect(showPath('/lab/.lab/runs/3', '/lab/.lab')).toBe('runs/3');
  expect(showPath('/lab/.lab/runs/3', '/')).toBe('lab/.lab/runs/3');
  expect(showPath('/lab/.lab/runs/3', '/lab/problem')).toBe('/lab/.lab/runs/3');
  expect(showPath('/lab', '/lab')).toBe('/lab');
  expect(showPath('/lab/..drafts', '/lab')).toBe('..drafts');
});
