/** What job.json says of an experiment that a person built by hand. */
import { expect, test } from 'vitest';
import { unknownBaseFlag } from '../../workers/recorder/judge-experiment.ts';
import { configSchema } from '../config/schema.ts';
import { type AddContext, describeJob } from './add-job.ts';
import type { BuiltOn } from './experiment-base.ts';
import { type AddRequest, requestDefaults } from './routes.ts';

const champion = 'c'.repeat(40);

function describe(builtOn: BuiltOn | null, more: Partial<AddRequest> = {}, facts: { champion?: string | null } = {}) {
  const request: AddRequest = {
    ...requestDefaults,
    ...{ key: 'key', kind: 'plain', label: null, command: null, checkout: '/lab/5_worktrees/own', directory: '' },
    ...{ here: false, device: null, seed: 1, env: {}, secrets: {}, wallSeconds: null },
    ...more,
  };
  // Of its context describeJob reads the configuration alone.
  const context = { config: configSchema.parse({}) } as unknown as AddContext;
  const source = { commit: 'd'.repeat(40), isSnapshot: false, untracked: [], notes: [], ref: null };
  const asked = { request, label: null, command: 'true', device: 'cpu' } as const;
  return describeJob(context, asked, {
    ...{ number: 9, source, track: 'aaaaaaaa', experiment: 'own', champion, builtOn },
    ...facts,
  });
}

test('an experiment by hand has the base that its history shows, and none where it shows none', () => {
  const base = 'b'.repeat(40);
  expect(describe({ base, start: base })).toMatchObject({ base, start: base, flags: [] });
  expect(describe(null)).toMatchObject({ kind: 'experiment', base: null, start: null, flags: [unknownBaseFlag] });
  expect(describe(null, { base })).toMatchObject({ base, flags: [] });
});

test('what runs in place or is no experiment is held against the champion, and a track without one has no base to miss', () => {
  expect(describe(null, { here: true })).toMatchObject({ base: champion, flags: [] });
  expect(describe(null, { kind: 'task' })).toMatchObject({ base: champion, flags: [] });
  expect(describe(null, {}, { champion: null })).toMatchObject({ base: null, flags: [] });
});
