import { expect, test } from 'vitest';
import { decideIteration, formatExpLine, rowOfIteration } from './decide-iteration.ts';
import { type DecidedIteration, isDecided } from './iteration.ts';
import { createDecided, createIteration } from './iterations-for-tests.ts';

const budget = { trainingSeconds: 300, wallSeconds: 600, constants: {}, command: '', frozen: {} };
const session = { metric: { name: 'val_bpb', direction: 'lower' as const }, budget };
const limits = { memoryFactor: 2 };
const before = [createDecided(0, 'keep', { runs: [1.0] }), createDecided(1, 'keep', { runs: [0.9] })];

test.each([
  [0.899999, 'keep'],
  [0.9, 'discard'],
  [0.95, 'discard'],
])('lower is kept, equal or worse is thrown away: %d is a %s', (metric, status) => {
  const verdict = decideIteration(session, before, createIteration(2, { runs: [metric] }), limits);
  expect(verdict).toMatchObject({ kind: 'decided', status });
});

test('where higher is better, higher is kept', () => {
  const higher = { ...session, metric: { name: 'acc', direction: 'higher' as const } };
  const status = (metric: number) => decideIteration(higher, before, createIteration(2, { runs: [metric] }), limits);
  expect(status(0.91)).toMatchObject({ status: 'keep' });
  expect(status(0.89)).toMatchObject({ status: 'discard' });
});

test('the bar is the newest keep, and neither a discard nor a crash', () => {
  const more = [...before, createDecided(2, 'discard', { runs: [0.95] }), createDecided(3, 'crash', { runs: [0.1] })];
  expect(decideIteration(session, more, createIteration(4, { runs: [0.89] }), limits)).toMatchObject({
    status: 'keep',
  });
});

test('a slip has one more try, a second crash is one, and so is what the agent gave up', () => {
  const slip = { failure: 'exception' as const, detail: 'NameError: x' };
  expect(decideIteration(session, before, createIteration(2, { runs: [slip] }), limits)).toEqual({
    kind: 'fix',
    reason: 'exception: NameError: x',
  });
  const twice = createIteration(2, { runs: [slip, slip] });
  expect(decideIteration(session, before, twice, limits)).toMatchObject({ status: 'crash' });
  const givenUp = createIteration(2, { runs: [slip], isGivenUp: true });
  expect(decideIteration(session, before, givenUp, limits)).toMatchObject({ status: 'crash' });
});

test.each(['out-of-memory', 'timeout', 'nan', 'killed', 'idle'] as const)('%s is a crash at once', (failure) => {
  const verdict = decideIteration(session, before, createIteration(2, { runs: [{ failure }] }), limits);
  expect(verdict).toMatchObject({ kind: 'decided', status: 'crash' });
});

test('the baseline is not mended by an agent', () => {
  const broken = createIteration(0, { runs: [{ failure: 'exception' }] });
  expect(decideIteration(session, [], broken, limits)).toMatchObject({ kind: 'decided', status: 'crash' });
});

test('memory above twice the baseline is a crash, whatever the number', () => {
  const run = (memoryMib: number) => createIteration(2, { runs: [{ metric: 0.1, memoryMib }] });
  expect(decideIteration(session, before, run(2001), limits)).toMatchObject({ status: 'crash' });
  expect(decideIteration(session, before, run(1999), limits)).toMatchObject({ status: 'keep' });
  expect(decideIteration(session, before, run(9000), { memoryFactor: null })).toMatchObject({ status: 'keep' });
});

test('training for longer than the budget is a crash, unless the unmodified code takes as long', () => {
  const long = createIteration(2, { runs: [{ metric: 0.1, trainingSeconds: 400 }] });
  expect(decideIteration(session, before, long, limits)).toMatchObject({ status: 'crash' });
  const slow = [createDecided(0, 'keep', { runs: [{ metric: 1, trainingSeconds: 390 }] })];
  expect(decideIteration(session, slow, long, limits)).toMatchObject({ status: 'keep' });
  const noBudget = { ...session, budget: { ...budget, trainingSeconds: null } };
  expect(decideIteration(noBudget, before, long, limits)).toMatchObject({ status: 'keep' });
});

test('the line of an experiment has 6 decimals of the metric and 1 of memory, and zeros for a crash', () => {
  const lineOf = (iteration: ReturnType<typeof createDecided>) => {
    if (!isDecided(iteration)) throw new Error('not decided');
    return formatExpLine('mar5', 'val_bpb', iteration);
  };
  const kept = createDecided(1, 'keep', {
    runs: [{ metric: 2.34, memoryMib: 4300 }],
    description: 'Increased number of attention heads to 8',
  });
  expect(lineOf(kept)).toBe(
    '[EXP] mar5 1 | commit:0010aaa | val_bpb:2.340000 | mem:4.2GB | status:keep | Increased number of attention heads to 8',
  );
  const crashed = createDecided(2, 'crash', { runs: [{ metric: 2.34, memoryMib: 4300 }] });
  expect(lineOf(crashed)).toContain('| val_bpb:0.000000 | mem:0.0GB | status:crash |');
});

test('the row of a mended experiment is the mended commit', () => {
  const mended = createDecided(3, 'keep', { runs: [{ failure: 'exception' }, 0.8] }) as DecidedIteration;
  expect(rowOfIteration(mended)).toMatchObject({ commit: '0031aaa', metric: 0.8, status: 'keep' });
});

test.each(['prepare-failed', 'interrupted'] as const)(
  '%s is nobody’s change: the run says nothing and is made again',
  (failure) => {
    const run = [{ failure, detail: 'no network' }];
    expect(decideIteration(session, before, createIteration(2, { runs: run }), limits)).toMatchObject({
      kind: 'rerun',
    });
    expect(decideIteration(session, [], createIteration(0, { runs: run }), limits)).toMatchObject({ kind: 'rerun' });
  },
);

test('a killed experiment is a crash, a killed baseline is run again', () => {
  const run = [{ failure: 'killed' as const }];
  expect(decideIteration(session, [], createIteration(0, { runs: run }), limits)).toMatchObject({ kind: 'rerun' });
  expect(decideIteration(session, before, createIteration(2, { runs: run }), limits)).toMatchObject({
    status: 'crash',
  });
});

test('far more wall time than the baseline is a crash, whatever number of seconds train prints', () => {
  const run = (seconds: number) => createIteration(2, { runs: [{ metric: 0.1, trainingSeconds: 300, seconds }] });
  expect(decideIteration(session, before, run(500), limits)).toMatchObject({ status: 'crash' });
  expect(decideIteration(session, before, run(440), limits)).toMatchObject({ status: 'keep' });
});

test('memory that train prints wrong is held against what the lab measured', () => {
  const run = createIteration(2, { runs: [{ metric: 0.1, memoryMib: 1, measuredMib: 5000 }] });
  expect(decideIteration(session, before, run, limits)).toMatchObject({ status: 'crash' });
});
