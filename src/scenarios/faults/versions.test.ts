/**
 * Clients and daemons of different versions, and files of a newer one: requests with unknown or missing fields, routes of another protocol, a
 * client of another build in mid-run, a job file that only a newer version can read. Each is told in words; no job is lost or runs twice.
 */
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, expect, test } from 'vitest';
import { postJson } from '../../cli/exchange.ts';
import { labPaths } from '../../config/lab-paths.ts';
import { packageRoot } from '../../config/package-root.ts';
import { waitUntil } from '../temporary-lab.ts';
import { canHarm, createFaultLab, type FaultLab, faultCase } from './fault-lab.ts';

let lab: FaultLab | null = null;

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.error(lab?.lastWords());
  await lab?.remove();
  lab = null;
});

async function createLab(): Promise<FaultLab> {
  lab = await createFaultLab();
  return lab;
}

/** A package with the same code and another build's name, in the lab's neighbourhood; gives what runs its client. */
function createOtherBuild({
  around,
  root,
  env,
}: FaultLab): (...args: string[]) => Promise<{ exitCode?: number; stderr: string; stdout: string }> {
  const other = join(around, 'other');
  mkdirSync(other);
  for (const part of ['bin', 'dist', 'package.json', 'templates', 'prompts', 'schema'])
    cpSync(join(packageRoot(), part), join(other, part), { recursive: true });
  symlinkSync(join(packageRoot(), 'node_modules'), join(other, 'node_modules'));
  writeFileSync(join(other, 'dist', 'build-id'), '0.0.9+older\n');
  return (...args) =>
    execa(process.execPath, [join(other, 'bin', 'lab.mjs'), ...args], {
      cwd: root,
      env,
      extendEnv: false,
      reject: false,
    });
}

const request = (made: FaultLab) => ({
  key: 'k1',
  kind: 'plain',
  label: 'Q: old? H: no',
  command: 'sh train.sh',
  checkout: made.root,
  directory: '',
  here: false,
  device: null,
  seed: null,
  env: { PATH: process.env.PATH },
  secrets: {},
  wallSeconds: null,
  base: null,
  commit: null,
});

test.skipIf(!canHarm)('requests of other versions are refused in words, and change nothing', faultCase, async () => {
  const made = await createLab();
  made.hold('run');
  const job = await made.addJob();
  await made.isHeld('run');
  const socket = join(made.env.XDG_RUNTIME_DIR ?? '', 'nightlab', `${labPaths(made.root).id}.sock`);
  const post = (path: string, body: unknown) =>
    postJson(socket, { path, text: typeof body === 'string' ? body : JSON.stringify(body) });
  const cases: [string, unknown, RegExp][] = [
    ['/v1/add', request(made), /add: \w+: /],
    ['/v1/add', { ...request(made), dreams: 3 }, /add: /],
    ['/v1/status', { numbers: [], colour: 'red' }, /status: .*colour/],
    ['/v2/status', { numbers: [] }, /no route POST \/v2\/status, expected POST \/v1/],
    ['/v1/levitate', {}, /no route POST \/v1\/levitate/],
    ['/v1/add', '{"key": "k', /no valid JSON/],
    ['/v1/addMany', { requests: [] }, /addMany: requests: /],
    ['/v1/kill', { numbers: 'all' }, /kill: numbers: /],
  ];
  for (const [path, body, words] of cases) {
    const answer = await post(path, body);
    expect([path, answer.status]).toEqual([path, 400]);
    expect(JSON.parse(answer.body).error.message).toMatch(words);
  }
  expect((await made.status()).jobs).toHaveLength(1);
  made.letGo('run');
  await made.expectWhole(job, await made.addJob());
});

test.skipIf(!canHarm)(
  'a client of another build replaces the daemon in mid-run and says so; back again the same',
  faultCase,
  async () => {
    const made = await createLab();
    const other = createOtherBuild(made);
    made.hold('run');
    const job = await made.addJob();
    await made.isHeld('run');
    const added = await other('add', '-p', '--label', 'Q: other? H: same', '--', 'sh train.sh');
    expect(added).toMatchObject({ exitCode: 0, stdout: '2' });
    expect(added.stderr).toMatch(
      /the daemon is build .*, this client 0\.0\.9\+older: replacing it; running jobs go on/,
    );
    const back = await made.lab('status');
    expect(back.stderr).toContain('the daemon is build 0.0.9+older');
    expect((await made.status(job)).jobs[0]?.state.kind).toBe('running');
    made.letGo('run');
    made.expectRow(2);
    await made.expectWhole(job, 2, await made.addJob());
  },
);

test.skipIf(!canHarm)(
  'two clients of different builds that wait at the same time get one daemon: one goes on, the other is told',
  faultCase,
  async () => {
    const made = await createLab();
    const other = createOtherBuild(made);
    made.hold('run');
    const job = await made.addJob();
    await made.isHeld('run');
    const told: { code: number | null; stderr: string }[] = [];
    const tell = (code: number | null | undefined, stderr: string) => void told.push({ code: code ?? null, stderr });
    const waits = [
      made.lab('wait', String(job)).then(({ code, stderr }) => tell(code, stderr)),
      other('wait', String(job)).then(({ exitCode, stderr }) => tell(exitCode, stderr)),
    ];
    // Each needs a daemon of its own: either may be the one that gets it, the other is told so.
    await waitUntil('one of them gives up', async () => told.length === 1);
    made.letGo('run');
    await Promise.all(waits);
    expect(told).toMatchObject([
      { code: 4, stderr: expect.stringMatching(/a client of build .* has replaced the daemon/) },
      { code: 0 },
    ]);
    await made.expectWhole(job, await made.addJob());
  },
);

test.skipIf(!canHarm)(
  'a job that only a newer version can read is named and stays as it is, and the others go on',
  faultCase,
  async () => {
    const made = await createLab();
    const job = await made.addJob();
    await made.expectWhole(job);
    await made.lab('down');
    const file = '.lab/runs/7/job.json';
    const text = JSON.stringify({
      ...JSON.parse(await made.read(`.lab/runs/${job}/job.json`)),
      schema: 99,
      number: 7,
      key: 'other',
      dreams: true,
    });
    await made.write(file, text);
    const call = await made.lab('status');
    expect(call.stdout + call.stderr).toMatch(/runs\/7\/job\.json/);
    expect(call.stdout + call.stderr).toMatch(/schema|newer|99/);
    expect(await made.read(file)).toBe(text);
    // The other jobs go on.
    await made.lab('wait', String(await made.addJob()));
    expect(await made.read(file)).toBe(text);
  },
);
