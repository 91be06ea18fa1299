/** What stages share about an experiment: where its worktree and branch are, how it ends, how it goes back. Pure. */
import { join } from 'node:path';
import type { LabPaths } from '../config/lab-paths.ts';
import type { Experiment, ExperimentOutcome, ExperimentStage, OutcomeWord } from '../domain/experiment.ts';
import type { ExperimentTree } from '../git/experiment-tree.ts';
import type { StageResult } from './context.ts';

/** Branch of an experiment. */
export function branchOf(slug: string): string {
  return `exp/${slug}`;
}

/** Worktree of an experiment, absolute. */
export function worktreeOf(paths: LabPaths, slug: string): string {
  return join(paths.worktrees, slug);
}

/** Worktree and branch of an experiment, for git. */
export function treeOf(paths: LabPaths, slug: string): ExperimentTree {
  return { root: paths.root, ownedFolder: paths.worktrees, path: worktreeOf(paths, slug), branch: branchOf(slug) };
}

/** Ends an experiment before it was measured; the report comes next. */
export function endWith(
  experiment: Experiment,
  kind: 'refused' | 'failed',
  stage: ExperimentStage,
  reason: string,
): StageResult {
  const outcome: ExperimentOutcome = { kind, stage, reason: oneLine(reason) };
  return { kind: 'next', experiment: { ...experiment, outcome, next: 'report' }, note: `${kind}: ${outcome.reason}` };
}

/** Gives the work back to the implementer; null where it came back from that stage before. */
export function sendBack(experiment: Experiment, stage: 'review' | 'smoke', reason: string): StageResult | null {
  if (experiment.returns.some((one) => one.stage === stage)) return null;
  return {
    kind: 'next',
    experiment: { ...experiment, returns: [...experiment.returns, { stage, reason }], next: 'implement' },
    note: `back to the implementer: ${oneLine(reason.split('\n')[0] ?? '')}`,
  };
}

/** The outcome in one word. */
export function wordOf(outcome: ExperimentOutcome): OutcomeWord {
  return outcome.kind === 'decided' ? outcome.status : outcome.kind;
}

/** A text as one line of at most 300 characters, or so many, for histories and tables. */
export function oneLine(text: string, most = 300): string {
  // Words of agents end up here, and from here on terminals: no control character comes along.
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
  return line.length <= most ? line : `${line.slice(0, most - 1)}…`;
}
