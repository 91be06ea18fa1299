/** Which ends of a run pause which groups, and who may stand ready behind whom then. */
import { expect, test } from 'vitest';
import type { Job } from '../src/domain/job.ts';
import type { Run, RunFate } from '../src/domain/run.ts';
import { listPausedBy, mustSeeEnd, type PauseRule } from './failure-pause.ts';
import { createPlainJob, createPlainRun } from './job-for-tests.ts';
import { createQueueEntry } from './job-schema.ts';
import type { StoredJob } from './job-store.ts';

const crash: RunFate = { kind: 'failed', failure: 'exception', detail: '' };

/** Groups that the end of an attempt pauses in a lab with the groups default, night and other; the job is in night. */
function pausedBy(rule: PauseRule, run: Partial<Run>, job: Partial<Job> = {}): string[] {
  const outcome = createPlainRun(1, run);
  const made = createPlainJob(1, job);
  const stored: StoredJob = {
    job: made,
    queued: made,
    entry: createQueueEntry(1, { group: 'night' }),
    // As the worker finds it: the attempt has begun, and its outcome is not written yet.
    attempts: Array.from({ length: outcome.attempt }, (_, index) => index + 1),
    run: null,
    recorded: null,
  };
  return listPausedBy(stored, outcome, rule, ['default', 'night', 'other']);
}

test('a failure pauses its own group, all groups or none, as the rule says', () => {
  expect(pausedBy('never', { fate: crash })).toEqual([]);
  expect(pausedBy('group', { fate: crash })).toEqual(['night']);
  expect(pausedBy('all', { fate: crash })).toEqual(['default', 'night', 'other']);
});

test('a good end pauses nothing', () => {
  expect(pausedBy('all', {})).toEqual([]);
});

test('an end that somebody asked for pauses nothing, and one by a signal that nobody sent does', () => {
  const killed = { kind: 'failed', failure: 'killed', detail: '' } as const;
  expect(pausedBy('group', { fate: killed })).toEqual([]);
  expect(pausedBy('group', { fate: { ...killed, isUnasked: true } })).toEqual(['night']);
});

test('a failure that is tried again pauses nothing before the last try', () => {
  const retry = { times: 1, on: ['any'], delaySeconds: 1 };
  expect(pausedBy('group', { fate: crash, attempt: 1 }, { retry })).toEqual([]);
  expect(pausedBy('group', { fate: crash, attempt: 2 }, { retry })).toEqual(['night']);
});

test('a run that the machine lost pauses only where it is not tried once more', () => {
  const lost: RunFate = { kind: 'failed', failure: 'interrupted', detail: '' };
  expect(pausedBy('group', { fate: lost, attempt: 1 })).toEqual([]);
  expect(pausedBy('group', { fate: lost, attempt: 2 })).toEqual(['night']);
});

test('the failed smoke run of an experiment pauses nothing', () => {
  expect(pausedBy('all', { fate: crash }, { kind: 'check' })).toEqual([]);
});

test('a job stands ready behind another one only where the end of that one cannot pause its group', () => {
  expect(mustSeeEnd('never', 'night', 'night')).toBe(false);
  expect(mustSeeEnd('group', 'night', 'night')).toBe(true);
  expect(mustSeeEnd('group', 'other', 'night')).toBe(false);
  expect(mustSeeEnd('all', 'other', 'night')).toBe(true);
  expect(mustSeeEnd('all', undefined, 'night')).toBe(false);
});
