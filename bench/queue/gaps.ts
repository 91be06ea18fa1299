/** The gap between two jobs, and how long many jobs take from the first enqueue to the last end; queues take turns in each round. */
import { addRound, formatSpread, median, quantile, type Rounds, renderRounds, renderTable } from '../measure.ts';
import { type MeasuredQueue, nameOf, runStamps, type StampOptions, type StampRun } from './measured-queue.ts';

/** What the rounds gave: medians for ratios, and every gap. */
export interface GapFigures {
  medians: Rounds;
  /** Every gap by queue, milliseconds. */
  all: Map<string, number[]>;
  /** First enqueue to last end, milliseconds. */
  took: Rounds;
  /** Median of the enqueues of a round, milliseconds; of one in a batch, of the batch. */
  enqueues: Rounds;
}

/** How the jobs of a round are. */
export interface GapRounds extends StampOptions {
  roundCount: number;
  jobCount: number;
  /** How long each job sleeps. */
  seconds: number;
}

/** Runs the rounds; `onRun` is called after each run of a queue, with what it gave. */
export async function measureGaps(
  queues: MeasuredQueue[],
  { roundCount, jobCount, seconds, ...options }: GapRounds,
  onRun: (queue: MeasuredQueue, run: StampRun) => void = () => undefined,
): Promise<GapFigures> {
  const names = queues.map(nameOf);
  const figures: GapFigures = {
    medians: new Map(names.map((name) => [name, []])),
    all: new Map(names.map((name) => [name, []])),
    took: new Map(names.map((name) => [name, []])),
    enqueues: new Map(names.map((name) => [name, []])),
  };
  for (let round = 0; round < roundCount; round++)
    for (const queue of round % 2 === 0 ? queues : [...queues].reverse()) {
      const name = nameOf(queue);
      const run = await runStamps(queue, jobCount, seconds, options);
      addRound(figures.medians, name, median(run.gaps));
      addRound(figures.enqueues, name, median(run.enqueueMs));
      addRound(figures.took, name, run.tookMs);
      figures.all.get(name)?.push(...run.gaps);
      onRun(queue, run);
    }
  return figures;
}

/** The medians of the rounds with ratios, then all gaps with their tail. */
export function renderGaps({ medians, all }: GapFigures): string {
  const bases = [...medians.keys()].filter((name) => !name.startsWith('nightlab'));
  const tails = [...all].map(([name, values]) => [
    name,
    String(values.length),
    formatSpread(values),
    (quantile(values, 0.95) ?? Number.NaN).toFixed(1),
  ]);
  const table = renderTable(['each gap', 'gaps', 'ms, median [min..max]', 'p95 ms'], tails);
  return `${renderRounds(medians, bases)}\n${table}`;
}
