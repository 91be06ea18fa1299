/**
 * The daemon killed while the jobs of one submission are being written, with the client that asked or without it: what is there is queued
 * whole, nothing is queued twice, and the same submission asked for again queues just what is missing.
 */
import { afterEach, expect, test } from 'vitest';
import { canHarm, createFaultLab, type FaultLab, faultCase, killHard, readProcText } from './fault-lab.ts';

// More than are written side by side, so that the first that is on disk is never the last.
const seeds = Array.from({ length: 40 }, (_, seed) => seed);
let lab: FaultLab | null = null;

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.error(lab?.lastWords());
  await lab?.remove();
  lab = null;
});

/** Asks for all the seeds, put aside: whether they are queued is the question, not whether they run. */
const submit = (made: FaultLab) =>
  made.lab(
    ...['add', '--stashed', '--key', 'sweep', '--label', 'Q: whole? H: no change'],
    ...['--grid', `seed=0..${seeds.length - 1}`, '--', 'sh train.sh'],
  );

/** Seeds of the jobs that are there, ascending; each must be as it was asked for. */
async function listQueued(made: FaultLab): Promise<(number | null)[]> {
  const { jobs } = await made.status();
  for (const { job, state } of jobs)
    expect([state.kind, job.command, job.label?.question]).toEqual(['stashed', 'sh train.sh', 'whole?']);
  return jobs.map(({ job }) => job.seed).sort((a, b) => Number(a) - Number(b));
}

async function killClient(made: FaultLab): Promise<void> {
  const isClient = (pid: number) => readProcText(pid, 'cmdline').split('\0').includes('--grid');
  const clients = (await made.processes()).filter(({ pid }) => isClient(pid));
  expect(clients).toHaveLength(1);
  for (const { pid } of clients) await killHard(pid);
}

test.skipIf(!canHarm)(
  'a daemon that is killed in the middle of a submission: the client that still waits has it queued whole',
  faultCase,
  async () => {
    const made = await createFaultLab();
    lab = made;
    made.freezeAt('job-written');
    const asked = submit(made);
    await killHard(await made.frozenAt('job-written'));
    const answer = await asked;
    expect(answer, answer.stderr).toMatchObject({ code: 0 });
    expect(await listQueued(made)).toEqual(seeds);
  },
);

test.skipIf(!canHarm)(
  'a daemon and its client that are killed in the middle of a submission: a part is queued, and the same key queues the rest',
  faultCase,
  async () => {
    const made = await createFaultLab();
    lab = made;
    made.freezeAt('job-written');
    const asked = submit(made);
    const daemon = await made.frozenAt('job-written');
    await killClient(made);
    await killHard(daemon);
    await asked;
    const part = await listQueued(made);
    expect(part.length).toBeGreaterThan(0);
    expect(part.length).toBeLessThan(seeds.length);
    const answer = await submit(made);
    expect(answer, answer.stderr).toMatchObject({ code: 0 });
    expect(await listQueued(made)).toEqual(seeds);
  },
);
