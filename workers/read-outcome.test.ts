/** What is made of an attempt's folder where a signal ended a step: whether somebody asked for that. The reading of logs is log-reading's. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createPlainJob } from '../queue/job-for-tests.ts';
import type { RunFate, StepName } from '../src/domain/run.ts';
import type { AttemptSetting } from './plan-run.ts';
import { readOutcome } from './read-outcome.ts';
import { sentSignalPath } from './supervisor/attempt-files.ts';
import type { SupervisorExit } from './supervisor/plan.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const setting: AttemptSetting = {
  schema: 1,
  measuredBy: { name: 'score', direction: 'higher', unit: '' },
  scoring: 'none',
  device: { id: 'cpu0', class: 'cpu', model: 'x' },
  flags: [],
};

/** The fate of an attempt whose last step that signal ended; `sent` are those that a person sent it. */
async function fateOf(step: StepName, signal: string, sent: string[]): Promise<RunFate> {
  const folder = mkdtempSync(join(tmpdir(), 'nl-outcome-'));
  folders.push(folder);
  writeFileSync(join(folder, step === 'prepare' ? 'prepare.log' : 'run.log'), 'step 1/9\n');
  for (const name of sent) writeFileSync(sentSignalPath(folder, name), '');
  const exit: SupervisorExit = {
    schema: 1,
    reason: 'completed',
    steps: [{ name: step, exitCode: null, signal, seconds: 1 }],
    peakMemoryMib: null,
    memorySource: 'none',
    startedAt: '2026-01-01T00:00:00Z',
    endedAt: '2026-01-01T00:00:01Z',
    supervisors: 1,
    problem: null,
  };
  return (await readOutcome(folder, createPlainJob(1), 1, setting, exit)).fate;
}

test('an end by the very signal that a person sent is an end on request', async () => {
  const fate = await fateOf('train', 'SIGINT', ['SIGUSR1', 'SIGINT']);
  expect(fate).toMatchObject({ failure: 'killed', detail: expect.stringContaining('on request') });
  expect(fate).not.toHaveProperty('isUnasked');
  expect(await fateOf('prepare', 'SIGKILL', ['SIGKILL'])).toMatchObject({ failure: 'killed' });
});

test('an end by another signal than the one that was sent is not', async () => {
  expect(await fateOf('train', 'SIGSEGV', ['SIGUSR1'])).toMatchObject({ failure: 'killed', isUnasked: true });
  expect(await fateOf('prepare', 'SIGKILL', [])).toMatchObject({ failure: 'prepare-failed' });
});
