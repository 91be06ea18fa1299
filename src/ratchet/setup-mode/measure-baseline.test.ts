/** Which job the set-up queues and waits for: a real repository, and a door to the lab that holds the jobs of a test. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPlainJob, createPlainRun } from '../../../queue/job-for-tests.ts';
import { labPaths } from '../../config/lab-paths.ts';
import { buildConfig } from '../../config/load.ts';
import type { JobState, JobView } from '../../domain/job.ts';
import type { Run } from '../../domain/run.ts';
import type { LabGate } from '../../pipeline/lab-gate.ts';
import { createTemporaryRepository, type TemporaryRepository } from '../../scenarios/temporary-repository.ts';
import { measureBaseline } from './measure-baseline.ts';

const track = 'aaaaaaaa';
const yaml = 'main: main\nmetric: { name: val_bpb, direction: lower }\nrun: { seeds: [1] }\n';
let repository: TemporaryRepository;

beforeEach(async () => {
  repository = await createTemporaryRepository({ 'train.py': '', 'lab.yaml': yaml });
});
afterEach(() => repository.remove());

function viewOf(number: number, seed: number, state: JobState): JobView {
  const job = createPlainJob(number, { kind: 'baseline', track, seed });
  return { job, state, group: 'default', priority: 0, after: [], eta: null, isArchived: false, decision: null };
}

const queued: JobState = { kind: 'queued', position: 1, waits: null };
const ended = (number: number, run: Partial<Run>): JobState => ({
  ...{ kind: 'ended', status: null },
  run: createPlainRun(number, { track, ...run }),
});

/** A lab with these jobs, in which whatever is waited for ends with both numbers, unless it has ended already. */
function createLab(jobs: JobView[]) {
  const waited: number[] = [];
  const refuse = () => Promise.reject(new Error('nobody asks for this'));
  const gate: LabGate = {
    look: async () => ({ jobs: [...jobs], track, champion: null }),
    async addJob({ seed }) {
      const number = jobs.length + 1;
      jobs.push(viewOf(number, seed ?? 0, queued));
      return { number, commit: '0'.repeat(40) };
    },
    async waitForJob(number) {
      waited.push(number);
      const view = jobs.find(({ job }) => job.number === number);
      if (view === undefined) throw new Error(`there is no job ${number}`);
      return view.state.kind === 'ended'
        ? view
        : { ...view, state: ended(number, { metric: 0.9, peakMemoryMib: 10, memorySource: 'process-tree' }) };
    },
    ...{ listClaims: refuse, confirmChampion: refuse, replayJob: refuse, record: refuse },
  };
  return { gate, jobs, waited };
}

const measure = ({ gate }: { gate: LabGate }, signal = new AbortController().signal) => {
  const paths = labPaths(repository.root);
  const config = buildConfig({ text: yaml, name: 'lab.yaml' }, null, {});
  return measureBaseline({ paths, config, main: 'main', gate, signal, tell: () => undefined });
};

test('of several baseline jobs the one with the first seed is waited for, wherever it stands', async () => {
  const lab = createLab([viewOf(1, 1, queued), viewOf(2, 2, queued), viewOf(3, 3, queued)]);
  expect((await measure(lab)).outcome.state).toBe('done');
  expect([lab.waited, lab.jobs.length]).toEqual([[1], 3]);
});

test('where only other seeds are queued the first one is added', async () => {
  const lab = createLab([viewOf(1, 2, queued), viewOf(2, 3, queued)]);
  expect((await measure(lab)).baseline?.seed).toBe(1);
  expect(lab.waited).toEqual([3]);
});

test('a run that gave the metric and no memory is measured again, once', async () => {
  const lab = createLab([viewOf(1, 1, ended(1, { metric: 0.9 })), viewOf(2, 2, queued)]);
  expect((await measure(lab)).outcome.state).toBe('done');
  expect([lab.waited, lab.jobs.length]).toEqual([[3], 3]);
});

test('after a stop no job is queued', async () => {
  const lab = createLab([]);
  await expect(measure(lab, AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
  expect(lab.jobs).toEqual([]);
});
