/** Which failures a rule tries again, and when the next attempt may start. */
import { expect, test } from 'vitest';
import type { RetryRule } from '../src/domain/job.ts';
import type { FailureClass, Run, StepResult } from '../src/domain/run.ts';
import { createPlainRun } from './job-for-tests.ts';
import { matchesRetry, retryTimeMs } from './retry.ts';

const rule = (...on: string[]): RetryRule => ({ times: 3, on, delaySeconds: 30 });

function failedRun(failure: FailureClass, step: Partial<StepResult> = {}, isUnasked = false): Run {
  return createPlainRun(1, {
    fate: { kind: 'failed', failure, detail: '', ...(isUnasked ? { isUnasked: true as const } : {}) },
    steps: [{ name: 'train', exitCode: null, signal: null, seconds: 1, ...step }],
  });
}

const segfault = failedRun('killed', { signal: 'SIGSEGV' }, true);
const kernelKill = failedRun('killed', { signal: 'SIGKILL' }, true);

test('an end by a signal that nobody asked for is tried again after `signal`, `any` and its own code', () => {
  for (const cause of ['signal', 'any', 'exit:139']) expect(matchesRetry(segfault, rule(cause))).toBe(true);
  for (const cause of ['exit', 'exit:137', 'out-of-memory', 'exception'])
    expect(matchesRetry(segfault, rule(cause))).toBe(false);
  expect(matchesRetry(kernelKill, rule('out-of-memory', 'exit:75', 'signal'))).toBe(true);
  expect(matchesRetry(kernelKill, rule('exit:137'))).toBe(true);
});

test('a signal that only the log tells of counts too', () => {
  expect(matchesRetry(failedRun('killed', { exitCode: 1 }, true), rule('signal'))).toBe(true);
  expect(matchesRetry(failedRun('exception', { exitCode: 1 }), rule('signal'))).toBe(false);
});

test('what somebody asked to end is never tried again, and neither is a killed run from before it was told apart', () => {
  const asked = failedRun('killed', { signal: 'SIGTERM' });
  expect(matchesRetry(asked, rule('any', 'signal', 'exit', 'exit:143'))).toBe(false);
  expect(matchesRetry(failedRun('killed', { exitCode: 75 }), rule('exit:75'))).toBe(false);
});

test('a limit’s own signal is no end by a signal, but the code that the program gave at it counts', () => {
  const stopped = failedRun('timeout', { signal: 'SIGTERM' });
  expect(['signal', 'exit:143', 'idle'].map((cause) => matchesRetry(stopped, rule(cause)))).toEqual([
    false,
    false,
    false,
  ]);
  expect(matchesRetry(stopped, rule('timeout'))).toBe(true);
  expect(matchesRetry(failedRun('timeout', { exitCode: 75 }), rule('exit:75'))).toBe(true);
});

test('an exit code is matched exactly, or as any but 0', () => {
  const run = failedRun('exception', { exitCode: 75 });
  expect(['exit:75', 'exit', 'exception', 'any'].every((cause) => matchesRetry(run, rule(cause)))).toBe(true);
  expect(['exit:7', 'exit:175', 'signal'].some((cause) => matchesRetry(run, rule(cause)))).toBe(false);
  expect(matchesRetry(failedRun('no-metric', { exitCode: 0 }), rule('exit'))).toBe(false);
});

test('out of memory is what the log says, whatever ended the program', () => {
  expect(matchesRetry(failedRun('out-of-memory', { exitCode: 1 }), rule('out-of-memory'))).toBe(true);
  expect(matchesRetry(failedRun('out-of-memory', { signal: 'SIGABRT' }), rule('out-of-memory'))).toBe(true);
});

test('neither a run that is done nor a rule of no times tries again', () => {
  expect(matchesRetry(createPlainRun(1), rule('any'))).toBe(false);
  expect(matchesRetry(segfault, { times: 0, on: ['any'], delaySeconds: 0 })).toBe(false);
});

test('the pause doubles with each retry, up to an hour, and begins anew with a restart in place', () => {
  const endedAt = '2026-01-01T00:00:00Z';
  const endedMs = Date.parse(endedAt);
  const pause = (attempt: number, asked = 1) => {
    const run = createPlainRun(1, { attempt, endedAt });
    return (retryTimeMs(run, rule('any'), asked, endedMs) - endedMs) / 1000;
  };
  expect([1, 2, 3, 7, 8, 50].map((attempt) => pause(attempt))).toEqual([30, 60, 120, 1920, 3600, 3600]);
  expect(pause(4, 4)).toBe(30);
});

test('a run that ended in the future is tried at once', () => {
  const run = createPlainRun(1, { endedAt: '2026-01-01T05:00:00Z' });
  const nowMs = Date.parse('2026-01-01T00:00:00Z');
  expect(retryTimeMs(run, rule('any'), 1, nowMs)).toBe(nowMs);
});
