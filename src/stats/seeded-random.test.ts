import { expect, test } from 'vitest';
import { createRandom, mixSeed } from './seeded-random.ts';

test('the same seed draws the same lots, a neighbour draws others', () => {
  const draw = (seed: number) => Array.from({ length: 5 }, createRandom(seed).uniform);
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
  expect(mixSeed(1, 2)).not.toBe(mixSeed(2, 1));
});

test('normals have mean 0, variance 1 and the right tail', () => {
  const { normal } = createRandom(1);
  const values = Array.from({ length: 50_000 }, normal);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(Math.abs(mean)).toBeLessThan(0.02);
  expect(Math.abs(values.reduce((sum, value) => sum + value * value, 0) / values.length - 1)).toBeLessThan(0.03);
  expect(Math.abs(values.filter((value) => value > 1.645).length / values.length - 0.05)).toBeLessThan(0.004);
});

test('uniforms stay inside 0 and 1 and exponentials have mean 1', () => {
  const { uniform, exponential } = createRandom(2);
  const values = Array.from({ length: 20_000 }, uniform);
  expect(values.every((value) => value > 0 && value < 1)).toBe(true);
  const mean = Array.from({ length: 20_000 }, exponential).reduce((sum, value) => sum + value, 0) / 20_000;
  expect(Math.abs(mean - 1)).toBeLessThan(0.03);
});
