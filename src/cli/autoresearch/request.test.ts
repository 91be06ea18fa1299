import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, expect, test } from 'vitest';
import { labCommand } from '../../scenarios/temporary-lab.ts';
import { createTrainingRepository, prepareTrainingData } from '../../scenarios/training-repository-for-tests.ts';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function makeFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'nl-request-')));
  folders.push(folder);
  return folder;
}

const ask = (folder: string, ...words: string[]) => callLab(folder, folder, ['autoresearch', ...words]);

async function callLab(folder: string, home: string, words: string[]) {
  const [node, script] = labCommand;
  const env = { HOME: home, NO_COLOR: '1', PATH: process.env.PATH ?? '' };
  const call = await execa(node, [script, ...words], { cwd: folder, env, reject: false });
  return { code: call.exitCode, stdout: call.stdout, stderr: call.stderr };
}

test('words that are no verb are a request, with or without quotes; a way out is told on stdout and exits with 0', async () => {
  const folder = await makeFolder();
  for (const words of [['find papers on muon'], ['find', 'papers', 'on', 'muon']]) {
    const { code, stdout, stderr } = await ask(folder, ...words);
    expect([code, stdout]).toEqual([0, expect.stringContaining('research tooling')]);
    expect(stderr).toContain('no training repository');
  }
});

test('a single word that is nearly a verb is a slip, and a word that is none is a request', async () => {
  const folder = await makeFolder();
  const slip = await ask(folder, 'progrma');
  expect([slip.code, slip.stdout]).toEqual([2, '']);
  expect(slip.stderr).toContain('did you mean `lab autoresearch program`?');
  expect((await ask(folder, 'literature')).stdout).toContain('research tooling');
});

test('--json tells the choice with its packet, and does nothing', async () => {
  const folder = await makeFolder();
  await createTrainingRepository(join(folder, 'repo'));
  const { code, stdout, stderr } = await ask(join(folder, 'repo'), 'show me the results', '--json');
  expect([code, stderr]).toEqual([0, '']);
  expect(JSON.parse(stdout)).toMatchObject({
    route: { kind: 'mode', mode: 'results' },
    elsewhere: null,
    command: 'lab autoresearch results',
    waitsForGo: false,
    intake: { mode: 'results', state: { hasRepository: true, program: 'whole' } },
  });
});

test('the mode that is picked is done at once, and its packet is printed once', async () => {
  const folder = await makeFolder();
  await createTrainingRepository(join(folder, 'repo'));
  const { code, stdout, stderr } = await ask(join(folder, 'repo'), 'which batch size fits a card with 12 GB?');
  expect(code).toBe(0);
  expect(stdout).toContain('12 GB');
  expect(stderr.match(/^repository /gm)).toHaveLength(1);
  expect(stderr.match(/^adapt keeps these rules:$/gm)).toHaveLength(1);
  expect(stderr).toContain('$ lab autoresearch adapt');
});

test('an option of a mode is refused beside a request, and no words are no request', async () => {
  const folder = await makeFolder();
  expect((await ask(folder, 'start the loop', '--max', '3')).stderr).toContain('has no option --max');
  expect((await ask(folder, '')).code).toBe(2);
});

test('what is asked for by hand is told, also as a single word that is nearly a verb', async () => {
  const folder = await makeFolder();
  await createTrainingRepository(join(folder, 'repo'));
  const stop = await ask(join(folder, 'repo'), 'stop');
  expect([stop.code, stop.stdout]).toEqual([0, expect.stringContaining('no session runs here')]);
  expect(stop.stdout).toContain('lab kill <number>');
  const undo = await ask(join(folder, 'repo'), 'undo', 'the', 'last', 'change', '--json');
  expect(JSON.parse(undo.stdout)).toMatchObject({
    route: { kind: 'advice', about: 'undo' },
    elsewhere: expect.stringContaining('nothing of one to undo'),
    command: null,
  });
});

test('what the words name and the command does not carry is told before anything is done', async () => {
  const folder = await makeFolder();
  const repository = join(folder, 'repo');
  await createTrainingRepository(repository);
  await prepareTrainingData(repository, folder);
  // An environment that is there, so that it is no question of CUDA.
  await mkdir(join(repository, '.venv'));
  expect(await callLab(repository, folder, ['init', '--adopt'])).toMatchObject({ code: 0 });
  const request = 'run 20 experiments on gpu1 with codex until 8am';
  const { stdout } = await callLab(repository, folder, ['autoresearch', request, '--json']);
  expect(JSON.parse(stdout)).toMatchObject({
    route: { kind: 'mode', mode: 'setup' },
    notCarried: [
      '--max 20 --device gpu1 --agent codex is of the session, and setup comes before it: say it again then',
    ],
  });
});
