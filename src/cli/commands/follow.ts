/** `lab follow`: the live log of a job from its run folder, from start to end, whichever step and attempt it is in. */
import { closeSync, existsSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { findLab, type LabPaths } from '../../config/lab-paths.ts';
import type { JobView } from '../../domain/job.ts';
import { exitCodes, LabError } from '../../errors/lab-error.ts';
import { call } from '../client.ts';
import { type CommandSpec, parseJobNumbers } from '../define.ts';
import { isFinal, isSuccess } from '../render.ts';
import { renderDigest } from '../wait-for-jobs.ts';

const pollMs = 100;

/** Follows a job. */
export const follow: CommandSpec = {
  name: 'follow',
  summary: 'Follow the log of a running job',
  usage: '[number]',
  options: [],
  examples: ['lab follow 3', 'lab follow    # what runs now, or runs next'],
  async run(input) {
    const paths = findLab(process.cwd());
    const numbers = parseJobNumbers(input.words);
    if (numbers.length > 1) throw new LabError('usage', `one job is followed at a time, got ${numbers.join(', ')}`);
    const [number = await findCurrent(paths)] = numbers;
    const view = await followJob(paths, number);
    process.stderr.write(`\n${renderDigest(paths, view)}`);
    return isSuccess(view) ? 0 : exitCodes['job-failed'];
  },
};

async function findCurrent(paths: LabPaths): Promise<number> {
  const { jobs } = await call(paths, 'status', { numbers: [] });
  const current =
    jobs.find((view) => view.state.kind === 'running') ?? jobs.find((view) => view.state.kind === 'queued');
  if (current) return current.job.number;
  throw new LabError('user', 'nothing runs and nothing is queued, expected a job to follow', {
    hints: ['`lab log <number>` shows a log that ended'],
  });
}

/** Prints what the logs hold and gain until the job is over. */
async function followJob(paths: LabPaths, number: number): Promise<JobView> {
  const read = createLogTail(join(paths.runs, String(number)));
  let seen = 0;
  let view: JobView | undefined;
  const watch = async () => {
    while (view === undefined || !isFinal(view.state)) {
      const answer = await call(paths, 'wait', { numbers: [number], seen });
      seen = answer.seen;
      view = answer.jobs[0];
      if (view?.state.kind === 'queued' && seen > 0)
        process.stderr.write(
          `job ${number} is queued${view.state.waits ? `: ${view.state.waits}` : ` at place ${view.state.position}`}\n`,
        );
    }
    return view;
  };
  const timer = setInterval(read, pollMs);
  try {
    return await watch();
  } finally {
    clearInterval(timer);
    read();
  }
}

/** A function that prints what came since its last call, of all attempts and steps, in order. */
function createLogTail(folder: string): () => void {
  const offsets = new Map<string, number>();
  const chunk = Buffer.alloc(256 * 1024);
  return () => {
    if (!existsSync(folder)) return;
    const attempts = readdirSync(folder)
      .filter((name) => /^\d+$/.test(name))
      .sort((a, b) => Number(a) - Number(b));
    for (const attempt of attempts) {
      for (const step of ['prepare', 'run', 'score']) {
        const file = join(folder, attempt, `${step}.log`);
        if (!existsSync(file)) continue;
        const handle = openSync(file, 'r');
        try {
          for (;;) {
            const offset = offsets.get(file) ?? 0;
            const count = readSync(handle, chunk, 0, chunk.length, offset);
            if (count === 0) break;
            process.stdout.write(Buffer.from(chunk.subarray(0, count)));
            offsets.set(file, offset + count);
          }
        } finally {
          closeSync(handle);
        }
      }
    }
  };
}
