/** What keeps `lab autoresearch run` from beginning, told before anything is made. Whole sessions are in src/scenarios/ratchet.test.ts. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFakeNvidiaSmi } from '../../scenarios/fake-nvidia-smi.ts';
import { createRatchetLab, type RatchetLab } from '../../scenarios/ratchet-lab-for-tests.ts';

let made: RatchetLab;
beforeEach(async () => {
  made = await createRatchetLab({ first: {} });
});
afterEach(() => made.lab.remove());

const useAbsentAgent = () =>
  writeFile(
    join(made.clone, 'lab.local.yaml'),
    'agents:\n  use: absent\n  commands:\n    absent: no-such-agent {promptFile} {outbox}\n',
  );

async function expectNothingMade(): Promise<void> {
  expect(await made.git('for-each-ref', 'refs/heads/autoresearch', 'refs/nightlab')).toBe('');
  expect(existsSync(join(made.clone, '.lab', 'ratchet', 'a'))).toBe(false);
}

test('an agent whose program is not installed is refused before a session is made, and so is one that --agent names', async () => {
  await useAbsentAgent();
  for (const args of [[], ['--agent', 'absent']]) {
    const call = await made.call(['autoresearch', 'run', '--tag', 'a', ...args]);
    expect(call).toMatchObject({ code: 1, stdout: '' });
    expect(call.stderr).toContain('error: the agent absent starts "no-such-agent", which is not on PATH');
    expect(call.stderr).toMatch(/hint: install it, or name another one/);
  }
  await expectNothingMade();
});

test('everything that is missing is told in one go, each with what helps', async () => {
  await useAbsentAgent();
  await rm(join(made.lab.around, 'home', '.cache'), { recursive: true });
  const program = join(made.clone, 'program.md');
  await writeFile(program, (await readFile(program, 'utf8')).replace('## Constraints', '## Other things'));
  await made.git('commit', '-qam', 'no constraints');
  const { code, stdout, stderr } = await made.call(['autoresearch', 'run', '--tag', 'a', '--device', 'gpu77']);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain('error: 4 things keep the session from beginning:');
  for (const problem of [
    /^ {2}1\. the agent absent starts "no-such-agent"/m,
    /^ {2}2\. program\.md on master lacks a section: constraints/im,
    /^ {2}3\. this machine has no device "gpu77"/m,
    /^ {2}4\. this machine is not ready for a run: .*\.cache\/autoresearch: missing or empty/m,
    /^hint: install it/m,
    /^hint: `lab autoresearch program` shows what is missing/m,
    /^hint: `lab doctor` shows the devices/m,
    /^hint: `lab autoresearch setup` makes it ready/m,
  ])
    expect(stderr).toMatch(problem);
  await expectNothingMade();
});

test('a tokenizer that is missing beside the data keeps a session from beginning, and nothing of it is said once it is there', async () => {
  const prepare = join(made.clone, 'prepare.py');
  await writeFile(prepare, `${await readFile(prepare, 'utf8')}\nTOKENIZER_DIR = CACHE / "tokenizer"\n`);
  await made.git('commit', '-qam', 'a tokenizer');
  const tokenizer = join(made.lab.around, 'home', '.cache', 'autoresearch', 'tokenizer');
  const lacking = await made.call(['autoresearch', 'run', '--tag', 'a']);
  expect(lacking).toMatchObject({ code: 1, stdout: '' });
  expect(lacking.stderr).toContain(`error: this machine is not ready for a run: ${tokenizer}: missing or empty`);
  await mkdir(tokenizer);
  await writeFile(join(tokenizer, 'tokenizer.pkl'), 'x');
  // A device that is not there: the session would begin otherwise.
  const other = await made.call(['autoresearch', 'run', '--tag', 'a', '--device', 'gpu77']);
  expect(other).toMatchObject({ code: 1, stdout: '' });
  expect(other.stderr).toContain('this machine has no device "gpu77"');
  expect(other.stderr).not.toContain('not ready for a run');
  await expectNothingMade();
});

test('where run.device is auto and the cards cannot be asked no session begins on the processor, unless it is named', async () => {
  // With an agent that is not there nothing begins in the end.
  await useAbsentAgent();
  const smi = createFakeNvidiaSmi(made.lab.around, { fails: 'Unable to determine the device handle' });
  const bin = join(made.lab.around, 'home', 'bin');
  const env = { PATH: `${smi.folder}:${bin}:${made.lab.env.PATH ?? ''}`, LAB_RUN_DEVICE: 'auto' };
  const silent = await made.call(['autoresearch', 'run', '--tag', 'a'], env);
  expect(silent).toMatchObject({ code: 1, stdout: '' });
  expect(silent.stderr).toMatch(
    /^ {2}2\. run\.device is auto, and whether .* cannot be told: nvidia-smi failed: Unable to determine the device handle/m,
  );
  expect(silent.stderr).toMatch(/^hint: `lab autoresearch run --device cpu0` says that the processor is meant/m);
  const named = await made.call(['autoresearch', 'run', '--tag', 'a', '--device', 'cpu0'], env);
  expect(named.stderr).toContain('error: the agent absent starts "no-such-agent"');
  expect(named.stderr).not.toContain('cannot be told');
  await expectNothingMade();
});
