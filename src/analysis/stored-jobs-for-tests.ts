/** Ended and recorded jobs in the run folders of a lab, for tests of what is derived from them. No daemon and no recorder had a hand in it. */

import { createPlainJob, createPlainRun } from '../../queue/job-for-tests.ts';
import { createQueueEntry } from '../../queue/job-schema.ts';
import type { RecordedJob } from '../../queue/job-store.ts';
import { writeJob, writeRecorded, writeRun } from '../../queue/job-store.ts';
import { parseLabel } from '../../queue/label.ts';
import type { Job } from '../domain/job.ts';
import type { Decision } from '../domain/result.ts';
import type { Run } from '../domain/run.ts';

/** A job as a test wants it; what is left out is as of a job that measured `score`, lower is better, on the track 00000000. */
export interface JobSketch {
  number: number;
  kind?: Job['kind'];
  /** Null: the run failed. */
  metric: number | null;
  /** Null for what is not decided (a baseline). */
  status?: Decision['status'] | null;
  observed?: number | null;
  /** Text of the label; null for none. */
  label?: string | null;
  job?: Partial<Job>;
  run?: Partial<Run>;
  recorded?: Partial<RecordedJob>;
}

/** Writes the folder of an ended, recorded job; jobs end in the order of their numbers. */
export async function writeEndedJob(runs: string, sketch: JobSketch): Promise<void> {
  const { number, metric, status = null, observed = null, label = null } = sketch;
  const measuredBy = { name: 'score', direction: 'lower', unit: '' } as const;
  const job = createPlainJob(number, {
    kind: sketch.kind ?? 'experiment',
    label: label === null ? null : parseLabel(label, measuredBy.direction),
    ...sketch.job,
  });
  const endedAt = new Date(Date.UTC(2026, 10, 21, 10, number)).toISOString();
  const run = createPlainRun(number, {
    ...(metric === null ? { fate: { kind: 'failed', failure: 'exception', detail: 'ValueError: no' } } : {}),
    ...{ metric, measuredBy, startedAt: endedAt, endedAt },
    ...sketch.run,
  });
  const evidence = status === 'keep' ? 'provisional' : '';
  const decision =
    status === null ? null : ({ status, reason: 'so it was', evidence, observed, noiseWidths: null } as const);
  await writeJob(runs, job, createQueueEntry(number));
  await writeRun(runs, run);
  await writeRecorded(runs, {
    ...{
      schema: 1,
      job: number,
      attempt: 1,
      decision,
      metric: 'score',
      row: null,
      entry: null,
      commit: null,
      isDone: true,
    },
    ...sketch.recorded,
  });
}
