import { expect, test } from 'vitest';
import { classifyRun, type StepEnd, signalOfExitCode } from './classify.ts';
import { parseLog } from './parse-log.ts';

const clean: StepEnd = { exitCode: 0, signal: null, timedOut: false, interrupted: false, killed: false };
const finished = 'step 9/9\n---\nval_bpb: 0.5\n';
const broken = 'step 1/9\nTraceback (most recent call last):\n  File "t.py", line 1\nValueError: odd\n';

function classify(text: string, step: Partial<StepEnd>, metricExpected = true) {
  return classifyRun(parseLog(Buffer.from(text), { metric: 'val_bpb' }), { ...clean, ...step }, { metricExpected });
}

test.each([
  ['interrupted', { interrupted: true, timedOut: true, killed: true }],
  ['timeout', { timedOut: true, killed: true }],
  ['killed', { killed: true }],
] as const)('%s outranks a printed metric and any text', (failure, step) => {
  expect(classify(finished, step)).toMatchObject({ kind: 'failed', failure });
  expect(classify(broken, { ...step, exitCode: 1 })).toMatchObject({ kind: 'failed', failure });
});

test('an end by a signal is told apart from one that somebody asked for', () => {
  const unasked = { failure: 'killed', isUnasked: true };
  expect(classify('step 1/9\n', { exitCode: null, signal: 'SIGSEGV' })).toMatchObject(unasked);
  expect(classify('step 1/9\n', { exitCode: 137 })).toMatchObject(unasked);
  expect(classify('step 1/9\nKilled\n', { exitCode: null, signal: 'SIGKILL' })).toMatchObject(unasked);
  expect(classify('step 1/9\n', { exitCode: null, signal: 'SIGTERM', killed: true })).not.toHaveProperty('isUnasked');
  expect(classify(broken, { exitCode: 1 })).not.toHaveProperty('isUnasked');
});

test('a metric with exit code 0 is done, whatever went wrong on the way', () => {
  expect(classify(`${broken}CUDA out of memory\n${finished}Killed\n`, {})).toEqual({ kind: 'done' });
});

test('a metric with another exit code is not done, and the detail says that it was printed', () => {
  expect(classify(finished, { exitCode: 3 })).toMatchObject({
    failure: 'exception',
    detail: expect.stringContaining('after the metric was printed'),
  });
  expect(classify(finished, { exitCode: null, signal: 'SIGSEGV' })).toMatchObject({
    failure: 'killed',
    detail: expect.stringContaining('after the metric was printed'),
  });
});

test('a summary without the metric is no-metric where a metric is expected, and done where it is not', () => {
  expect(classify('---\nnum_steps: 3\n', {})).toMatchObject({ failure: 'no-metric' });
  expect(classify('---\nnum_steps: 3\n', {}, false)).toEqual({ kind: 'done' });
  expect(classify(broken, { exitCode: 1 }, false)).toMatchObject({ failure: 'exception', detail: 'ValueError: odd' });
});

test('a scorer that refused is never done, even with a metric and exit code 0', () => {
  expect(classify(`REFUSED: sums to 2\n${finished}`, {})).toMatchObject({ failure: 'score-refused' });
  expect(classify(`Connection REFUSED\n${finished}`, {})).toEqual({ kind: 'done' });
});

test('an exception that the run survived does not explain a SIGKILL, but does explain an exit code', () => {
  const survived = `${broken}step 2/9\nstep 3/9\n`;
  expect(classify(survived, { exitCode: null, signal: 'SIGKILL' })).toMatchObject({ failure: 'killed' });
  expect(classify(survived, { exitCode: 1 })).toMatchObject({ failure: 'exception', detail: 'ValueError: odd' });
});

test('an end that nobody recorded is interrupted or truncated, never done', () => {
  expect(classify(finished, { exitCode: null })).toMatchObject({ failure: 'interrupted' });
  expect(classify('step 1/9\n', { exitCode: null })).toMatchObject({ failure: 'truncated' });
});

test('a missing command is named by exit code 127 where no text names it', () => {
  expect(classify('', { exitCode: 127 })).toMatchObject({
    failure: 'command-not-found',
    detail: expect.stringContaining('127'),
  });
});

test('a folder that is gone has a class of its own, and a command that only says so has not', () => {
  const text = 'nightlab: the folder /data/fail run is gone\n';
  expect(classify(text, { exitCode: 126 }, false)).toEqual({
    kind: 'failed',
    failure: 'folder-gone',
    detail: 'the folder /data/fail run is gone',
  });
  expect(classify(`${text}step 2/9\n`, { exitCode: 126 })).toMatchObject({ failure: 'command-not-found' });
  expect(classify(text, { exitCode: 1 })).toMatchObject({ failure: 'exception' });
});

test('an exit code of 128 + n means signal n', () => {
  expect([137, 143, 134, 130].map(signalOfExitCode)).toEqual(['SIGKILL', 'SIGTERM', 'SIGABRT', 'SIGINT']);
  expect([0, 1, 128, 255, null].map(signalOfExitCode)).toEqual([null, null, null, null, null]);
});
