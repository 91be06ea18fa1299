/** What fits on a screen: the table in few columns, and the part of it that a small terminal has rows for. */
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import type { JobView } from '../../domain/job.ts';
import { renderJobs as renderColoured } from './queue-table.ts';
import { fitRows } from './watch.ts';

const label = { text: '', question: 'does a long question with many words fit?', hypothesis: 'yes' };

function view(number: number, state: object, more: object = {}): JobView {
  const job = { number, label, kind: 'plain', device: 'cpu', needs: { deviceId: null, gpus: 1, vramMib: null } };
  const shown = {
    job,
    state,
    group: 'night',
    priority: 3,
    after: [],
    eta: { seconds: 1200, from: 'progress' },
    ...more,
  };
  return { isArchived: false, decision: null, ...shown } as unknown as JobView;
}

const running = {
  ...{ kind: 'running', attempt: 1, step: 'train', device: 'cpu0', progress: 'epoch 5/100', isPaused: false },
  startedAt: '2026-11-21T10:00:00Z',
};
const jobs = [
  view(12, running),
  view(13, { kind: 'held', hold: { reason: 'queued under another track' } }),
  view(14, { kind: 'dependent', on: [12] }),
];
// Where CI is set, colours are on.
const renderJobs: typeof renderColoured = (...given) => stripVTControlCharacters(renderColoured(...given));
const at = Date.parse('2026-11-21T10:03:10Z');
const widest = (text: string) => Math.max(...text.split('\n').map((line) => line.length));

test.each([100, 80, 60, 40])('no line of the table is wider than %i columns', (width) => {
  const table = renderJobs(jobs, width, at);
  expect(widest(table)).toBeLessThanOrEqual(width);
  expect(table).toMatch(/12 {2}running train/);
  expect(table).toContain('does a');
});

test('a narrow terminal does without places first, and keeps why a job waits the longest', () => {
  const [titles] = renderJobs(jobs, 60, at).split('\n');
  expect(titles?.trim().split(/ +/)).toEqual(['job', 'state', 'time', 'question', 'why']);
  expect(renderJobs(jobs, 120, at)).toMatch(/group +prio +on +time +eta/);
});

test('jobs that are over stand in the order of their numbers', () => {
  const removed = (number: number) => view(number, { kind: 'removed', at: '2026-11-21T10:00:00Z' });
  const rows = renderJobs([removed(3), removed(1), removed(2)], 100, at)
    .trim()
    .split('\n')
    .slice(1);
  expect(rows.map((row) => Number.parseInt(row, 10))).toEqual([1, 2, 3]);
});

test('a screen that is too small keeps the head down to the titles and the last jobs, whatever lines wrap', () => {
  const text = `track\n${'x'.repeat(70)}\npaused\n\njob  state\n${[1, 2, 3, 4, 5, 6].map((n) => `row ${n}`).join('\n')}\n`;
  expect(fitRows(text, 24, 80)).toBe(text);
  expect(fitRows(text, 10, 80).split('\n')).toEqual([
    'track',
    'x'.repeat(70),
    'paused',
    '',
    'job  state',
    'row 3',
    'row 4',
    'row 5',
    'row 6',
    '',
  ]);
  expect(fitRows(text, 10, 60).trim().split('\n').slice(-3)).toEqual(['row 4', 'row 5', 'row 6']);
});
