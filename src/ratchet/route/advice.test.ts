import { expect, test } from 'vitest';
import type { SessionFacts } from '../intake/sessions.ts';
import { routeCases } from '../route-requests.cases.ts';
import { adviseOn, findAdvice } from './advice.ts';

test.each([
  'stop',
  'Stop!',
  'please stop the loop',
  'stop it now',
  'how do I stop the session?',
  'end mar5',
  'kill the running experiment please',
  'pause',
  'stopp',
  'brich ab',
  'arrête',
])('"%s" is about stopping', (request) => {
  expect(findAdvice(request, ['mar5'])).toBe('stop');
});

test.each([
  'undo',
  'undo that',
  'revert the last change',
  'can you roll back the last commit?',
  'undo everything the agent did',
  'go back to the baseline',
  'discard the last experiment',
  'mach das rückgängig',
])('"%s" is about undoing', (request) => {
  expect(findAdvice(request, [])).toBe('undo');
});

test.each([
  'do five experiments and stop',
  'stop trying learning rates',
  'why does val_bpb stop improving after experiment 30',
  'stop the loop and show me the results',
  'end to end please',
  'restore the data',
  'show the discarded ones too',
  'the loop stopped, go on',
  'reset the learning rate to 0.01',
])('"%s" asks for something else', (request) => {
  expect(findAdvice(request, ['mar5'])).toBeNull();
});

test('no request of the table is taken for one of these', () => {
  expect(routeCases.filter(({ request }) => findAdvice(request, []) !== null).map(({ request }) => request)).toEqual(
    [],
  );
});

const session = (tag: string, isRunning: boolean) =>
  ({ tag, isRunning, branch: `autoresearch/${tag}` }) as SessionFacts;
const here = (sessions: SessionFacts[]) => ({ session: { sessions }, repository: { isLab: true, branch: 'master' } });

test('to stop names each session that runs, what goes on after it and how it is gone on with', () => {
  const lines = adviseOn('stop', here([session('mar4', false), session('mar5', true)]))?.lines.join('\n') ?? '';
  expect(lines).toMatch(/^session mar5: Ctrl-C .*\.lab\/ratchet\/mar5\/lock.*resume --tag mar5/);
  expect(lines).not.toContain('mar4');
  expect(lines).toContain('lab kill <number>');
  expect(adviseOn('stop', here([session('mar4', false)]))?.lines[0]).toMatch(/^no session runs here; .*--tag mar4/);
});

test('to undo names the branch, the refs of what was tried and the way to begin anew', () => {
  const lines = adviseOn('undo that', here([session('mar5', false)]))?.lines.join('\n') ?? '';
  for (const part of [
    '(master) was not touched',
    'git log autoresearch/mar5',
    'refs/nightlab/ratchet/mar5/<n>.<try>',
    'run --tag',
  ])
    expect(lines).toContain(part);
  expect(adviseOn('undo that', here([]))?.lines).toEqual([expect.stringContaining('`lab deinit`')]);
  expect(adviseOn('show the results', here([]))).toBeNull();
});
