/**
 * The queue side by side with a bare BullMQ worker, tsp and pueue in one run: enqueue, dispatch gap, many jobs end to end, what is used
 * while nothing happens; then enqueue, gap and use again with thousands of jobs queued and finished. Says which goals are met.
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listJobNumbers } from '../queue/job-store.ts';
import { labPaths } from '../src/config/lab-paths.ts';
import { type BenchLab, createBenchLab, hasProgram } from './bench-lab.ts';
import { measureParts } from './gap-parts.ts';
import { describeLoad, formatSpread, median, type Rounds, renderRounds, renderTable, timeProcess } from './measure.ts';
import { createBullmqQueue } from './queue/bullmq-queue.ts';
import {
  bareNode,
  batchFileSide,
  batchSide,
  floorSide,
  freshSides,
  measureRounds,
  type Side,
} from './queue/enqueue.ts';
import { fillLab } from './queue/fill-lab.ts';
import { type GapFigures, measureGaps, renderGaps } from './queue/gaps.ts';
import { type Goal, ratioGoal, renderGoals } from './queue/goals.ts';
import { type IdleUse, measureIdle } from './queue/idle.ts';
import { type MeasuredQueue, nameOf } from './queue/measured-queue.ts';
import { benchLabel, createNightlabQueue, isNightlab, type NightlabQueue } from './queue/nightlab-queue.ts';
import { hasProc } from './queue/processes.ts';
import { createPueueQueue, findPueue, pueueCache } from './queue/pueue-queue.ts';
import { createTspQueue, mostTspJobs } from './queue/tsp-queue.ts';
import { renderStampProgram, writeStampProgram } from './stamp.ts';

const isQuick = process.argv.includes('--quick');
const sizes = isQuick
  ? { large: 1000, fresh: 3, batch: 1, batchCount: 200, gaps: 1, jobs: 5, endToEnd: 40, idleSeconds: 4, status: 3 }
  : {
      large: 10_000,
      fresh: 15,
      batch: 5,
      batchCount: 200,
      gaps: 3,
      jobs: 7,
      endToEnd: 200,
      idleSeconds: 20,
      status: 15,
    };
/** Each call of pueue's client writes its whole state anew, so that a whole batch behind thousands of jobs would take minutes. */
const pueueLargeBatch = 10;

const print = (text: string) => process.stdout.write(`${text}\n`);
const beganMs = Date.now();
const before = describeLoad();
const goals: Goal[] = [];
const closing: (() => void | Promise<void>)[] = [];

try {
  await measure();
} finally {
  for (const close of closing.reverse()) {
    try {
      await close();
    } catch (error) {
      // The others are still to be closed, and what failed before is the error that counts.
      process.stderr.write(`while ending: ${error instanceof Error ? error.message : String(error)}\n`);
      process.exitCode = 1;
    }
  }
}
const minutes = ((Date.now() - beganMs) / 60_000).toFixed(1);
print(`queue: ${minutes} min, node ${process.version}; ${before} before, ${describeLoad()} after\n`);
print(`goals\n\n${renderGoals(goals)}`);

async function measure(): Promise<void> {
  const programs = { stamp: renderStampProgram() };
  const bench = openLab(createBenchLab({ programs }));
  const large = openLab(createBenchLab({ programs }));
  // Apart from the labs: what a queue uses is found by the folder that its processes name.
  const around = realpathSync(mkdtempSync(join(tmpdir(), 'nlo-')));
  closing.push(() => rmSync(around, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }));
  const stamp = join(around, 'stamp');
  writeStampProgram(stamp);
  const nightlab = createNightlabQueue('nightlab', bench, './stamp', { isHere: false, filled: null });
  const here = createNightlabQueue('nightlab --here', bench, './stamp', { isHere: true, filled: null });
  const others = await openOthers(join(around, 'small'), stamp, null);
  const small = [...others, nightlab, here];

  for (const lab of [bench, large]) runTen(lab);
  large.lab('down');
  fillLab(large, 1, { ended: sizes.large - 10, queued: 0 });
  large.lab('up');
  await compareStatus(bench, large);

  const idle = await measureIdle(hasProc ? small : [], sizes.idleSeconds);
  for (const queue of small) await queue.hold();
  await compareEnqueue(bench, small, [nightlab, here]);
  for (const queue of [...others, nightlab]) await queue.addBatch([['true']], false);
  const busy = await measureIdle(hasProc ? small : [], sizes.idleSeconds);
  for (const queue of small) await queue.drop();
  await compareGaps(small);
  await compareEndToEnd(small);

  large.lab('down');
  fillLab(large, 1, { ended: 0, queued: sizes.large + 1 });
  const upMs = timeProcess(process.execPath, [large.script, 'up'], { cwd: large.root, env: large.env });
  print(`from here on with jobs queued and finished: "(10k + 10k)" is 10,000 of each\n`);
  print(`daemon start with ${sizes.large} queued and ${sizes.large} finished jobs: ${(upMs / 1000).toFixed(1)} s\n`);
  const filled = { queued: sizes.large, ended: sizes.large };
  const largeNightlab = createNightlabQueue('nightlab', large, './stamp', { isHere: false, filled });
  const largeHere = createNightlabQueue('nightlab --here', large, './stamp', { isHere: true, filled });
  const largeOthers = await openOthers(join(around, 'large'), stamp, sizes.large);
  const all = [...largeOthers, largeNightlab, largeHere];
  for (const queue of all) await queue.hold();
  await compareEnqueue(large, all, [largeNightlab, largeHere]);
  const full = await measureIdle(hasProc ? [...largeOthers, largeNightlab] : [], sizes.idleSeconds);
  await compareGaps(all);

  printIdle('nothing queued, nothing runs', idle);
  printIdle('one job sleeps, one waits', busy);
  printIdle('thousands of jobs: one sleeps, the others wait', full);
}

/** A lab that is removed at the end. */
function openLab(bench: BenchLab): BenchLab {
  closing.push(() => bench.remove());
  return bench;
}

/** The queues that nightlab is compared with, as far as this machine has them; says which are left out. */
async function openOthers(folder: string, program: string, fill: number | null): Promise<MeasuredQueue[]> {
  mkdirSync(folder);
  const opened: MeasuredQueue[] = [];
  const keep = (queue: MeasuredQueue) => {
    opened.push(queue);
    closing.push(() => queue.close());
  };
  const pueue = findPueue();
  if (hasProgram('redis-server')) keep(await createBullmqQueue(join(folder, 'bullmq'), program, fill));
  else print('the bare BullMQ worker is left out: redis-server is not on the PATH\n');
  if (hasProgram('tsp')) keep(await createTspQueue(join(folder, 'tsp'), program, fill));
  else print('tsp is left out: it is not on the PATH\n');
  if (pueue !== null) keep(await createPueueQueue(join(folder, 'pueue'), program, pueue, fill));
  else
    print(
      `pueue is left out: it is not on the PATH, nor where \`cargo install pueue --locked --root ${pueueCache}\` puts it\n`,
    );
  if (fill !== null && fill > mostTspJobs && hasProgram('tsp'))
    print(
      `tsp has ${mostTspJobs} of each instead of ${fill}: a waiting job is a process there, and 994 are the most\n`,
    );
  return opened;
}

/** Ten jobs that do nothing, one after the other. */
function runTen(bench: BenchLab): void {
  for (let left = 10; left > 0; left--) bench.lab('add', '--no-score', '-p', '--label', benchLabel, '--', 'true');
  bench.lab('wait', '1-10');
}

async function compareStatus(bench: BenchLab, large: BenchLab): Promise<void> {
  const sideOf = (name: string, { script, root, env }: BenchLab): Side => ({
    name,
    measure: () => timeProcess(process.execPath, [script, 'status'], { cwd: root, env }),
  });
  const names = ['lab status, 10 finished', `lab status, ${sizes.large} finished`] as const;
  const rounds = await measureRounds([bareNode, sideOf(names[0], bench), sideOf(names[1], large)], sizes.status);
  print(`status, ${sizes.status} rounds\n\n${renderRounds(rounds, [bareNode.name, names[0]])}`);
  goals.push(ratioGoal(`${names[1]}, beside ten`, rounds, names[1], names[0], 2));
}

async function compareEnqueue(bench: BenchLab, queues: MeasuredQueue[], ours: NightlabQueue[]): Promise<void> {
  // A job that runs in place takes no snapshot.
  const dirty = ours.flatMap((queue): Side[] =>
    queue.isHere ? [] : [{ name: `${nameOf(queue)}, uncommitted change`, measure: () => queue.addDirty() }],
  );
  await compareFresh([...freshSides(queues), ...dirty], ours);
  for (const queue of queues) await queue.drop();

  const bullmq = queues.find(({ name }) => name === 'bare BullMQ');
  const like = listJobNumbers(labPaths(bench.root).runs).at(-1) ?? 1;
  const floor = bullmq === undefined ? null : floorSide(bullmq, bench, like, sizes.batchCount);
  const sides = [
    bareNode,
    ...(floor === null ? [] : [floor]),
    ...queues.map((queue) =>
      batchSide(queue, queue.name === 'pueue' && queue.filled ? pueueLargeBatch : sizes.batchCount, sizes.batchCount),
    ),
    ...ours.map((queue) => batchFileSide(queue, sizes.batchCount)),
  ];
  // Each queue has just taken single jobs, and a round takes long: none is spent on filling caches.
  const rounds = await measureRounds(sides, sizes.batch, { isWarm: true });
  print(
    `batch of ${sizes.batchCount}, queue busy: one request or addBulk from a running process; tsp and pueue: a call each; ${sizes.batch} rounds\n\n${renderRounds(rounds, floor === null ? [] : [floor.name])}`,
  );
  if (floor === null) return;
  for (const queue of ours) {
    goals.push(ratioGoal(`batch, ${nameOf(queue)}, beside ${floor.name}`, rounds, nameOf(queue), floor.name, 1.5));
    const name = batchFileSide(queue, 0).name;
    const less = (rounds.get(name) ?? []).map((value, round) => {
      const node = rounds.get(bareNode.name)?.[round] ?? null;
      return value === null || node === null ? null : value - node;
    });
    const derived: Rounds = new Map([...rounds, [name, less]]);
    goals.push(ratioGoal(`batch, ${name} less node -e 0, beside the same`, derived, name, floor.name, 1.5));
  }
}

async function compareFresh(sides: Side[], ours: NightlabQueue[]): Promise<void> {
  const rounds = await measureRounds([bareNode, ...sides], sizes.fresh);
  const bases = [...rounds.keys()].filter((name) => name === bareNode.name || name.startsWith('tsp'));
  print(`enqueue of one job from a fresh client, queue busy; ${sizes.fresh} rounds\n\n${renderRounds(rounds, bases)}`);
  for (const queue of ours)
    goals.push(ratioGoal(`fresh client, ${nameOf(queue)}, beside node -e 0`, rounds, nameOf(queue), bareNode.name, 3));
}

async function compareGaps(queues: MeasuredQueue[]): Promise<void> {
  const parts = new Map<string, number[]>();
  const rounds = { roundCount: sizes.gaps, jobCount: sizes.jobs, seconds: 1, isHeld: true };
  const figures = await measureGaps(queues, rounds, (queue, { stamps }) => {
    if (!isNightlab(queue) || queue.name !== 'nightlab') return;
    for (const [part, values] of measureParts(queue.attempts, stamps))
      parts.set(part, [...(parts.get(part) ?? []), ...values]);
  });
  print(
    `dispatch gap (end of a job to the start of the next), jobs of 1 s; ${sizes.gaps} rounds of ${sizes.jobs}\n\n${renderGaps(figures)}`,
  );
  const rows = [...parts].map(([part, values]) => [part, formatSpread(values)]);
  print(`parts of nightlab's gap\n\n${renderTable(['', 'ms, median [min..max]'], rows)}`);
  addGapGoals(figures, 'jobs of 1 s');
}

async function compareEndToEnd(queues: MeasuredQueue[]): Promise<void> {
  const rounds = { roundCount: 1, jobCount: sizes.endToEnd, seconds: 0, isHeld: false };
  const figures = await measureGaps(queues, rounds);
  print(
    `${sizes.endToEnd} jobs that do nothing, from before the first enqueue to the last end; 1 round\n\n${renderRounds(figures.took, [])}`,
  );
  print(`their dispatch gap\n\n${renderGaps(figures)}`);
  addGapGoals(figures, 'jobs that do nothing');
}

function addGapGoals({ all }: GapFigures, jobs: string): void {
  for (const [name, gaps] of all)
    if (name.startsWith('nightlab'))
      goals.push({ what: `dispatch gap, ${name}, ${jobs}`, measured: median(gaps), limit: 15, unit: 'ms' });
}

function printIdle(what: string, uses: IdleUse[]): void {
  if (uses.length === 0) {
    print(`${what}: not measured, this system has no /proc\n`);
    return;
  }
  const rows = uses.map(({ name, cpuPercent, pssMib, parts }) => [
    name,
    cpuPercent.toFixed(2),
    pssMib.toFixed(1),
    parts,
  ]);
  print(
    `${what}: ${sizes.idleSeconds} s, all its processes but the jobs\n\n${renderTable(['', '% of a core', 'PSS, MiB', 'of which'], rows)}`,
  );
}
