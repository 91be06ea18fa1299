/**
 * The machine's clock jumps by hours while jobs run: forward, back, and both under a supervisor that takes over. The clock of the lab's own
 * processes is moved by a file that each of them reads; the times of files that they wrote before the jump stay, as in a real one.
 * Not covered: files written after a jump, which get the real time here.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import type { Run } from '../../domain/run.ts';
import type { TemporaryLabOptions } from '../temporary-lab.ts';
import { waitUntil } from '../temporary-lab.ts';
import { canHarm, createFaultLab, type FaultLab, faultCase, killHard } from './fault-lab.ts';

// Every process looks at the file at most every few milliseconds.
const clockText = `import { readFileSync } from 'node:fs';
const Real = Date;
let offset = 0;
let readAt = Number.NEGATIVE_INFINITY;
const offsetMs = () => {
  if (performance.now() - readAt < 5) return offset;
  readAt = performance.now();
  try { offset = Number(readFileSync(process.env.FAULT_CLOCK, 'utf8')); } catch { offset = 0; }
  return offset;
};
globalThis.Date = class Date extends Real {
  constructor(...given) {
    if (given.length === 0) super(Real.now() + offsetMs());
    else super(...given);
  }
  static now() { return Real.now() + offsetMs(); }
};
`;

const hourMs = 3_600_000;
let lab: FaultLab | null = null;

afterEach(async () => {
  await lab?.remove();
  lab = null;
});

async function createClockLab(options: TemporaryLabOptions = {}): Promise<FaultLab> {
  const made = await createFaultLab(options);
  lab = made;
  writeFileSync(join(made.signs, 'clock.mjs'), clockText);
  made.env.FAULT_CLOCK = join(made.signs, 'offset');
  made.env.NODE_OPTIONS = `--import ${pathToFileURL(join(made.signs, 'clock.mjs')).href}`;
  return made;
}

/** Moves the clock of all processes of the lab, from now on. */
function jump({ signs }: FaultLab, byMs: number): void {
  writeFileSync(join(signs, 'offset.new'), String(byMs));
  renameSync(join(signs, 'offset.new'), join(signs, 'offset'));
}

/** The outcome of the job's last attempt. */
function readOutcome(made: FaultLab, job: number): Run {
  return JSON.parse(readFileSync(made.attemptFile(job, 'run.json'), 'utf8'));
}

/** Waits until the supervisor has looked at the step again, several times over: it samples memory once a second at least. */
async function isWatched(made: FaultLab, job: number): Promise<void> {
  const read = () =>
    existsSync(made.attemptFile(job, 'device.tsv')) ? readFileSync(made.attemptFile(job, 'device.tsv'), 'utf8') : '';
  const before = read().split('\n').length;
  await waitUntil('three more samples', async () => read().split('\n').length >= before + 3);
}

test.skipIf(!canHarm).each([
  ['three hours ahead', 3 * hourMs],
  ['three hours back', -3 * hourMs],
])('a jump %s in mid-run ends no run, and its seconds are those it ran', faultCase, async (_, byMs) => {
  const made = await createClockLab();
  made.hold('run');
  const job = await made.addJob();
  await made.isHeld('run');
  jump(made, byMs);
  await isWatched(made, job);
  made.letGo('run');
  await made.expectWhole(job, await made.addJob());
  expect(readOutcome(made, job).trainSeconds).toBeLessThan(600);
});

test.skipIf(!canHarm).each([
  ['before', 3 * hourMs],
  ['after', -3 * hourMs],
])(
  'a supervisor that takes over a run which seems to have started three hours %s now lets it go on',
  faultCase,
  async (_, byMs) => {
    const made = await createClockLab();
    made.hold('run');
    const job = await made.addJob();
    await made.isHeld('run');
    const file = made.attemptFile(job, 'train.pid');
    const then = new Date(Date.now() - byMs);
    await utimes(file, then, then);
    await killHard(made.pidOf('supervisor', job));
    await isWatched(made, job);
    made.letGo('run');
    await made.expectWhole(job, await made.addJob());
    expect(readOutcome(made, job).trainSeconds).toBeLessThan(600);
  },
);

test.skipIf(!canHarm).each([
  ['ahead', 3 * hourMs],
  ['back', -3 * hourMs],
])('a pause in which the clock jumps three hours %s counts as long as it was', faultCase, async (_, byMs) => {
  const made = await createClockLab();
  made.hold('run');
  const job = await made.addJob();
  await made.isHeld('run');
  await made.lab('pause', String(job));
  const spans = (): string =>
    existsSync(made.attemptFile(job, 'train.paused'))
      ? readFileSync(made.attemptFile(job, 'train.paused'), 'utf8')
      : '';
  await waitUntil('it stands still', async () => spans() !== '');
  jump(made, byMs);
  await made.lab('start', String(job));
  await waitUntil('it goes on', async () => !spans().includes('null'));
  made.letGo('run');
  await made.expectWhole(job);
  const train = readOutcome(made, job).steps.find(({ name }) => name === 'train');
  expect(train?.pausedSeconds).toBeGreaterThan(0);
  expect(train?.pausedSeconds).toBeLessThan(600);
  expect(train?.seconds).toBeGreaterThan(0);
  expect(train?.seconds).toBeLessThan(600);
});

test.skipIf(!canHarm)('the wall limit is met although the clock went back meanwhile', faultCase, async () => {
  const made = await createClockLab({ local: 'run: {graceSeconds: 1}\n' });
  made.hold('run');
  const job = await made.add('--label', 'Q: in time? H: no', '--wall-seconds', '8', '--', 'sh train.sh');
  await made.isHeld('run');
  jump(made, -3 * hourMs);
  await waitUntil('the run was ended', async () => existsSync(made.attemptFile(job, 'run.json')));
  expect(readOutcome(made, job).fate).toMatchObject({ kind: 'failed', failure: 'timeout' });
  made.letGo('run');
  await made.expectWhole(await made.addJob());
});

test.skipIf(!canHarm)(
  'a run that ignores SIGTERM is killed after its grace although the clock went back',
  faultCase,
  async () => {
    const made = await createClockLab();
    made.hold('run');
    const stubborn = `trap '' TERM; sh train.sh`;
    const job = await made.add('--label', 'Q: stubborn? H: yes', '--', stubborn);
    await made.isHeld('run');
    await made.lab('kill', '--grace', '2', String(job));
    await waitUntil('the supervisor has asked', async () => existsSync(made.attemptFile(job, 'train.stop')));
    jump(made, -3 * hourMs);
    await waitUntil('the run was ended', async () => existsSync(made.attemptFile(job, 'run.json')));
    expect(readOutcome(made, job).fate).toMatchObject({ kind: 'failed', failure: 'killed' });
    made.letGo('run');
  },
);

test.skipIf(!canHarm)(
  'a clock that jumps ahead is no silence of a run that prints, and one that jumps back does not hide it',
  faultCase,
  async () => {
    const made = await createClockLab({ local: 'run: {graceSeconds: 1}\n' });
    made.hold('run');
    // Prints while the test holds it, then prints nothing more.
    const talk = `while [ -e ${made.signs}/hold-run ]; do date; : > ${made.signs}/held-run; sleep 0.2; done; exec sleep 1000`;
    const job = await made.add('--label', 'Q: silent? H: yes', '--idle-seconds', '15', '--', talk);
    await made.isHeld('run');
    for (const hours of [3, 0, -3]) {
      jump(made, hours * hourMs);
      await isWatched(made, job);
    }
    expect((await made.status(job)).jobs[0]?.state.kind).toBe('running');
    made.letGo('run');
    await waitUntil('the run was ended', async () => existsSync(made.attemptFile(job, 'run.json')));
    expect(readOutcome(made, job).fate).toMatchObject({ kind: 'failed', failure: 'idle' });
  },
);

test.skipIf(!canHarm)(
  'a retry waits for its pause and not for the hours that the clock went back',
  faultCase,
  async () => {
    const made = await createClockLab();
    jump(made, 3 * hourMs);
    const once = `[ -e ${made.signs}/tried ] || { : > ${made.signs}/tried; exit 7; }; sh train.sh`;
    const job = await made.add('--label', 'Q: again? H: yes', '--retries', '1', '--retry-delay', '3', '--', once);
    await waitUntil('the first attempt failed', async () => existsSync(made.attemptFile(job, 'run.json', 1)));
    jump(made, 0);
    await waitUntil('the second attempt runs', async () => existsSync(made.attemptFile(job, 'started', 2)));
    made.expectRow(job);
    await made.expectWhole(job);
  },
);

test.skipIf(!canHarm)(
  'a client that waits is told the end by a daemon that starts three hours earlier',
  faultCase,
  async () => {
    const made = await createClockLab();
    made.hold('run');
    const job = await made.addJob();
    await made.isHeld('run');
    const waiting = made.lab('wait', String(job));
    jump(made, -3 * hourMs);
    await killHard(made.pidOf('daemon'));
    made.letGo('run');
    expect(await waiting).toMatchObject({ code: 0 });
    await made.expectWhole(job);
  },
);

test.skipIf(!canHarm)('a delay ends with the clock that it was given in', faultCase, async () => {
  const made = await createClockLab();
  const job = await made.addJob('--delay', '2h');
  expect((await made.status(job)).jobs[0]?.state.kind).toBe('delayed');
  jump(made, 3 * hourMs);
  await made.expectWhole(job);
});
