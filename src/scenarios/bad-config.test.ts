/** A lab.yaml on main or a lab.local.yaml that is wrong: before the daemon starts, while it runs, and while a job runs. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTemporaryLab, type TemporaryLab, waitUntil } from './temporary-lab.ts';

let lab: TemporaryLab;
let valid: string;

beforeAll(async () => {
  lab = await createTemporaryLab();
  valid = await lab.read('lab.yaml');
});

/** What main has is what counts; as a human who does not ask the hooks. */
async function commitConfig(text: string): Promise<void> {
  await lab.write('lab.yaml', text);
  await lab.git('commit', '--quiet', '--no-verify', '--allow-empty', '--message=config', '--', 'lab.yaml');
}

afterAll(async () => {
  await lab?.remove();
});

test.each([
  { text: 'metric: [\n', says: ['lab.yaml:2:1: not valid YAML'] },
  { text: 'a: b: c\n', says: ['lab.yaml:1:', 'not valid YAML'] },
  { text: 'just words\n', says: ['lab.yaml: got "just words", expected keys and values'] },
  { text: '- 1\n', says: ['lab.yaml: got [1], expected keys and values'] },
  { text: 'metric: 3\n', says: ['lab.yaml: metric: got 3, expected'] },
  { text: 'metric:\n  nmae: x\n', says: ['metric.nmae: unknown key (value "x")', 'did you mean metric.name?'] },
  { text: 'metrics:\n  name: x\n', says: ['metrics: unknown key', 'did you mean metric?'] },
  { text: 'metric:\n  name: "a b"\n', says: ['metric.name: got "a b", expected a name of letters'] },
  { text: 'metric:\n  direction: up\n', says: ['metric.direction: got "up", expected one of lower, higher'] },
  { text: 'run:\n  wallSeconds: -3\n', says: ['run.wallSeconds: got -3, expected a number above 0'] },
  { text: 'run:\n  wallSeconds: 10 min\n', says: ['run.wallSeconds: got "10 min", expected a number'] },
  { text: 'run:\n  seeds: []\n', says: ['run.seeds: got [], expected at least one entry'] },
  { text: 'sandbox: maybe\n', says: ['sandbox: got "maybe", expected one of required, preferred, off'] },
  { text: 'schema: 2\n', says: ['schema: got 2, expected 1'] },
])('a lab.yaml of $text keeps the daemon from starting and says what to write', async ({ text, says }) => {
  await commitConfig(text);
  const { code, stdout, stderr } = await lab.lab('up');
  for (const words of says) expect(stderr).toContain(words);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
});

test('a lab.yaml that cannot be read refuses a job before it takes a number', async () => {
  await commitConfig('metric: [\n');
  const { code, stderr } = await lab.lab('add', '--label', 'Q: q H: h', '--', 'true');
  expect(code).toBe(1);
  expect(stderr).toContain('not valid YAML');
  expect((await lab.lab('down')).stdout).toBe('no daemon was running\n');
});

test('every wrong key of a file is named at once, and doctor names them too', async () => {
  await commitConfig('run:\n  wallSeconds: -3\n  device: tpu\nsandbox: maybe\n');
  const { stderr } = await lab.lab('up');
  for (const path of ['run.wallSeconds', 'run.device', 'sandbox']) expect(stderr).toContain(`lab.yaml: ${path}: got`);
  expect((await lab.lab('doctor')).stdout).toMatch(/BAD +lab\.yaml .*run\.device: got "tpu", expected one of cpu, gpu/);
});

test('a wrong value in the local file or the environment is blamed on the one that has it', async () => {
  await commitConfig(valid);
  await lab.write('lab.local.yaml', 'sandbox: maybe\n');
  expect((await lab.lab('up')).stderr).toContain('lab.local.yaml: sandbox: got "maybe"');
  await lab.write('lab.local.yaml', '');
  const { code, stderr } = await lab.labIn(lab.root, ['up'], { LAB_RUN_WALL_SECONDS: 'abc' });
  expect(code).toBe(1);
  expect(stderr).toMatch(/LAB_RUN_WALL_SECONDS\b.*: run\.wallSeconds: got "abc", expected a number/);
});

test('a lab.yaml that breaks under a running job loses nothing: the job is recorded, new ones are refused', async () => {
  await commitConfig(valid);
  const gate = join(lab.root, 'go');
  const number = await lab.add(
    '--label',
    'Q: q H: h',
    '--',
    `while [ ! -e ${gate} ]; do sleep 0.05; done; python3 train.py`,
  );
  await waitUntil('train runs', async () => (await stepOf(number)) === 'train');
  await commitConfig('metric: [\n');
  const refused = await lab.lab('add', '--label', 'Q: q H: h', '--', 'true');
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('not valid YAML') });
  // A daemon that cannot read its file cannot start; the run does not need one.
  await lab.lab('down');
  expect((await lab.lab('status')).stderr).toContain('lab.yaml:2:1: not valid YAML');
  await lab.write('go', '');
  await waitUntil(
    'the run has ended',
    async () => await readFile(join(lab.root, '.lab', 'runs', String(number), '1', 'exit')).catch(() => null),
  );
  await commitConfig(valid);
  expect((await lab.lab('wait', String(number))).code).toBe(0);
  expect((await lab.git('show', 'main:results.tsv')).split('\n').length).toBe(2);
});

test('a job that is queued after lab.yaml changed runs under the new text, on the new track', async () => {
  const before = (await lab.status()).track;
  await commitConfig(valid.replace(/wallSeconds: \d+/, 'wallSeconds: 77'));
  const number = await lab.add('--label', 'Q: q H: h', '--', 'python3', 'train.py');
  const { jobs, track } = await lab.status(number);
  expect(jobs[0]?.job.wallSeconds).toBe(77);
  expect(jobs[0]?.job.track).toBe(track);
  expect(track).not.toBe(before);
});

async function stepOf(number: number): Promise<string | null> {
  const state = (await lab.status(number)).jobs[0]?.state;
  return state?.kind === 'running' ? state.step : null;
}
