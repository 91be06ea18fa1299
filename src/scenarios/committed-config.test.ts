/** The lab.yaml that counts is main's committed one: what happens where the root checkout's says something else, and what doctor says. */
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Check } from '../cli/doctor/check.ts';
import { createTemporaryLab, type TemporaryLab } from './temporary-lab.ts';

let lab: TemporaryLab;
let valid: string;
const note =
  "note: lab.yaml in the root checkout differs from main's: main's counts until it is committed (`git commit -- lab.yaml`: there is no result yet, so it takes no META_MODE)\n";

beforeAll(async () => {
  lab = await createTemporaryLab();
  valid = await lab.read('lab.yaml');
});

afterAll(async () => {
  await lab?.remove();
});

async function commitConfig(text: string): Promise<void> {
  await lab.write('lab.yaml', text);
  await lab.git('commit', '--quiet', '--no-verify', '--allow-empty', '--message=config', '--', 'lab.yaml');
}

async function readDoctor(name: string, env: Record<string, string> = {}): Promise<Check[]> {
  const { stdout } = await lab.labIn(lab.root, ['doctor', '--json'], env);
  return (JSON.parse(stdout) as Check[]).filter((check) => check.name === name);
}

test('an edit that nobody committed changes no track, no direction, no limit and no rule, and is told once per call', async () => {
  const before = (await lab.status()).track;
  const edited = valid
    .replace('direction: lower', 'direction: higher')
    .replace(/wallSeconds: \d+/, 'wallSeconds: 7')
    .replace('python3 train.py', 'echo score 0');
  await lab.write('lab.yaml', `${edited}decision:\n  confidence: 0.51\nrules:\n  train.py: [FROZEN]\n`);
  expect((await lab.status()).track).toBe(before);
  for (const words of [['results'], ['results', '--json'], ['rules', 'train.py'], ['ideas'], ['status']]) {
    const { code, stdout, stderr } = await lab.lab(...words);
    expect([words, code, stderr]).toEqual([words, 0, note]);
    expect(stdout).not.toContain('higher');
  }
  expect((await lab.lab('rules', 'train.py', '--json')).stdout).toContain('"rules":[]');
  expect((await lab.lab('baseline', '--seeds', '1')).code).toBe(0);
  const { jobs } = await lab.status();
  expect(jobs.map(({ job }) => [job.command, job.wallSeconds, job.track])).toEqual([['python3 train.py', 600, before]]);
});

test('an edited lab.yaml does not get into a job by way of a snapshot', async () => {
  const { code, stderr } = await lab.lab('add', '--label', 'Q: q H: h', '--', 'python3 train.py');
  expect(code).toBe(1);
  expect(stderr).toMatch(/lab\.yaml.* FROZEN/);
});

test('doctor says what counts and names the keys that differ', async () => {
  const [counts, working, ...more] = await readDoctor('lab.yaml');
  expect(counts).toMatchObject({
    state: 'ok',
    found: 'main:lab.yaml: score, lower is better; train: python3 train.py',
  });
  expect(working).toMatchObject({ state: 'note', mend: expect.stringContaining('`git restore lab.yaml`') });
  expect(working?.found).toContain(
    'differs in commands.train, decision.confidence, metric.direction, rules.train.py, run.wallSeconds: main',
  );
  expect(more).toEqual([]);
});

test('while META_MODE is open nobody is told', async () => {
  await writeFile(join(lab.root, '.lab', 'meta.json'), '{}');
  const { stderr } = await lab.lab('results');
  await rm(join(lab.root, '.lab', 'meta.json'));
  expect(stderr).toBe('');
});

test('a file that is broken in the root stops nothing', async () => {
  await lab.write('lab.yaml', 'metric: [\n');
  await lab.lab('down');
  const { code, stderr } = await lab.lab('status');
  expect(code).toBe(0);
  expect(stderr).toContain("note: lab.yaml in the root checkout is broken: main's counts");
  expect((await readDoctor('lab.yaml'))[1]?.found).toContain('is broken (lab.yaml:2:1: not valid YAML');
  await lab.git('checkout', '--quiet', '--', 'lab.yaml');
  expect((await lab.lab('status')).stderr).toBe('');
});

test('another branch that is checked out in the root changes nothing, whatever its lab.yaml says', async () => {
  const before = (await lab.status()).track;
  await lab.git('checkout', '--quiet', '-b', 'mine');
  await commitConfig(`${valid.replace(/wallSeconds: \d+/, 'wallSeconds: 7')}main: mine\n`);
  expect((await lab.status()).track).toBe(before);
  expect(await lab.lab('results')).toMatchObject({ stderr: '', stdout: expect.stringContaining(`track ${before}`) });
  expect((await readDoctor('lab.yaml'))[1]?.found).toContain(
    'in the root checkout (mine) differs in main, run.wallSeconds',
  );
  await lab.git('checkout', '--quiet', 'main');
});

test('a commit that breaks lab.yaml leaves the running daemon with the one before, and the commit that mends it passes the hooks', async () => {
  const before = (await lab.status()).track;
  await commitConfig('metric: [\n');
  const { stdout, stderr } = await lab.lab('status');
  expect(stderr).toMatch(/main:lab\.yaml:2:1: not valid YAML.*; the configuration from before stays in force/);
  expect(stdout).toContain(before);
  await lab.write('lab.yaml', valid);
  expect((await readDoctor('lab.yaml'))[0]).toMatchObject({
    state: 'bad',
    mend: 'lab.yaml in the root checkout is right: commit it on main',
  });
  // With the hooks: a broken lab.yaml must not keep the check from letting it be mended.
  await lab.git('commit', '--quiet', '--message=mended', '--', 'lab.yaml');
  expect((await lab.status()).problems).toEqual([]);
});

test.each(['rules: {train.py: [FROZEN]}', 'decision: {confidence: 0.6}', 'main: mine'])(
  'lab.local.yaml cannot say `%s`',
  async (line) => {
    await lab.write('lab.local.yaml', `${line}\n`);
    const { code, stderr } = await lab.lab('results');
    await lab.write('lab.local.yaml', '');
    expect(code).toBe(1);
    expect(stderr).toContain(`lab.local.yaml: ${line.split(':')[0]} belongs in lab.yaml, which is FROZEN`);
  },
);

test('neither can the environment or a flag, and a daemon that is told so does not start', async () => {
  await lab.lab('down');
  const { code, stderr } = await lab.labIn(lab.root, ['status'], { LAB_DECISION_CONFIDENCE: '0.6' });
  expect([code, stderr]).toEqual([1, expect.stringContaining('LAB_DECISION_CONFIDENCE: decision.confidence belongs')]);
  expect((await lab.lab('up', '--decision.confidence', '0.6')).stderr).toContain(
    '--decision.confidence: decision.conf',
  );
});

test('doctor tells hooks that are missing, outdated, not executable or somebody else’s', async () => {
  await lab.lab('rules', 'uninstall');
  expect((await readDoctor('hooks'))[0]?.found).toContain('pre-push is not installed');
  await lab.lab('rules', 'install');
  expect((await readDoctor('hooks'))[0]).toMatchObject({ state: 'ok' });
  const hook = join(lab.root, '.git', 'hooks', 'pre-commit');
  const text = await lab.read('.git/hooks/pre-commit');
  await writeFile(hook, `${text}# older\n`);
  expect((await readDoctor('hooks'))[0]?.found).toContain('pre-commit is of another version or folder of nightlab');
  await chmod(hook, 0o644);
  expect((await readDoctor('hooks'))[0]?.found).toContain('pre-commit is not executable');
  await writeFile(hook, '#!/bin/sh\n');
  expect((await readDoctor('hooks'))[0]?.found).toContain("pre-commit is somebody else's");
  await lab.git('config', 'core.hooksPath', 'none');
  expect((await readDoctor('hooks'))[0]).toMatchObject({
    state: 'note',
    found: expect.stringContaining('where the lab writes none'),
  });
  await lab.git('config', '--unset', 'core.hooksPath');
});

test('doctor tells data that no track covers, and data of the scorer that is not there', async () => {
  await mkdir(join(lab.root, 'pictures'), { recursive: true });
  const links = 'checkout:\n  links: [pictures, words/small]\n  scoreLinks: [held]\ndata: [words]\n';
  await commitConfig(`${valid.replace(/checkout:\n( .*\n)*/, '')}${links}`);
  const [unseen, missing, ...more] = await readDoctor('data');
  expect(unseen).toMatchObject({ state: 'note' });
  expect(unseen?.found).toBe('pictures (checkout.links): not part of the track: a change of that data goes unseen');
  expect(missing).toMatchObject({
    state: 'bad',
    found: expect.stringContaining('held (checkout.scoreLinks) is not in'),
  });
  expect(more).toEqual([]);
  await commitConfig(valid);
});

test('doctor tells how META_MODE stands, the variable without a grant too, and a switch of the tests that is set', async () => {
  expect((await readDoctor('META_MODE'))[0]).toMatchObject({ state: 'ok', found: expect.stringMatching(/^closed/) });
  expect((await readDoctor('META_MODE', { META_MODE: '1' }))[0]).toMatchObject({
    state: 'note',
    found: expect.stringContaining('the variable is set without a grant: '),
  });
  expect((await readDoctor('test', { LAB_TEST_OPEN_LOCKS: 'hooks,worker' }))[0]).toMatchObject({
    state: 'bad',
    found: expect.stringContaining('opens hooks, worker'),
  });
});

test('doctor tries the sandbox, or says what goes without one', async () => {
  const checks = await readDoctor('sandbox');
  if (checks.length === 1) expect(checks[0]?.found).toMatch(/^none \(.+unsandboxed/);
  else {
    expect(checks.map(({ state }) => state)).toEqual(['ok', 'ok', 'ok']);
    expect(checks[1]?.found).toMatch(/^runs \(tried\): write their checkout/);
    expect(checks[2]?.found).toMatch(/^agents \(tried\): write their worktree/);
  }
  const off = await readDoctor('sandbox', { LAB_SANDBOX: 'off' });
  expect(off).toEqual([
    expect.objectContaining({ state: 'note', found: expect.stringContaining('agent-unsandboxed') }),
  ]);
});
