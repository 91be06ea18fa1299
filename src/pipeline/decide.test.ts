/** What becomes of an experiment whose evaluation crashed. */
import { expect, test } from 'vitest';
import { createPlainJob, createPlainRun } from '../../queue/job-for-tests.ts';
import type { Variant } from '../domain/change.ts';
import type { Experiment } from '../domain/experiment.ts';
import type { JobView } from '../domain/job.ts';
import { failureClasses, type RunFate } from '../domain/run.ts';
import { takeOver } from './decide.ts';

const commit = 'c'.repeat(40);
const variant: Variant = { of: commit, leftOut: [], riders: [{ slug: 'near', commit: 'd'.repeat(40), start: '' }] };

const experiment: Experiment = {
  ...{ schema: 1, slug: 'own', title: 'Own', attempt: 1, place: 1, ideaPath: '1_ideas/own.md', next: 'decide' },
  ...{ choice: [], expected: '', refutedBy: '', isOwn: true, waits: null, base: null, start: null, label: '' },
  ...{ commit, smokeJobs: [], job: 7, rounds: 1, returns: [], notes: '', reviewNotes: '', outcome: null },
  ...{ report: null, agents: [], history: [] },
};

function crash(fate: RunFate, more: { variant?: Variant | null; asBuilt?: boolean } = {}) {
  const { env: _, ...job } = createPlainJob(7, { kind: 'experiment', variant: more.variant ?? null });
  const view: JobView = {
    ...{ job, group: 'default', priority: 0, after: [], eta: null, isArchived: false },
    state: { kind: 'ended', run: createPlainRun(7, { fate }), status: 'crash' },
    decision: { status: 'crash', reason: 'why', evidence: '', observed: null, noiseWidths: null },
  };
  const result = takeOver({ ...experiment, asBuilt: more.asBuilt ?? false }, 7, view);
  return result.kind === 'next' ? result.experiment.next : result.kind;
}

const failed = (failure: (typeof failureClasses)[number]): RunFate => ({ kind: 'failed', failure, detail: '' });

test('what was mixed in is held responsible for what code can cause, and never for a kill, a lost machine or a score that is refused', () => {
  const again = failureClasses.filter((failure) => crash(failed(failure), { variant }) === 'evaluate');
  expect(new Set(again)).toEqual(
    new Set(['exception', 'out-of-memory', 'nan', 'timeout', 'idle', 'log-limit', 'no-metric']),
  );
  expect(crash(failed('killed'), { variant })).toBe('report');
});

test('a variant over the soft limit of memory runs again as it was built', () => {
  expect(crash({ kind: 'done' }, { variant })).toBe('evaluate');
});

test('an experiment that ran as it was built is a crash whatever it failed of', () => {
  expect(crash(failed('exception'))).toBe('report');
  expect(crash(failed('exception'), { variant, asBuilt: true })).toBe('report');
});
