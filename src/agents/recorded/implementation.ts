/**
 * What the recording holds of one idea besides its text: the code, the reviewer's word and the parts of the report. Types only; the code is
 * in the *-implementations.ts files, the list of all in implementations.ts, the ideas themselves in recording.ts.
 */
import type { ReportFacts, ReportProse } from '../../domain/report.ts';

/** Where the model of the starter problem lies, relative to a worktree. */
export const trainPath = 'problem/train.py';

/** Where the frozen scorer of the starter problem lies, relative to a worktree. */
export const preparePath = 'problem/prepare.py';

/** What an implementer comes to, given the present files. */
export type Application =
  /** New texts by path, changed files only; the note says what was done. */
  | { kind: 'edit'; files: Record<string, string>; note: string }
  /** The change makes no sense on these files, and why. */
  | { kind: 'cannot'; reason: string };

/** One remark of a reviewer. */
export interface RecordedFinding {
  severity: 'blocking' | 'minor';
  /** Relative to the worktree. */
  file: string;
  text: string;
}

/** What a reviewer hands in. */
export interface RecordedReview {
  verdict: 'approve' | 'changes';
  findings: RecordedFinding[];
  /** The opinion, markdown. */
  text: string;
}

/** The facts of a report that its prose depends on. */
export type ProseFacts = Pick<
  ReportFacts,
  | 'decision'
  | 'evidence'
  | 'metricName'
  | 'unit'
  | 'direction'
  | 'metric'
  | 'baseMetric'
  | 'baseRuns'
  | 'observed'
  | 'expected'
  | 'interval'
  | 'noise'
  | 'n'
  | 'flags'
  | 'files'
>;

/** The parts of a report that were written beforehand, one reading per possible result. None of them holds a figure. */
export interface ProseParts {
  /** What was changed, in words. */
  changed: string;
  /** Reading of a clear gain. */
  better: string;
  /** Reading of a clear loss. */
  worse: string;
  /** Reading of a change within the noise. */
  within: string;
  /** What a run that ended badly suggests; "" where the general sentence is enough. */
  broken: string;
  /** What the literature says, with its source; "" where nothing is cited. */
  claims: string;
  /** What follows from a keep. */
  afterKeep: string;
  /** What follows from anything else. */
  afterDiscard: string;
}

/** An idea made real beforehand. */
export interface RecordedImplementation {
  slug: string;
  /**
   * The change as a function of the files' present text (trainPath, preparePath), so that it fits every champion of the session.
   * `round` is 2 where the work came back; the text may then hold what round 1 wrote.
   */
  apply(files: Record<string, string>, round: number): Application;
  /** The reviewer's word on the change of that round. */
  review(round: number): RecordedReview;
  /** The prose of the report, chosen by the record. */
  prose(record: ProseFacts): ReportProse;
}
