import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'queue/**/*.test.ts', 'workers/**/*.test.ts', 'problem/**/*.test.ts'],
    globalSetup: ['src/scenarios/build-once.ts'],
    // Tests start real daemons, Redis servers and Python; the limit is a net for hangs, not a measure of speed.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // Tests wait for processes more than they compute: three at once keep two cores busy.
    maxWorkers: 3,
  },
});
