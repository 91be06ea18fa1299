/** What a report says: the figures, which the lab fills in, and the prose, which an agent writes. Types only; text form is in lab/report-text.ts. */
import type { OutcomeWord } from './experiment.ts';
import type { Provenance } from './provenance.ts';

/** Every fact of a report. Also handed to the reporter as inbox/record.json. Changes are signed, never negated. */
export interface ReportFacts {
  slug: string;
  title: string;
  /** "2026-11-21", the day of the decision. */
  date: string;
  /** Full hash of the change; null where nothing was committed. */
  commit: string | null;
  /** Full hash of the champion that it was measured against. */
  base: string;
  /** Full hash that the change is told against: the base, or the base with main's newer frozen files. Missing in what was kept before there was one. */
  start?: string;
  branch: string;
  decision: OutcomeWord;
  /** The reason of the decision in one sentence. */
  reason: string;
  evidence: string;
  metricName: string;
  unit: string;
  direction: 'lower' | 'higher';
  /** Null where nothing was measured. */
  metric: number | null;
  /** What the base scored; null where the track has no number for it. */
  baseMetric: number | null;
  /** Runs behind baseMetric; 0 where there are none. */
  baseRuns: number;
  /** Metric minus baseMetric; null where one is missing. */
  observed: number | null;
  /** As the idea states it: "-0.010 val_bpb"; "" where it states none. */
  expected: string;
  /** Where the true change lies at the configured confidence, two-sided, from the measured noise; null where the noise is unknown. */
  interval: { low: number; high: number; confidence: number } | null;
  /** Sd of one run and the number of baseline runs that it comes from; null where unknown. */
  noise: { std: number; n: number } | null;
  /** Positive is better; null where unknown. */
  noiseWidths: number | null;
  /** Runs behind metric; 0 where there are none. */
  n: number;
  memoryGb: number | null;
  /** Minutes of train, wall time; null where it never started. */
  minutes: number | null;
  jobs: number[];
  track: string;
  device: string;
  flags: string[];
  /** Further metrics by name. */
  metrics: Record<string, number>;
  question: string;
  hypothesis: string;
  /** What result would refute the idea. */
  refutedBy: string;
  /** Two lines: why the idea was chosen. */
  choice: string[];
  /** Changed files with added and removed lines; null for a binary. */
  files: { path: string; added: number | null; removed: number | null }[];
  /** Why the change went back to the implementer, one line each. */
  returns: string[];
  reviewNotes: string;
  /** The implementer's own words on the change, unchecked; "" where it left none. */
  implementerNotes: string;
  /** Why the report has no prose although an agent was asked; "" otherwise. */
  proseProblem: string;
  /** Run folder relative to the root; null where nothing ran. */
  runFolder: string | null;
  /** The command of train and the seed, to run it again; null where nothing ran. */
  command: string | null;
  seed: number | null;
  /** Where the number comes from; null where nothing ran, and in facts from before it was kept. */
  provenance: Provenance | null;
  /** Last lines of the log, where it failed; "" otherwise. */
  logTail: string;
  /** Who wrote the idea, the code, the review and the prose: "implementer: recorded". */
  authors: string[];
  /** What every screen has to say about the agents ("a recording: …"); null for real ones. */
  notice: string | null;
}

/** What the reporter writes, markdown without headings; "" where it has nothing to say. */
export interface ReportProse {
  /** What was changed, in words. */
  changed: string;
  /** Interpretation, kept apart from what was measured. */
  inferences: string;
  /** What papers or people say, with source. */
  claims: string;
  next: string;
  /** One or two sentences for the journal. */
  summary: string;
}

/** A human's word on a report. */
export type Verdict = 'accept' | 'reject' | 'ask' | 'retry';
