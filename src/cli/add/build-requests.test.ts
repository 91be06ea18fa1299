/** From words to requests: how the jobs of a submission are named, and what a line of a jobs file takes from the options. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type AddRequest, requestDefaults } from '../../daemon/routes.ts';
import { add } from '../commands/add.ts';
import { parseCommand } from '../define.ts';
import { buildCommandRequests, buildFileRequests, type RequestBase } from './build-requests.ts';
import { type JobLine, parseJobsFile } from './jobs-file.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const base: RequestBase = {
  ...requestDefaults,
  ...{ kind: 'plain', label: 'Q: a? H: no', checkout: '/nowhere', directory: 'sub', here: false, device: null },
  ...{ seed: null, env: { PATH: '/bin' }, secrets: {}, wallSeconds: null },
};
const chosen = { key: 's', isChosen: true };
const context = {
  secret: ['MY_TOKEN'],
  defaults: { idleSeconds: 60, logMb: 5, retrySeconds: 30 },
  now: new Date('2026-11-22T06:00:00Z'),
};

const command = (...argv: string[]) => buildCommandRequests(parseCommand(add, argv), base, chosen);
const file = (lines: JobLine[], options: Partial<RequestBase> = {}) =>
  buildFileRequests(
    parseJobsFile(lines.map((line) => JSON.stringify(line)).join('\n'), 'f', context.now),
    { ...base, ...options },
    chosen,
    context,
  );
function line(more: Partial<JobLine>, options: Partial<RequestBase> = {}): AddRequest {
  const [request] = file([{ command: 'a', ...more }], options);
  if (request === undefined) throw new Error('the line made no request');
  return request;
}

test('the jobs of a wider grid keep the keys that they had in the narrower one', () => {
  const words = ['--grid', 'lr=a,b', '--', 'train', '{lr}'];
  const narrow = command('--grid', 'seed=0..1', ...words);
  const wide = command('--grid', 'seed=0..2', ...words);
  expect(narrow.map(({ key }) => key)).toEqual(['s/lr=a,seed=0', 's/lr=b,seed=0', 's/lr=a,seed=1', 's/lr=b,seed=1']);
  for (const request of narrow) expect(wide).toContainEqual(request);
  expect(narrow[0]?.chosenKey).toEqual({ env: [], grid: 's' });
});

test('one command has the key of the submission, and a key that was made up is no chosen one', () => {
  expect(command('--', 'train')).toMatchObject([{ key: 's', chosenKey: { env: [] } }]);
  const [made] = buildCommandRequests(parseCommand(add, ['--', 'train']), base, { key: 'made up', isChosen: false });
  expect(made?.key).toBe('made up');
  expect(made && 'chosenKey' in made).toBe(false);
});

test('a line that chooses a card by its environment is refused: the lab sets these names for each run', () => {
  for (const name of ['CUDA_VISIBLE_DEVICES', 'HIP_VISIBLE_DEVICES'])
    expect(() => line({ env: { [name]: '1' } })).toThrow(`job 1 of the file sets ${name}, which the lab itself sets`);
  expect(line({ device: 'auto' }).device).toBe('auto');
});

test('a line has its place as key, also where it is the only one, so that a line more changes none', () => {
  expect(file([{ command: 'a' }]).map(({ key }) => key)).toEqual(['s/0']);
  expect(file([{ command: 'a' }, { command: 'b' }]).map(({ key }) => key)).toEqual(['s/0', 's/1']);
});

test('a line that says nothing is as the options say', () => {
  const options: Partial<RequestBase> = {
    ...{ device: 'gpu', needs: { deviceId: 'gpu1', gpus: 1, vramMib: 1024 }, stdin: true },
    ...{ retry: { times: 2, on: ['any'], delaySeconds: 5 }, limits: { idleSeconds: 7, logMb: 1 } },
    notBefore: '2026-11-23T00:00:00.000Z',
  };
  const { key: _key, command: _command, chosenKey: _chosen, ...rest } = line({}, options);
  expect(rest).toEqual({ ...base, ...options });
});

test('what a line says goes over the options, one part of a rule at a time', () => {
  const rules = {
    retry: { times: 2, on: ['out-of-memory'], delaySeconds: 5 },
    limits: { idleSeconds: 7, logMb: 1 },
  };
  expect(line({ retries: 4, logMb: 9 }, rules)).toMatchObject({
    retry: { times: 4, on: ['out-of-memory'], delaySeconds: 5 },
    limits: { idleSeconds: 7, logMb: 9 },
  });
  expect(line({ retries: 1, retryOn: ['oom', 'exit:75'], idleSeconds: 3 })).toMatchObject({
    retry: { times: 1, on: ['out-of-memory', 'exit:75'], delaySeconds: 30 },
    limits: { idleSeconds: 3, logMb: 5 },
  });
  expect(line({ delay: '90s', stdin: true, noScore: true, env: { LR: '1' } })).toMatchObject({
    notBefore: '2026-11-22T06:01:30.000Z',
    ...{ stdin: true, kind: 'task', env: { PATH: '/bin', LR: '1' }, chosenKey: { env: ['LR'] } },
  });
});

test('a line that asks for GPU memory or several cards asks for a GPU, and one that names the processor for none', () => {
  expect(line({ gpus: 2 })).toMatchObject({ device: 'gpu', needs: { deviceId: null, gpus: 2, vramMib: null } });
  expect(line({ vram: '2G' })).toMatchObject({ device: 'gpu', needs: { gpus: 1, vramMib: 2048 } });
  const cards = { device: 'gpu', needs: { deviceId: null, gpus: 4, vramMib: 1024 } } as const;
  expect(line({ device: 'cpu' }, cards)).toMatchObject({ device: 'cpu', needs: { gpus: 1, vramMib: null } });
  expect(line({ gpus: 2 }, cards)).toMatchObject({ device: 'gpu', needs: { gpus: 2, vramMib: 1024 } });
});

test('a folder of a line counts from where the file is queued, and must be one of the checkout', () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'nl-lines-')));
  folders.push(root);
  for (const folder of ['.git', 'sub/deep', 'tree/.git']) mkdirSync(join(root, folder), { recursive: true });
  const options = { checkout: root };
  expect(line({ folder: 'deep' }, options).directory).toBe('sub/deep');
  expect(line({ folder: root }, options).directory).toBe('');
  expect(line({ folder: root }, { checkout: '/', here: true }).directory).toBe(root.slice(1));
  expect(() => line({ folder: 'gone' }, options)).toThrow(`the folder ${join(root, 'sub/gone')} is not there`);
  for (const folder of ['../..', '../tree'])
    expect(() => line({ folder }, options), folder).toThrow(`is not part of ${root}`);
});

test.each<[Partial<JobLine>, Partial<RequestBase>, string]>([
  [{ retryOn: ['oom'] }, {}, 'expected retries of job 1 of the file too'],
  [{ delay: '2h' }, { forced: true }, '--immediate sends all jobs ahead, and job 1 of the file is kept back'],
  [{ stashed: true }, { forced: true }, '--immediate sends all jobs ahead'],
  [{ env: { MY_TOKEN: 'x' } }, {}, 'job 1 of the file sets MY_TOKEN'],
])('the line %j with the options %j is refused', (more, options, reason) => {
  expect(() => line(more, options)).toThrow(reason);
});
