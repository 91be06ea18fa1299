/**
 * The moments of a job's life at which somebody is killed or frozen, and what a case of that table does. Moments that have a named point
 * freeze the process that gets there; the others are held by the job itself. The three tables of victims are in files of their own,
 * so that they run side by side.
 */
import { existsSync } from 'node:fs';
import { afterAll, onTestFailed, test } from 'vitest';
import { sendSignal } from '../../../workers/process-tree.ts';
import { waitUntil } from '../temporary-lab.ts';
import {
  canHarm,
  createFaultLab,
  type FaultLab,
  faultCase,
  type Hold,
  killHard,
  standStill,
  stateOf,
  type Victim,
} from './fault-lab.ts';

/** How a moment is reached: a process freezes at a point, the job holds, or it is over. */
type Moment =
  | { name: string; kind: 'point'; by: 'daemon' | 'supervisor' }
  | { name: string; kind: 'hold'; where: Hold }
  | { name: string; kind: 'over' };

const point = (name: string, by: 'daemon' | 'supervisor'): Moment => ({ name, kind: 'point', by });

/** All moments, in the order of a job's life. */
export const moments: readonly Moment[] = [
  point('enqueued', 'daemon'),
  point('claimed', 'daemon'),
  point('checkout-added', 'daemon'),
  point('planned', 'daemon'),
  point('supervisor-locked', 'supervisor'),
  point('device-locked', 'supervisor'),
  point('started-written', 'supervisor'),
  point('step-spawned', 'supervisor'),
  { name: 'mid-run', kind: 'hold', where: 'run' },
  point('step-exited', 'supervisor'),
  { name: 'scoring', kind: 'hold', where: 'score' },
  point('before-exit', 'supervisor'),
  point('exit-seen', 'daemon'),
  point('decided', 'daemon'),
  point('committed', 'daemon'),
  { name: 'recorded', kind: 'over' },
];

/** Moments in each step of a run, for a lab whose jobs have all three. */
export const inEachStep: readonly Moment[] = [
  { name: 'preparing', kind: 'hold', where: 'prepare' },
  { name: 'mid-run', kind: 'hold', where: 'run' },
  { name: 'scoring', kind: 'hold', where: 'score' },
];

/** Moments at which the job has a supervisor. */
export const supervised = moments.filter(
  (moment) => moment.kind === 'hold' || (moment.kind === 'point' && moment.by === 'supervisor'),
);

/** Brings a new job to the moment; gives its number, still to come where its queueing is what stands, and who is frozen there. */
async function bringTo(lab: FaultLab, moment: Moment): Promise<{ adding: Promise<number>; frozen: number | null }> {
  if (moment.kind === 'point') lab.freezeAt(moment.name);
  if (moment.kind === 'hold') lab.hold(moment.where);
  const adding = lab.addJob();
  // Whoever fails before it is asked for must not be an unhandled rejection.
  adding.catch(() => undefined);
  if (moment.kind === 'point') return { adding, frozen: await lab.frozenAt(moment.name) };
  if (moment.kind === 'hold') await lab.isHeld(moment.where);
  else await lab.lab('wait', String(await adding));
  return { adding, frozen: null };
}

function letGo(lab: FaultLab, moment: Moment, frozen: number | null, victim: number): void {
  if (moment.kind === 'hold') lab.letGo(moment.where);
  if (frozen !== null && frozen !== victim) sendSignal(frozen, 'SIGCONT');
}

/** What the rest of the lab does while the victim stands still. */
async function goOnWithout(lab: FaultLab, moment: Moment, victim: Victim, job: number): Promise<void> {
  const isDone = (name: string) =>
    waitUntil(`${name} of job ${job}`, async () => existsSync(lab.attemptFile(job, name)));
  if (victim === 'supervisor') {
    if (moment.kind === 'hold') await isDone(`${moment.where === 'run' ? 'train' : moment.where}.exit`);
    await lab.status();
    return;
  }
  const isRunning = moment.kind === 'hold' || (moment.kind === 'point' && moment.by === 'supervisor');
  // A run needs neither the daemon nor Redis to come to its end.
  if (isRunning) await isDone('exit');
  // A job is queued, and one can ask, whatever Redis does.
  if (victim === 'redis') await lab.status();
}

async function doHarm(lab: FaultLab, moment: Moment, victim: Victim, signal: 'SIGKILL' | 'SIGSTOP'): Promise<void> {
  const { adding, frozen } = await bringTo(lab, moment);
  const isAdded = moment.name !== 'enqueued';
  const number = isAdded ? await adding : 0;
  const pid = victim === 'supervisor' && frozen !== null ? frozen : lab.pidOf(victim, number);
  if (signal === 'SIGKILL') {
    await killHard(pid);
    letGo(lab, moment, frozen, pid);
  } else {
    if (stateOf(pid) !== 'T') await standStill(pid);
    letGo(lab, moment, frozen, pid);
    if (isAdded) await goOnWithout(lab, moment, victim, number);
    sendSignal(pid, 'SIGCONT');
  }
  // The queue goes on by itself: nobody does anything but add and wait.
  await lab.expectWhole(await adding, await lab.addJob());
}

/** Who is harmed where; `isSandboxed` labs have a prepare step as well. */
interface HarmTable {
  victims: readonly Victim[];
  at: readonly Moment[];
  isSandboxed?: true;
  /** Why it cannot be done here; empty where it can. */
  why?: string;
}

/** Declares one test for each victim, moment and signal; they share a lab for as long as none fails. */
export function testHarm({ victims, at, isSandboxed, why = '' }: HarmTable): void {
  let shared: FaultLab | null = null;
  afterAll(async () => {
    await shared?.remove();
  });
  const cases = victims.flatMap((victim) =>
    at.flatMap((moment) =>
      (['SIGKILL', 'SIGSTOP'] as const).map((signal) => [victim, moment.name, signal, moment] as const),
    ),
  );
  const what = 'the job ran once, has one row, and the next one runs';
  test.skipIf(!canHarm || why !== '').for(cases)(
    `%s${isSandboxed ? ' of a sandboxed run' : ''} at "%s" by %s: ${what}${why === '' ? '' : ` (skipped: ${why})`}`,
    faultCase,
    async ([victim, , signal, moment]) => {
      const lab = shared ?? (await createFaultLab(isSandboxed ? { isSandboxed } : {}));
      shared = lab;
      onTestFailed(async () => {
        console.error(lab.lastWords());
        shared = null;
        await lab.remove();
      });
      await doHarm(lab, moment, victim, signal);
    },
  );
}
