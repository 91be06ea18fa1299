/**
 * The mode `results`: what a table of experiments says, whoever wrote it. Reads rows and answers a review; draws nothing, writes nothing.
 * The counting is done on the analysis frame, which is loaded when this is called.
 */
import {
  type CategoryYield,
  findTop,
  followKeepRate,
  groupByStatus,
  type KeepRate,
  type StatusGroup,
  yieldPerCategory,
} from '../analysis/frame/frame-groups.ts';
import { type Direction, followBest, gainOver, isStanding, type TrialRow } from '../analysis/trial-rows.ts';
import type { RatchetStatus } from '../domain/ratchet.ts';
import { listTriedLines, type TriedRow } from './program/tried-lines.ts';
import { chooseNextFamilies, listNearMisses, type NearMiss, type NextFamily } from './results/choose-family.ts';
import { findRepeatedFailures, type RepeatedFailure } from './results/find-failures.ts';
import { findRepeats, type JudgedKeep, judgeKeeps, type NoiseEstimate } from './results/judge-gains.ts';

/** What is reviewed. */
export interface ResultsSubject {
  /** "mar5", or the name of a file. */
  tag: string;
  /** ISO 8601; "" where nobody knows. */
  beganAt: string;
  metric: { name: string; direction: Direction };
  rows: readonly TrialRow[];
  /** From `--noise` or the lab's baseline; null: only what the table itself repeats. */
  noise: NoiseEstimate | null;
  /** Text of program.md: what it names already is not listed again; "" where there is none. */
  program: string;
}

/** What the rows say. */
export interface ResultsReview {
  rows: number;
  counts: Record<string, number>;
  /** The best standing row, anomalies aside, with what it won over the first one; null where there is none. */
  best: { row: number; commit: string | null; metric: number; description: string; first: number; won: number } | null;
  noise: NoiseEstimate | null;
  /** Every keep, the one that won most first; the first row and anomalies after those with a gain. */
  gains: JudgedKeep[];
  /** The ten best standing rows by the metric, anomalies aside, best first. */
  top: TrialRow[];
  failures: RepeatedFailure[];
  nearMisses: NearMiss[];
  statuses: StatusGroup[];
  keepRate: KeepRate[];
  yields: CategoryYield[];
  /** Lines of markdown for "what has been tried". */
  tried: string[];
  next: NextFamily[];
  /** Rows as they were measured against each other: an anomaly is "other" here. For the picture. */
  trusted: TrialRow[];
}

/** Reviews the rows. */
export async function reviewResults(subject: ResultsSubject): Promise<ResultsReview> {
  const { rows, metric, tag, beganAt, program } = subject;
  const { direction } = metric;
  const noise = subject.noise ?? findRepeats(rows, direction);
  const { keeps, trusted } = judgeKeeps(rows, direction, noise);
  const yields = await yieldPerCategory(trusted, direction);
  const nearMisses = listNearMisses(trusted, direction, noise);
  const counts: Record<string, number> = {};
  for (const { status } of rows) counts[status] = (counts[status] ?? 0) + 1;
  const asTried = [{ tag, beganAt, metric, rows: rows.flatMap(asTriedRow) }];
  return {
    ...{ rows: rows.length, counts, noise, yields, nearMisses, trusted },
    best: findBest(trusted, direction),
    gains: [...keeps].sort((a, b) => rank(b) - rank(a) || (b.gain ?? 0) - (a.gain ?? 0)),
    top: await findTop(trusted, 10, direction),
    failures: findRepeatedFailures(trusted),
    statuses: await groupByStatus(rows, direction),
    keepRate: await followKeepRate(rows),
    tried: listTriedLines(asTried, program).map((line) => addVerdict(line, keeps)),
    next: chooseNextFamilies(trusted, yields, nearMisses),
  };
}

function rank({ verdict }: JudgedKeep): number {
  return verdict === 'anomaly' ? 0 : verdict === 'start' ? 1 : 2;
}

function findBest(trusted: readonly TrialRow[], direction: Direction): ResultsReview['best'] {
  const trials = followBest(trusted, direction);
  const final = trials.at(-1)?.best ?? null;
  const first = trials.find((trial) => isStanding(trial) && trial.metric !== null)?.metric ?? null;
  const trial = trials.find((one) => isStanding(one) && one.metric === final);
  if (final === null || first === null || trial === undefined) return null;
  const { row, commit, description } = trial;
  return { row, commit, description, first, metric: final, won: gainOver(final, first, direction) };
}

function asTriedRow(row: TrialRow): TriedRow[] {
  const status: RatchetStatus | null = row.status === 'baseline' ? 'keep' : row.status === 'other' ? null : row.status;
  // The unmodified code once more is no try.
  if (status === null || (row.category === 'baseline' && row.row > 1 && status !== 'keep')) return [];
  const { metric, memoryGb, description, category } = row;
  return [{ commit: nameRow(row), metric, memoryGb, status, description, category }];
}

/** The commit, or the row where the table has none that says which. */
function nameRow({ commit, row }: Pick<TrialRow, 'commit' | 'row'>): string {
  return commit !== null && /^[0-9a-f]{6,40}$/i.test(commit) ? commit.slice(0, 7) : `row${row}`;
}

/** A keep that may be luck says so where the next agent reads it. */
function addVerdict(line: string, keeps: readonly JudgedKeep[]): string {
  if (!line.startsWith('- keep')) return line;
  const doubtful = keeps.filter(
    ({ verdict }) => verdict === 'within noise' || verdict === 'anomaly' || verdict === 'no gain',
  );
  const keep = doubtful.find((one) => new RegExp(` ${nameRow(one)}(?:,[^\\]]*)?\\]$`).test(line));
  return keep === undefined ? line : `${line} (${keep.verdict})`;
}
