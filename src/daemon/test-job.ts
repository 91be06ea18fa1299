/** The jobs of a test with fresh seeds: what job.json says of a run, and that it is queued once, however often it is asked for. */
import type { BookedJob } from '../../queue/job-book.ts';
import { testJobKey } from '../../workers/recorder/test-runs.ts';
import type { Job } from '../domain/job.ts';
import { formatLocalTime } from '../domain/time.ts';
import { LabError } from '../errors/lab-error.ts';
import { runGit } from '../git/run-git.ts';
import type { KeptTest } from '../lab/fresh-tests.ts';
import type { WantedRun } from '../stats/test-progress.ts';
import type { AddContext } from './add-job.ts';

/** Claims and bisections fill idle slots: experiments go first. Somebody who asks for an ablation waits for it. */
const confirmPriority = -10;
const ablationPriority = 0;

/** Queues a run of a test; the job that it made before, where it was asked for before. */
export async function queueTestJob(context: AddContext, test: KeptTest, wanted: WantedRun): Promise<BookedJob> {
  const { paths, book } = context;
  const key = testJobKey(test.number, wanted.arm, wanted.place);
  const known = book.findKey(key);
  if (known !== null) return known;
  const priority = test.question.kind === 'ablation' ? ablationPriority : confirmPriority;
  return await book.create(
    async (number) => {
      const job = describeTestJob(context, test, wanted, { number, key });
      await runGit(paths.root, ['update-ref', `refs/nightlab/jobs/${number}`, job.commit]);
      return job;
    },
    { priority },
  );
}

function describeTestJob(
  { config, machine }: AddContext,
  test: KeptTest,
  { arm: place, place: seedPlace }: WantedRun,
  named: Pick<Job, 'number' | 'key'>,
): Job {
  const arm = test.arms[place];
  const seed = test.seeds[seedPlace];
  if (arm === undefined || seed === undefined)
    throw new LabError('internal', `test ${test.number} has no arm ${place} or no seed ${seedPlace}`);
  const { champion } = test;
  return {
    schema: 1,
    ...named,
    kind: test.question.kind === 'ablation' ? 'ablation' : 'confirm',
    ...{ experiment: null, replays: null, fromTrack: null, start: null, variant: null, label: null },
    test: {
      ...{ test: test.number, arm: place, changes: arm.changes },
      root: arm.changes.length === 0 ? arm.commit : champion.root,
    },
    command: config.commands.train,
    commit: arm.commit,
    snapshot: false,
    base: champion.commit,
    directory: '',
    here: null,
    device: test.deviceClass,
    seed,
    env: test.env,
    secretNames: test.secretNames,
    track: test.track,
    wallSeconds: config.run.wallSeconds,
    needs: { deviceId: findDevice(machine, test), gpus: 1, vramMib: null },
    retry: { times: 0, on: [], delaySeconds: config.run.retrySeconds },
    limits: { idleSeconds: config.run.idleSeconds, logMb: config.run.logMb },
    stdin: false,
    flags: [],
    queuedAt: formatLocalTime(new Date()),
  };
}

/** On a machine with other models too, the run is bound to a device of the test's: a number from another one would not count. */
function findDevice(machine: AddContext['machine'], { deviceClass, deviceModel }: KeptTest): string | null {
  const ofClass = machine.filter((device) => device.class === deviceClass);
  if (ofClass.every(({ model }) => model === deviceModel)) return null;
  return ofClass.find(({ model }) => model === deviceModel)?.id ?? null;
}
