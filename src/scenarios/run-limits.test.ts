/** Limits of a run in whole labs: idle time, size of the log, a disk with too little room. The supervisor's own tests go further into each. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { Run } from '../domain/run.ts';
import { createTemporaryLab, type TemporaryLab, type TemporaryLabOptions, waitUntil } from './temporary-lab.ts';

const labs: TemporaryLab[] = [];

afterEach(async () => {
  await Promise.all(labs.splice(0).map((lab) => lab.remove()));
});

async function createLab(run: string, local: string): Promise<TemporaryLab> {
  const commands = 'commands: {train: python3 train.py, score: python3 eval.py}';
  const options: TemporaryLabOptions = { config: `metric: {name: score}\n${commands}\n${run}`, local };
  const lab = await createTemporaryLab(options);
  labs.push(lab);
  return lab;
}

async function stateOf(lab: TemporaryLab, number: number) {
  return (await lab.status(number)).jobs[0]?.state;
}

async function endOf(lab: TemporaryLab, number: number): Promise<Run> {
  await lab.lab('wait', String(number));
  const state = await stateOf(lab, number);
  if (state?.kind !== 'ended') throw new Error(`job ${number} is ${state?.kind}`);
  return state.run;
}

const question = ['--label', 'Q: does it end? H: yes'];

test('a run that prints nothing is a crash that names its limit, and so is one that prints too much', async () => {
  const patient = await createLab('run: {idleSeconds: 2}\n', '');
  const quiet = await endOf(patient, await patient.add(...question, '--', 'echo begin; sleep 600'));
  expect(quiet).toMatchObject({ metric: null, fate: { kind: 'failed', failure: 'idle' } });
  expect(quiet.fate).toMatchObject({ detail: expect.stringContaining('train printed nothing for 2 s') });

  // In a lab without that limit: on a slow machine the first line of this one may take as long.
  const lab = await createLab('run: {logMb: 0.05}\n', '');
  const number = await lab.add(...question, '--', 'echo first; yes "a line of many"');
  const loud = await endOf(lab, number);
  expect(loud).toMatchObject({ metric: null, fate: { kind: 'failed', failure: 'log-limit' } });
  expect(loud.fate).toMatchObject({ detail: expect.stringContaining('limit of 0.05 MB') });
  const log = await readFile(join(lab.root, '.lab', 'runs', String(number), '1', 'run.log'), 'utf8');
  expect(log.length).toBeLessThanOrEqual(50_000);
  expect(log).toMatch(/^first\na line of many\n/);
  expect(log).toContain('bytes left out here, the log limit is 50000 bytes');

  for (const limited of [patient, lab])
    expect(JSON.parse((await limited.lab('audit', '--json')).stdout)).toMatchObject({ findings: [] });
});

test('with less free than the reserve a job waits and says so, can be killed, and nothing of it is prepared', async () => {
  const lab = await createLab('', 'devices: {reserveMb: 1000000000000}\n');
  const number = await lab.add(...question, '--', 'python3 train.py');
  const folder = join(lab.root, '.lab', 'runs', String(number), '1');
  await waitUntil('it says that it waits', async () => {
    const status = JSON.stringify(await lab.status(number));
    return /MB are free at .*less than devices\.reserveMb 1000000000000/.test(status);
  });
  await expect(readFile(join(folder, 'plan.json'))).rejects.toThrow('ENOENT');
  expect((await lab.lab('kill', String(number))).stdout).toContain('before it ran');
  expect((await lab.status(number)).jobs[0]?.state.kind).toBe('removed');
});
