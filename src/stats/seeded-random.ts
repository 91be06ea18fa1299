/** Seeded random numbers, for lots that must fall the same way when they are drawn again, and for simulations. Pure; no cryptography. */

/** A stream of random numbers. */
export interface RandomStream {
  /** Uniform on (0, 1). */
  uniform: () => number;
  /** Standard normal. */
  normal: () => number;
  /** Exponential with mean 1. */
  exponential: () => number;
}

/** Spreads the bits of a seed, so that neighbouring seeds give unrelated streams (the finaliser of MurmurHash3, 32 bits). */
export function mixSeed(...parts: number[]): number {
  let hash = 0x9e3779b9;
  for (const part of parts) {
    hash = Math.imul(hash ^ (part >>> 0), 0x85ebca6b);
    hash ^= hash >>> 13;
    hash = Math.imul(hash, 0xc2b2ae35);
    hash ^= hash >>> 16;
    hash = (hash + 0x6d2b79f5) >>> 0;
  }
  return hash >>> 0;
}

/** A stream of its own for each seed (a 32-bit Weyl sequence with a mixing step, period 2^32; normals by Marsaglia's polar method). */
export function createRandom(seed: number): RandomStream {
  let state = mixSeed(seed);
  let spare: number | null = null;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return (((bits ^ (bits >>> 14)) >>> 0) + 0.5) / 4294967296;
  };
  const normal = () => {
    if (spare !== null) {
      const value = spare;
      spare = null;
      return value;
    }
    for (;;) {
      const x = 2 * uniform() - 1;
      const y = 2 * uniform() - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const scale = Math.sqrt((-2 * Math.log(square)) / square);
      spare = y * scale;
      return x * scale;
    }
  };
  return { uniform, normal, exponential: () => -Math.log(uniform()) };
}
