import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

// On a fresh clone vitest knows no durations and begins with the largest files; one of minutes that begins last is waited for alone.
const longest = [
  'tour',
  'ratchet',
  'ratchet-modes',
  'skills',
  'autoresearch-skill',
  'null-night',
  'run-attacks',
  'commit-attacks',
  'pipeline-faults',
  'rules',
  'pipeline-waits',
  'meta',
  'faults',
  'faults/daemon',
  'faults/redis',
  'faults/staged',
  'claims',
  'adopt',
  'metric-check',
  'night',
  'devices',
  'faults/redis-loss',
  'faults/clock',
];

function rank({ moduleId }: TestSpecification): number {
  const place = longest.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`) && moduleId.includes('/scenarios/'));
  return place === -1 ? longest.length : place;
}

/** The known long files first, all others as vitest has them. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).sort((left, right) => rank(left) - rank(right));
  }
}

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'queue/**/*.test.ts', 'workers/**/*.test.ts', 'problem/**/*.test.ts'],
    globalSetup: ['src/scenarios/build-once.ts'],
    // Tests start real daemons, Redis servers and Python; the limit is a net for hangs, not a measure of speed.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // Texts are compared as they are without colours, which CI would turn on.
    env: { NO_COLOR: '1' },
    sequence: { sequencer: LongestFirst },
    // Tests wait for processes more than they compute: three at once keep two cores busy.
    maxWorkers: 3,
  },
});
