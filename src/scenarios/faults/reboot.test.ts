/**
 * A reboot in mid-run: all processes of the lab die at once, and afterwards every pid that a file names belongs to a stranger. The run is
 * interrupted and tried once more; a stranger is neither waited for nor touched. The other boot is written into the files that name it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, expect, test } from 'vitest';
import { sendSignal } from '../../../workers/process-tree.ts';
import { parseResults } from '../../lab/results-tsv.ts';
import { canHarm, createFaultLab, type FaultLab, faultCase, stateOf } from './fault-lab.ts';

const otherBoot = '00000000-1111-2222-3333-444444444444';
const ownBoot = canHarm ? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() : '';
let lab: FaultLab | null = null;
let stranger: { pid: number; end(): Promise<void> } | null = null;

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.error(lab?.lastWords());
  await stranger?.end();
  await lab?.remove();
  [lab, stranger] = [null, null];
});

/** A living process that has nothing to do with the lab. */
function startStranger(): { pid: number; end(): Promise<void> } {
  const child = execa('sleep', ['1000'], {
    cwd: '/',
    env: { PATH: process.env.PATH },
    extendEnv: false,
    reject: false,
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('no process was started');
  return {
    pid,
    async end() {
      child.kill('SIGKILL');
      await child;
    },
  };
}

/** Ends all at once, as a reboot does: nobody may see another one's end, or a run that stands ready would begin on the device that comes free. */
async function killEverything(made: FaultLab): Promise<void> {
  const frozen = new Set<number>();
  for (;;) {
    const found = (await made.processes()).map(({ pid }) => pid).filter((pid) => !frozen.has(pid));
    if (found.length === 0) break;
    for (const pid of found) {
      sendSignal(pid, 'SIGSTOP');
      frozen.add(pid);
    }
  }
  for (let left = await made.processes(); left.length > 0; left = await made.processes()) {
    for (const { pid } of left) sendSignal(pid, 'SIGKILL');
    await new Promise((resume) => setTimeout(resume, 20));
  }
}

/** Replaces every pid in a file by the stranger's, and the boot by the other one where `isNewBoot`. */
function forgeFile(path: string, pid: number, isNewBoot: boolean): void {
  const text = readFileSync(path, 'utf8')
    .replace(/("pid":\s*)\d+/g, `$1${pid}`)
    .replace(/^\d+$/m, String(pid));
  writeFileSync(path, isNewBoot ? text.replaceAll(ownBoot, otherBoot) : text);
}

function forgePids(made: FaultLab, job: number, pid: number, isNewBoot: boolean): void {
  const attempt = made.attemptFile(job, '.', 1);
  const named = readdirSync(attempt).filter((name) => /^(started|supervisors\.jsonl|.*\.pid)$/.test(name));
  expect(named).toContain('started');
  for (const name of named) forgeFile(join(attempt, name), pid, isNewBoot);
  for (const path of ['.lab/daemon.json', '.lab/redis/redis.pid']) forgeFile(join(made.root, path), pid, isNewBoot);
  for (const name of readdirSync(join(made.around, 'locks')))
    forgeFile(join(made.around, 'locks', name), pid, isNewBoot);
}

const fateOf = (made: FaultLab, job: number, attempt: number) =>
  JSON.parse(readFileSync(made.attemptFile(job, 'run.json', attempt), 'utf8')).fate;

test.skipIf(!canHarm).each([
  ['after a reboot', 'run', true],
  // A container that was started again: the boot is the host's and stays.
  ['in a container that was started again', 'run', false],
  ['after a reboot', 'score', true],
  ['in a container that was started again', 'score', false],
] as const)(
  '%s in mid-%s the run is interrupted and tried once more, and a stranger with its pids is left alone',
  faultCase,
  async (_, where, isNewBoot) => {
    const made = await createFaultLab();
    lab = made;
    made.hold(where);
    const job = await made.addJob();
    await made.isHeld(where);
    const behind = await made.addJob();
    await killEverything(made);
    stranger = startStranger();
    forgePids(made, job, stranger.pid, isNewBoot);
    made.letGo(where);
    const waited = await made.lab('wait', String(job), String(behind));
    expect(waited, waited.stderr).toMatchObject({ code: 0 });
    expect(fateOf(made, job, 1)).toMatchObject({ kind: 'failed', failure: 'interrupted' });
    expect(fateOf(made, job, 2)).toEqual({ kind: 'done' });
    const { starts } = made.countRuns(job);
    expect(starts).toBe(2);
    expect(stateOf(stranger.pid)).toBe('S');
    const rows = parseResults(await made.git('show', 'main:results.tsv')).rows.flatMap((row) => row.jobs);
    expect(rows.sort()).toEqual([job, behind]);
    // Whoever is asked to end the lab ends nobody else.
    await made.lab('down');
    expect(stateOf(stranger.pid)).toBe('S');
    await made.expectWhole(behind, await made.addJob());
  },
);

test.skipIf(!canHarm)(
  'a run that two reboots met is told as interrupted, and not tried a third time',
  faultCase,
  async () => {
    const made = await createFaultLab();
    lab = made;
    made.hold('run');
    const job = await made.add('--label', 'Q: twice? H: no', '--', 'sh train.sh');
    stranger = startStranger();
    for (const attempt of [1, 2]) {
      await made.lab('up');
      made.hold('run');
      await made.isHeld('run');
      await killEverything(made);
      forgeFile(made.attemptFile(job, 'started', attempt), stranger.pid, true);
    }
    made.letGo('run');
    expect(await made.lab('wait', String(job))).toMatchObject({ code: 3 });
    expect((await made.status(job)).jobs[0]?.state).toMatchObject({
      kind: 'ended',
      run: { attempt: 2, fate: { failure: 'interrupted' } },
    });
    await made.expectWhole(await made.addJob());
  },
);
