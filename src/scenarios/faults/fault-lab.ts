/**
 * A lab to do harm to, shared by the fault suite (this folder). Its jobs add a line to a file when they start and when they end, can be held in
 * the middle of train and of score, and any process of it can be frozen at a named point. After each harm `expectWhole` asks for all that
 * must be true. Linux only: it reads /proc. LAB_FAULT_ROUNDS=20 does every case of the suite 20 times in a row (default 1):
 * `LAB_FAULT_ROUNDS=20 npx vitest run src/scenarios/faults/`.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { isAlive, listProcesses, readIdentity, sendSignal } from '../../../workers/process-tree.ts';
import { labPaths } from '../../config/lab-paths.ts';
import { errnoOf } from '../../errors/lab-error.ts';
import { parseResults } from '../../lab/results-tsv.ts';
import { createTemporaryLab, type TemporaryLab, type TemporaryLabOptions, waitUntil } from '../temporary-lab.ts';

/** How often each case is done. */
export const faultRounds = Math.max(1, Number(process.env.LAB_FAULT_ROUNDS ?? '1') || 1);

/** What vitest is told about each case. */
export const faultCase = { repeats: faultRounds - 1 };

/** Whether this machine can run the suite. */
export const canHarm = process.platform === 'linux';

/** Where a job of such a lab can be held: in the middle of its prepare step (sandboxed labs alone have one), of train, of score. */
export type Hold = 'prepare' | 'run' | 'score';

/** Who is harmed. */
export type Victim = 'daemon' | 'supervisor' | 'redis';

/** A lab of the fault suite. */
export interface FaultLab extends TemporaryLab {
  /** Folder of the jobs' signs, outside the lab. */
  signs: string;
  /** Queues a job of the suite's kind and gives its number. Throws where it is refused. */
  addJob(...options: string[]): Promise<number>;
  /** Makes jobs stand still at a place until `letGo`. */
  hold(where: Hold): void;
  letGo(where: Hold): void;
  /** Resolves when a job stands still there. */
  isHeld(where: Hold): Promise<void>;
  /** The first process to reach this named point from now on stops itself there. */
  freezeAt(point: string): void;
  /** Resolves to the process that stopped itself at the point. */
  frozenAt(point: string): Promise<number>;
  /** The process of a victim; the supervisor is that of the job's last attempt. Throws where there is none. */
  pidOf(victim: Victim, job?: number): number;
  /** The same of one that may be about to start; null while its file is not there or not written yet. */
  findPid(victim: 'daemon' | 'redis'): number | null;
  /** Path of a file in the folder of the last attempt of a job, or of that attempt. */
  attemptFile(job: number, name: string, attempt?: number): string;
  /** How often the job's train step began and ended, over all attempts. */
  countRuns(job: number): { starts: number; ends: number };
  /** From now on the job is expected to have no row: it ended without a number. */
  expectNoRow(job: number): void;
  /** From now on the job is expected to have one: it was not queued by `addJob`. */
  expectRow(job: number): void;
  /** Jobs whose train step began, in the order in which they did. */
  startsInOrder(): number[];
  /** Waits for these jobs, then expects that each began and ended once, every job of `addJob` has one row and one entry, and nothing is left over. */
  expectWhole(...jobs: number[]): Promise<void>;
  /** What daemon and supervisors wrote last, for a test that failed. */
  lastWords(): string;
}

const trainOf = (signs: string): string => `#!/bin/sh
echo "$LAB_JOB" >> ${signs}/starts
while [ -e ${signs}/hold-run ]; do : > ${signs}/held-run; sleep 0.1; done
echo 1.0 > "$LAB_OUT/model.txt"
echo "$LAB_JOB" >> ${signs}/ends
`;

const scoreOf = (signs: string): string => `#!/bin/sh
while [ -e ${signs}/hold-score ]; do : > ${signs}/held-score; sleep 0.1; done
echo ---
echo "score:            $(cat "$LAB_OUT/model.txt")"
`;

const prepareOf = (signs: string): string => `#!/bin/sh
while [ -e ${signs}/hold-prepare ]; do : > ${signs}/held-prepare; sleep 0.1; done
`;

const configOf = (prepare: string): string => `metric: {name: score}
commands: {${prepare}train: sh train.sh, score: sh score.sh}
rules: {score.sh: [FROZEN]}
`;

/** What a lab of the suite is made from. */
export interface FaultLabOptions extends TemporaryLabOptions {
  /** Its runs have a sandbox, and a prepare step; absent: neither. */
  isSandboxed?: true;
}

const lineCount = (path: string, line: string): number =>
  existsSync(path)
    ? readFileSync(path, 'utf8')
        .split('\n')
        .filter((text) => text === line).length
    : 0;

/** Creates a lab of the suite; `local` is added to its lab.local.yaml, which says whether there is a sandbox. */
export async function createFaultLab({ isSandboxed, ...options }: FaultLabOptions = {}): Promise<FaultLab> {
  const signs = await realpath(await mkdtemp(join(tmpdir(), 'nl-signs-')));
  const scripts = { 'prepare.sh': prepareOf(signs), 'train.sh': trainOf(signs), 'score.sh': scoreOf(signs) };
  // A sandboxed run reaches the signs as a folder that stays between runs.
  const sandbox = isSandboxed ? `sandbox: required\ncheckout: {caches: [${signs}]}\n` : 'sandbox: off\n';
  const lab = await createTemporaryLab({
    ...options,
    lateFiles: scripts,
    config: options.config ?? configOf(isSandboxed ? 'prepare: sh prepare.sh, ' : ''),
    local: `${sandbox}devices: {reserveMb: 0}\n${options.local ?? ''}`,
    env: { LAB_FREEZE_IN: signs, ...options.env },
  });
  const paths = () => labPaths(lab.root);
  const added = new Set<number>();
  const attemptFile = (job: number, name: string, attempt?: number): string => {
    const folder = join(lab.root, '.lab', 'runs', String(job));
    const attempts = existsSync(folder) ? readdirSync(folder).map(Number).filter(Number.isInteger) : [];
    return join(folder, String(attempt ?? Math.max(1, ...attempts)), name);
  };

  const pidOf = (victim: Victim, job = 0): number => {
    if (victim === 'daemon') return JSON.parse(readFileSync(join(lab.root, '.lab', 'daemon.json'), 'utf8')).pid;
    if (victim === 'redis') return Number(readFileSync(join(lab.root, '.lab', 'redis', 'redis.pid'), 'utf8'));
    const lines = readFileSync(attemptFile(job, 'supervisors.jsonl'), 'utf8').trim().split('\n');
    return JSON.parse(lines.at(-1) ?? '').pid;
  };
  const findPid = (victim: 'daemon' | 'redis'): number | null => {
    try {
      return pidOf(victim) || null;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' || error instanceof SyntaxError) return null;
      throw error;
    }
  };
  /** Processes of runs, by the mark in their environment, and all of the lab's own but its daemon, its Redis and the daemon's spare supervisor. */
  const findOrphans = async (): Promise<string[]> => {
    const marker = `LAB_RUN=${paths().id}/`;
    const [daemon, redis] = [findPid('daemon'), findPid('redis')];
    const own = new Set((await lab.processes()).map(({ pid }) => pid));
    const found: string[] = [];
    for (const { pid, parentPid, name } of listProcesses()) {
      const [environ, command] = ['environ', 'cmdline'].map((file) => readProcText(pid, file).split('\0'));
      const isRun = environ?.some((text) => text.startsWith(marker)) === true;
      const isSpare = parentPid === daemon && command?.includes('--spare') === true;
      const isStray = own.has(pid) && pid !== daemon && pid !== redis && !isSpare;
      if (isRun || isStray) found.push(`${name} (${pid}) ${command?.join(' ')}`);
    }
    return found;
  };

  const expectWhole = async (...jobs: number[]): Promise<void> => {
    const waited = await lab.lab('wait', ...jobs.map(String));
    expect(waited, waited.stdout + waited.stderr).toMatchObject({ code: 0 });
    for (const job of jobs) expect([job, countRuns(job)]).toEqual([job, { starts: 1, ends: 1 }]);
    await expectRecords(lab, added);
    const left = async () => (await findOrphans()).join('; ');
    await waitUntil('nothing is left', async () => (await left()) === '').catch(async (error: unknown) => {
      throw new Error(`left over: ${await left()}`, { cause: error });
    });
    // What was wrong with Redis is looked at every few seconds.
    const { jobs: shown } = await waitUntil('no problem is told any more', async () => {
      const view = await lab.status();
      return view.problems.length === 0 ? view : null;
    });
    const open = shown.filter(({ state }) => state.kind !== 'ended' && state.kind !== 'removed');
    expect(open.map(({ job, state }) => [job.number, state])).toEqual([]);
  };
  const countRuns = (job: number) => ({
    starts: lineCount(join(signs, 'starts'), String(job)),
    ends: lineCount(join(signs, 'ends'), String(job)),
  });

  return {
    ...lab,
    signs,
    async addJob(...more) {
      const job = await lab.add('--label', 'Q: does it survive? H: no change', ...more, '--', 'sh train.sh');
      added.add(job);
      return job;
    },
    hold(where) {
      rmSync(join(signs, `held-${where}`), { force: true });
      writeFileSync(join(signs, `hold-${where}`), '');
    },
    letGo: (where) => rmSync(join(signs, `hold-${where}`), { force: true }),
    isHeld: async (where) =>
      void (await waitUntil(`a job is held in ${where}`, async () => existsSync(join(signs, `held-${where}`)))),
    freezeAt: (point) => writeFileSync(join(signs, point), ''),
    frozenAt: (point) =>
      waitUntil(`a process stops at "${point}"`, async () => {
        const name = readdirSync(signs).find((file) => file.startsWith(`${point}.`));
        if (name === undefined) return null;
        const pid = Number(name.slice(point.length + 1));
        if (stateOf(pid) !== 'T') return null;
        rmSync(join(signs, name));
        return pid;
      }),
    pidOf,
    findPid,
    attemptFile,
    countRuns,
    startsInOrder: () =>
      readFileSync(join(signs, 'starts'), 'utf8')
        .split('\n')
        .flatMap((line) => (line === '' ? [] : [Number(line)])),
    expectNoRow: (job) => void added.delete(job),
    expectRow: (job) => void added.add(job),
    expectWhole,
    lastWords: () => collectLastWords(lab),
    async remove() {
      await lab.remove();
      await rm(signs, { recursive: true, force: true });
    },
  };
}

/** One row and one entry for each of the jobs that were queued and none for any other, and a clean checkout. */
async function expectRecords(lab: TemporaryLab, added: ReadonlySet<number>): Promise<void> {
  const wanted = [...added].sort((a, b) => a - b);
  const rows = parseResults(await lab.git('show', 'main:results.tsv')).rows.flatMap((row) => row.jobs);
  expect(rows.sort((a, b) => a - b)).toEqual(wanted);
  const journal = await lab.git('show', 'main:RESEARCH_JOURNAL.md');
  const entries = [...journal.matchAll(/^job (\d+), attempt/gm)].map((match) => Number(match[1]));
  // A job that failed has an entry and no row.
  expect(entries.length).toBe(new Set(entries).size);
  expect(entries).toEqual(expect.arrayContaining(wanted));
  expect(await lab.git('status', '--porcelain')).toBe('');
}

/** State letter of a process ("T" stopped, "Z" ended and not yet reaped); empty where there is none. */
export function stateOf(pid: number): string {
  return readProcText(pid, 'stat').replace(/^.*\) /s, '')[0] ?? '';
}

/** Text of a file below /proc/<pid>; empty where the process is gone meanwhile or hidden. */
export function readProcText(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}

/** Kills a process and waits until it is gone. */
export async function killHard(pid: number): Promise<void> {
  const identity = readIdentity(pid);
  sendSignal(pid, 'SIGKILL');
  await waitUntil(`process ${pid} is gone`, async () => identity === null || !isAlive(identity));
}

/** Stops a process and waits until it stands still. */
export async function standStill(pid: number): Promise<void> {
  sendSignal(pid, 'SIGSTOP');
  await waitUntil(`process ${pid} stands still`, async () => stateOf(pid) === 'T');
}

function collectLastWords(lab: TemporaryLab): string {
  const runs = join(lab.root, '.lab', 'runs');
  const newest = existsSync(runs) ? Math.max(0, ...readdirSync(runs).map(Number).filter(Number.isInteger)) : 0;
  const logs = [join(lab.root, '.lab', 'logs', 'daemon.log')];
  for (const job of [newest - 1, newest])
    for (const attempt of [1, 2]) logs.push(join(runs, String(job), String(attempt), 'supervisor.log'));
  return logs
    .filter((path) => existsSync(path))
    .map((path) => `== ${path}\n${readFileSync(path, 'utf8').split('\n').slice(-25).join('\n')}`)
    .join('\n');
}
