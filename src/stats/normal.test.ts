import { expect, test } from 'vitest';
import { logCdfRatio, logCdfRatioFast, normalCdf, normalDensity, normalQuantile } from './normal.ts';

test('probabilities agree with printed tables, far out in the tail too', () => {
  expect(normalCdf(0)).toBeCloseTo(0.5, 14);
  expect(normalCdf(1.959963984540054)).toBeCloseTo(0.975, 13);
  expect(normalCdf(-5) / 2.8665157187919391e-7).toBeCloseTo(1, 11);
  expect(normalCdf(-10) / 7.61985302416052e-24).toBeCloseTo(1, 11);
  expect(normalCdf(-40)).toBe(0);
  expect(normalCdf(40)).toBe(1);
});

test('the series and the fraction of the ratio meet without a step', () => {
  for (const z of [-3, 6]) expect(logCdfRatio(z - 1e-9)).toBeCloseTo(logCdfRatio(z + 1e-9), 7);
});

test('the ratio is that of probability and density, and finite where both underflow', () => {
  for (const z of [-8, -3.5, -1, 0, 2, 5.5, 7])
    expect(logCdfRatio(z)).toBeCloseTo(Math.log(normalCdf(z) / normalDensity(z)), 9);
  // Mills: near 1/x far out.
  expect(logCdfRatio(-1000)).toBeCloseTo(-Math.log(1000), 5);
  expect(logCdfRatio(60)).toBeCloseTo(1800 + Math.log(Math.sqrt(2 * Math.PI)), 9);
});

test('the table gives the ratio to 8 digits', () => {
  for (let z = -9; z < 9; z += 0.0137) expect(Math.abs(logCdfRatioFast(z) - logCdfRatio(z))).toBeLessThan(1e-8);
});

test('the quantile undoes the probability', () => {
  for (const p of [1e-12, 0.001, 0.05, 0.5, 0.9, 0.99999]) expect(normalCdf(normalQuantile(p)) / p).toBeCloseTo(1, 10);
  expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 10);
});
