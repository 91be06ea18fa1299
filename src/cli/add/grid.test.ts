/** Grids: what is read, what is refused, and what becomes of a command. */
import { expect, test } from 'vitest';
import { ensureUsedNames, fillIn, formatPoint, listGridPoints, parseGrid, seedOf } from './grid.ts';

test('a grid gives every combination once, the last name changing first', () => {
  const points = listGridPoints(parseGrid(['lr=1e-3,3e-4', 'seed=0..2']));
  expect(points.map((point) => fillIn('--lr {lr} --seed {seed}', point))).toEqual([
    '--lr 1e-3 --seed 0',
    '--lr 1e-3 --seed 1',
    '--lr 1e-3 --seed 2',
    '--lr 3e-4 --seed 0',
    '--lr 3e-4 --seed 1',
    '--lr 3e-4 --seed 2',
  ]);
  expect(points.map(seedOf)).toEqual([0, 1, 2, 0, 1, 2]);
});

test('a point is named the same in a wider grid and in one with its names in another order, and long ones stay apart', () => {
  const names = (...texts: string[]) => listGridPoints(parseGrid(texts)).map(formatPoint);
  expect(names('lr=a,b', 'seed=0')).toEqual(['lr=a,seed=0', 'lr=b,seed=0']);
  expect(names('seed=0..1', 'lr=a,b')).toEqual(expect.arrayContaining(names('lr=a,b', 'seed=0')));
  const long = names(`path=${'x'.repeat(300)}1,${'x'.repeat(300)}2`);
  expect(new Set(long).size).toBe(2);
  expect(long.every((name) => name.length <= 200)).toBe(true);
});

test('without a grid there is one empty combination, and braces of other names stay', () => {
  const [point, ...others] = listGridPoints([]);
  expect(others).toEqual([]);
  expect(fillIn('echo {HOME} {lr}', point ?? new Map())).toBe('echo {HOME} {lr}');
});

test.each([
  ['lr', 'expected one such as'],
  ['lr=', 'expected one such as'],
  ['lr=1,,2', 'empty value'],
  ['lr=1,1', 'has 1 twice'],
  ['seed=4..0', 'range 4..0'],
  ['seed=0..10000', 'range 0..10000'],
])('--grid %s is refused', (text, reason) => {
  expect(() => parseGrid([text])).toThrow(reason);
});

test('a name that is given twice, one that is used nowhere and too many combinations are refused', () => {
  expect(() => parseGrid(['lr=1', 'lr=2'])).toThrow('names lr twice');
  expect(() => ensureUsedNames(parseGrid(['lr=1,2']), ['python3 train.py'])).toThrow('lr is used nowhere');
  expect(() => ensureUsedNames(parseGrid(['seed=1,2']), ['python3 train.py'])).not.toThrow();
  expect(() => listGridPoints(parseGrid(['a=0..100', 'b=0..99']))).toThrow('10100 combinations');
  expect(listGridPoints(parseGrid(['a=0..99', 'b=0..99']))).toHaveLength(10_000);
});

test('a seed that is no whole number is refused', () => {
  expect(() => listGridPoints(parseGrid(['seed=1.5'])).map(seedOf)).toThrow('seed=1.5');
});
