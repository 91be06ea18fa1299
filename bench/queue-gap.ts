/**
 * Enqueue and dispatch gap (end of one job to the start of the next) of nightlab beside tsp and a bare BullMQ worker. Every round runs
 * each queue once with its jobs already queued, in turns of order; ratios are taken between the medians of one round.
 */
import { join } from 'node:path';
import { createBenchLab, hasProgram } from './bench-lab.ts';
import { measureParts } from './gap-parts.ts';
import { type MeasuredQueue, measureBullmq, measureNightlab, measureTsp } from './gap-systems.ts';
import {
  addRound,
  describeLoad,
  formatSpread,
  median,
  quantile,
  type Rounds,
  renderRounds,
  renderTable,
} from './measure.ts';
import { gapsMs, writeStampProgram } from './stamp.ts';

const roundCount = 7;
const jobCount = 12;

const before = describeLoad();
const bench = createBenchLab();
const open = createBenchLab({ sandbox: 'off' });
const queues: MeasuredQueue[] = [];
try {
  const stampOf = (folder: string): string => {
    const path = join(folder, 'stamp');
    writeStampProgram(path);
    return path;
  };
  // In the lab, and committed to nothing: a sandboxed job sees its checkout, so the program must be part of the snapshot.
  const nightlab = measureNightlab('nightlab', bench, './stamp');
  const inPlace = measureNightlab('nightlab --here, no sandbox', open, './stamp', { here: true });
  queues.push(nightlab, measureNightlab('nightlab, no sandbox', open, './stamp'), inPlace);
  stampOf(bench.root);
  stampOf(open.root);
  const program = stampOf(bench.around);
  if (hasProgram('tsp')) queues.unshift(measureTsp(join(bench.around, 'tsp'), program));
  else process.stdout.write('tsp is not on this machine: left out\n');
  if (hasProgram('redis-server')) queues.unshift(await measureBullmq(join(bench.around, 'bullmq'), program));
  else process.stdout.write('redis-server is not on the PATH: the bare BullMQ worker is left out\n');

  const gaps: Rounds = new Map();
  const enqueues: Rounds = new Map();
  const allGaps = new Map<string, number[]>();
  const parts = new Map<string, number[]>();
  for (let round = -1; round < roundCount; round++) {
    const order = round % 2 === 0 ? queues : [...queues].reverse();
    const results = new Map<string, { gaps: number[]; enqueueMs: number[] }>();
    for (const queue of order) {
      const { stamps, enqueueMs } = await queue.runRound(jobCount);
      results.set(queue.name, { gaps: gapsMs(stamps, jobCount), enqueueMs });
      if (queue === nightlab && round >= 0)
        for (const [part, values] of measureParts(nightlab.folders, stamps))
          parts.set(part, [...(parts.get(part) ?? []), ...values]);
    }
    // The first round only fills caches.
    if (round < 0) continue;
    for (const { name } of queues) {
      const result = results.get(name);
      addRound(gaps, name, median(result?.gaps ?? []));
      addRound(enqueues, name, median(result?.enqueueMs ?? []));
      allGaps.set(name, [...(allGaps.get(name) ?? []), ...(result?.gaps ?? [])]);
    }
  }

  const bases = queues.map(({ name }) => name).filter((name) => !name.startsWith('nightlab'));
  process.stdout.write(
    `queue-gap: ${roundCount} rounds of ${jobCount} jobs each, node ${process.version}; ${before} before, ${describeLoad()} after\n\n`,
  );
  process.stdout.write(`dispatch gap, medians of the rounds\n\n${renderRounds(gaps, bases)}\n`);
  const tails = [...allGaps].map(([name, values]) => [
    name,
    String(values.length),
    formatSpread(values),
    (quantile(values, 0.95) ?? 0).toFixed(1),
  ]);
  process.stdout.write(`all gaps\n\n${renderTable(['', 'gaps', 'ms, median [min..max]', 'p95 ms'], tails)}\n`);
  process.stdout.write(
    `enqueue while the queue is held (tsp: a fresh process; others: from a running one), medians of the rounds\n\n${renderRounds(enqueues, bases)}\n`,
  );
  const rows = [...parts].map(([part, values]) => [part, formatSpread(values)]);
  process.stdout.write(`parts of nightlab's gap\n\n${renderTable(['', 'ms, median [min..max]'], rows)}\n`);
} finally {
  for (const queue of queues) await queue.close();
  bench.remove();
  open.remove();
}
