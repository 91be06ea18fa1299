/** How long it takes to give jobs to queues that are busy: one from a fresh client, and a batch, beside the least that it could cost. */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { jobFolder } from '../../queue/job-store.ts';
import { labPaths } from '../../src/config/lab-paths.ts';
import { writeFileSynced } from '../../src/lab/atomic-write.ts';
import { type BenchLab, plainEnvironment } from '../bench-lab.ts';
import { addRound, type Rounds, timeProcess } from '../measure.ts';
import { type MeasuredQueue, nameOf } from './measured-queue.ts';
import type { NightlabQueue } from './nightlab-queue.ts';

/** A thing that is measured once in a round. */
export interface Side {
  name: string;
  /** Gives milliseconds. */
  measure(): number | Promise<number>;
}

/** `node -e 0`. */
export const bareNode: Side = {
  name: 'node -e 0',
  measure: () => timeProcess(process.execPath, ['-e', '0'], { cwd: '/', env: plainEnvironment() }),
};

/** Runs every side once in each round, in turns of order. Unless caches are warm, a first round that fills them is not counted. */
export async function measureRounds(sides: Side[], roundCount: number, { isWarm = false } = {}): Promise<Rounds> {
  const rounds: Rounds = new Map(sides.map(({ name }) => [name, []]));
  for (let round = isWarm ? 0 : -1; round < roundCount; round++)
    for (const { name, measure } of round % 2 === 0 ? sides : [...sides].reverse()) {
      const ms = await measure();
      if (round >= 0) addRound(rounds, name, ms);
    }
  return rounds;
}

/** One job from a fresh client. What it queued is left for `drop`. */
export function freshSides(queues: MeasuredQueue[]): Side[] {
  return queues.flatMap((queue) => (queue.addFresh === null ? [] : [{ name: nameOf(queue), measure: queue.addFresh }]));
}

/** A batch the quickest way that each queue has; taken out again after each round. `usual`: how many the other queues are given. */
export function batchSide(queue: MeasuredQueue, count: number, usual: number): Side {
  return {
    name: count === usual ? nameOf(queue) : `${nameOf(queue)}: only ${count} of ${usual}`,
    async measure() {
      const beganMs = performance.now();
      await queue.addBatch(
        Array.from({ length: count }, () => ['true']),
        false,
      );
      const tookMs = performance.now() - beganMs;
      await queue.drop();
      return tookMs;
    },
  };
}

/** A batch by one call of the client in a fresh process. */
export function batchFileSide(queue: NightlabQueue, count: number): Side {
  return {
    name: `${nameOf(queue)}: lab add --from`,
    async measure() {
      const ms = queue.addFromFile(count);
      await queue.drop();
      return ms;
    },
  };
}

/**
 * Bare BullMQ and the files that nightlab writes for as many jobs: as many, of the same content, synced the same way and as many at once,
 * after one another. `like`: a queued job of the lab, whose folder says which files.
 */
export function floorSide(bullmq: MeasuredQueue, bench: BenchLab, like: number, count: number): Side {
  const source = jobFolder(labPaths(bench.root).runs, like);
  const files = readdirSync(source)
    .filter((name) => name.endsWith('.json'))
    .map((name) => ({ name, text: readFileSync(join(source, name)) }));
  const target = join(bench.around, 'floor');
  return {
    name: `${nameOf(bullmq)} + ${count * files.length} synced writes`,
    async measure() {
      const beganMs = performance.now();
      await bullmq.addBatch(
        Array.from({ length: count }, () => ['true']),
        false,
      );
      let next = 0;
      const write = async () => {
        while (next < count) {
          const folder = join(target, String(next++));
          mkdirSync(folder, { recursive: true });
          for (const { name, text } of files) await writeFileSynced(join(folder, name), text);
        }
      };
      await Promise.all(Array.from({ length: writersAtOnce }, write));
      const tookMs = performance.now() - beganMs;
      await bullmq.drop();
      rmSync(target, { recursive: true });
      return tookMs;
    },
  };
}

/** As many as the daemon has at work (src/daemon/add-many.ts). */
const writersAtOnce = 16;
