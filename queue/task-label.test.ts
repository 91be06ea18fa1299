import { expect, test } from 'vitest';
import { parseFreeLabel, parseJobLabel } from './task-label.ts';

test('free text is the question, without a hypothesis and on one line', () => {
  expect(parseFreeLabel(' nightly\n backup ', 'lower')).toEqual({
    text: 'nightly backup',
    question: 'nightly backup',
    hypothesis: '',
    expected: { kind: 'none' },
  });
});

test('Q and H are read where both say something, and are plain text where one is missing or empty', () => {
  expect(parseFreeLabel('Q: is it fast? H: saves 3 s', 'lower')).toMatchObject({
    question: 'is it fast?',
    hypothesis: 'saves 3 s',
  });
  for (const text of ['Q: only a question', 'Q: empty H:', 'H: alone'])
    expect(parseFreeLabel(text, 'lower')).toMatchObject({ question: text, hypothesis: '' });
});

test('an empty text is no label', () => {
  expect(parseFreeLabel('  \n', 'lower')).toBeNull();
});

test('a plain job needs Q and H also where labels are optional, and so does a task where they are required', () => {
  for (const asked of [
    { kind: 'plain', labels: 'optional' },
    { kind: 'task', labels: 'required' },
  ] as const)
    expect(() => parseJobLabel('backup', { ...asked, direction: 'lower' })).toThrow('lacks Q: and H:');
  expect(parseJobLabel('backup', { kind: 'task', labels: 'optional', direction: 'lower' })?.text).toBe('backup');
});
