/** One row of results.tsv and the decision behind it. Types only; text form is in lab/results-tsv.ts. */

/** What the lab made of a run. */
export type Status = 'keep' | 'discard' | 'crash';

/** What a keep rests on: one run, or fresh seeds that bore it out or did not. Empty for anything else. */
export type Evidence = '' | 'provisional' | 'confirmed' | 'refuted';

/** Keep, discard or crash, with the reason in one sentence. */
export interface Decision {
  status: Status;
  reason: string;
  evidence: Evidence;
  /** Signed change of the metric against the base; null where there is no base or no metric. */
  observed: number | null;
  /** How many noise widths (sd of one run) the change is, signed so that positive is better; null where noise is unknown. */
  noiseWidths: number | null;
}

/** One row of results.tsv, in the order of its columns. */
export interface Result {
  /** 7 characters. */
  commit: string;
  /** Never negated; 0 for a crash. */
  metric: number;
  /** Null where nothing could be measured; a crash is written as 0.0. */
  memoryGb: number | null;
  status: Status;
  description: string;
  /** Slug of the idea; "" for a job outside an experiment. */
  idea: string;
  question: string;
  hypothesis: string;
  /** Signed change with unit, or "". */
  expected: string;
  /** Signed change against the base with unit, or "". */
  observed: string;
  evidence: Evidence;
  /** Standard deviation; null where n is 1. */
  std: number | null;
  n: number;
  /** Wall seconds of train; null where it never started. */
  seconds: number | null;
  /** Device model as the row names it. */
  device: string;
  track: string;
  jobs: number[];
  /** ISO 8601 with offset, end of run. */
  date: string;
  flags: string[];
  metrics: Record<string, number>;
}
