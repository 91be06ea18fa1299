/** What the screens of the queue leave out in the user's own lab, and how they show a command and a job that is ending. Made up and pure. */
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import type { Routes } from '../../daemon/routes.ts';
import type { JobView } from '../../domain/job.ts';
import { renderJob } from './job-page.ts';
import { renderQueue } from './queue-table.ts';

const command = 'echo "a  b"';

function view(state: object, more: object = {}): JobView {
  const job = {
    ...{
      number: 1,
      label: null,
      kind: 'task',
      command,
      commit: 'c0ffee',
      snapshot: false,
      here: '/data',
      directory: '',
    },
    ...{ device: 'cpu', seed: null, track: '0badcafe', queuedAt: '', wallSeconds: 60, test: null, replays: null },
    needs: { deviceId: null, gpus: 1, vramMib: null },
    retry: { times: 0, on: [], delaySeconds: 0 },
    limits: { idleSeconds: null, logMb: null },
    ...more,
  };
  const shown = { job, state, group: 'default', priority: 0, after: [], eta: null, isArchived: false, decision: null };
  return shown as unknown as JobView;
}

const queued = { kind: 'queued', position: 1, waits: null };
const running = {
  ...{ kind: 'running', attempt: 1, step: 'train', device: 'cpu0', progress: null, isPaused: false, problem: null },
  startedAt: '2026-11-21T10:00:00Z',
};

function renderStatus(jobs: JobView[], isOwnLab: boolean): string {
  const answer: Routes['status']['response'] = {
    ...{ jobs, hidden: 0, groups: [], track: '0badcafe', model: 'x', champion: null, redis: 'redis', problems: [] },
    devices: [{ id: 'cpu0', class: 'cpu', model: 'x', vendor: 'cpu', index: null, job: null, busy: null }],
  };
  return stripVTControlCharacters(renderQueue(answer, 100, 0, { isFiltered: false, isOwnLab }));
}

test('in the own lab nothing speaks of tracks and champions, in any other the head does', () => {
  expect(renderStatus([view(queued)], true)).toMatch(/^cpu0 idle \(x\); redis\n\njob/);
  expect(renderStatus([], true)).not.toMatch(/track|champion|baseline/);
  expect(renderStatus([view(queued)], false)).toMatch(/^track 0badcafe on x, no champion yet/);
  expect(renderJob(view(queued), '/runs', 0, { isOwnLab: true })).not.toContain('0badcafe');
  expect(renderJob(view(queued), '/runs', 0, { isOwnLab: false })).toMatch(/^track +0badcafe$/m);
});

test('a command is shown with the blanks that it was given with', () => {
  expect(renderStatus([view(queued)], true)).toContain(command);
  expect(renderJob(view(queued), '/runs', 0, { isOwnLab: true })).toContain(`command     ${command}\n`);
});

test('a command of several lines is one line of the table, and its own lines on the page of the job', () => {
  const lines = view(queued, { command: 'cd x\n  make  all\u001b[2J\n' });
  expect(renderStatus([lines], true)).toContain('cd x   make  all\ufffd[2J');
  expect(renderJob(lines, '/runs', 0, { isOwnLab: true })).toContain(
    `command     cd x\n${' '.repeat(12)}  make  all\ufffd[2J\n`,
  );
});

test('a job that was asked to end is shown as ending, paused or not', () => {
  for (const isPaused of [false, true])
    expect(renderStatus([view({ ...running, isPaused, isEnding: true })], true)).toMatch(/1 {2}ending/);
});
