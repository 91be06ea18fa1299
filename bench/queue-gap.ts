/**
 * The dispatch gap of jobs that do nothing, with and without a sandbox, beside tsp and a bare BullMQ worker, and where nightlab's goes.
 * The part of `queue` for whoever works on the gap; that one also has jobs that last, pueue, and thousands of jobs.
 */
import { join } from 'node:path';
import { createBenchLab, hasProgram } from './bench-lab.ts';
import { measureParts } from './gap-parts.ts';
import { describeLoad, formatSpread, renderRounds, renderTable } from './measure.ts';
import { createBullmqQueue } from './queue/bullmq-queue.ts';
import { measureGaps, renderGaps } from './queue/gaps.ts';
import type { MeasuredQueue } from './queue/measured-queue.ts';
import { createNightlabQueue } from './queue/nightlab-queue.ts';
import { createTspQueue } from './queue/tsp-queue.ts';
import { writeStampProgram } from './stamp.ts';

const roundCount = 7;
const jobCount = 12;

const before = describeLoad();
const bench = createBenchLab();
const open = createBenchLab({ sandbox: 'off' });
const queues: MeasuredQueue[] = [];
try {
  const program = join(bench.around, 'stamp');
  // In the labs, and committed to nothing: a sandboxed job sees its checkout, so the program must be part of the snapshot.
  for (const path of [program, join(bench.root, 'stamp'), join(open.root, 'stamp')]) writeStampProgram(path);
  if (hasProgram('redis-server')) queues.push(await createBullmqQueue(join(bench.around, 'bullmq'), program));
  else process.stdout.write('redis-server is not on the PATH: the bare BullMQ worker is left out\n');
  if (hasProgram('tsp')) queues.push(await createTspQueue(join(bench.around, 'tsp'), program));
  else process.stdout.write('tsp is not on this machine: left out\n');
  const bases = queues.map(({ name }) => name);
  const nightlab = createNightlabQueue('nightlab', bench, './stamp', { isHere: false, filled: null });
  queues.push(
    nightlab,
    createNightlabQueue('nightlab, no sandbox', open, './stamp', { isHere: false, filled: null }),
    createNightlabQueue('nightlab --here', open, './stamp', { isHere: true, filled: null }),
  );

  const parts = new Map<string, number[]>();
  const rounds = { jobCount, seconds: 0, isHeld: true, isOneByOne: true };
  // The first round only fills caches.
  await measureGaps(queues, { ...rounds, roundCount: 1 });
  const figures = await measureGaps(queues, { ...rounds, roundCount }, (queue, { stamps }) => {
    if (queue !== nightlab) return;
    for (const [part, values] of measureParts(nightlab.attempts, stamps))
      parts.set(part, [...(parts.get(part) ?? []), ...values]);
  });

  process.stdout.write(
    `queue-gap: ${roundCount} rounds of ${jobCount} jobs each, node ${process.version}; ${before} before, ${describeLoad()} after\n\n`,
  );
  process.stdout.write(`dispatch gap, medians of the rounds\n\n${renderGaps(figures)}\n`);
  process.stdout.write(
    `enqueue while the queue is held (tsp: a fresh process; others: from a running one), medians of the rounds\n\n${renderRounds(figures.enqueues, bases)}\n`,
  );
  const rows = [...parts].map(([part, values]) => [part, formatSpread(values)]);
  process.stdout.write(`parts of nightlab's gap\n\n${renderTable(['', 'ms, median [min..max]'], rows)}\n`);
} finally {
  for (const queue of queues) await queue.close();
  bench.remove();
  open.remove();
}
