/**
 * The commit that a job runs: main's own for a baseline (an earlier one of main for a seed that is made up for), the one that was asked
 * for, HEAD for a run in place, else a snapshot of the checkout. Jobs of one submission that ask for the same get the same. What may be in
 * it is frozen.ts's question.
 */
import type { LabPaths } from '../config/lab-paths.ts';
import type { LabConfig } from '../config/schema.ts';
import { resolveCommit } from '../git/repository.ts';
import { runGit, runGitResult } from '../git/run-git.ts';
import { snapshotTree } from '../git/snapshot.ts';
import type { AddRequest } from './routes.ts';

/** How many paths that a snapshot cannot hold are named. */
const shownPaths = 4;

/** What a job runs. */
export interface JobSource {
  /** Full hash. */
  commit: string;
  /** Whether the commit was made for the job. */
  isSnapshot: boolean;
  /** Untracked files that the snapshot took, relative to the checkout's root. */
  untracked: string[];
  /** What a person should know of it. */
  notes: string[];
  /** Temporary ref that keeps a snapshot until the job's own ref does; null where the commit was there before. */
  ref: string | null;
}

/** What taking a source needs. */
export interface SourceContext {
  paths: LabPaths;
  config: LabConfig;
  /** Full hash of main's tip. */
  tip: string;
}

/** Requests of the same key run the same commit. */
export function sourceKey({ kind, commit, here, checkout }: AddRequest): string {
  return JSON.stringify(kind === 'baseline' ? [kind, commit] : [commit, here, checkout]);
}

/** Takes the source of a request. `subject` becomes the last line of a snapshot's message. Throws as snapshotTree does. */
export async function takeSource(context: SourceContext, request: AddRequest, subject: string): Promise<JobSource> {
  const { config, tip } = context;
  const present = { isSnapshot: false, untracked: [], ref: null };
  if (request.kind === 'baseline') return { ...present, ...(await takeBaseline(context, request.commit)) };
  if (request.commit !== null) return { ...present, commit: request.commit, notes: [] };
  // Outside the lab there is no commit of what runs; main's tip stands for the settings that it runs by.
  if (request.here && config.queue.place === 'here') return { ...present, commit: tip, notes: [] };
  if (request.here) {
    return {
      ...present,
      commit: await resolveCommit(request.checkout, 'HEAD'),
      notes: ['--here: runs in place; what is in the folder when it starts is what runs, and the row is flagged'],
    };
  }
  const ref = `refs/nightlab/adding/${process.pid}-${Date.now()}-${Math.random().toString(36).slice(2, 8)}`;
  const megabyte = 1_000_000;
  const snapshot = await snapshotTree(request.checkout, {
    ref,
    message: `nightlab: snapshot for a job\n\n${subject}`,
    maxFileBytes: config.snapshot.maxFileMb * megabyte,
    maxTotalBytes: config.snapshot.maxTotalMb * megabyte,
  });
  const { notCaptured } = snapshot;
  const more = notCaptured.length > shownPaths ? ` and ${notCaptured.length - shownPaths} more` : '';
  const notes =
    notCaptured.length === 0
      ? []
      : [
          `not part of the snapshot: ${notCaptured.slice(0, shownPaths).join(' ')}${more} (nested repositories, dirty submodules)`,
        ];
  const { commit, isSnapshot, untracked } = snapshot;
  return { commit, isSnapshot, untracked, notes, ref: isSnapshot ? ref : null };
}

/** Main as it is, or the commit of its history that the other seeds ran: nothing else is unchanged code. */
async function takeBaseline(
  { paths, tip }: SourceContext,
  asked: string | null,
): Promise<Pick<JobSource, 'commit' | 'notes'>> {
  if (asked === null || asked === tip) return { commit: tip, notes: [] };
  const { exitCode } = await runGitResult(paths.root, ['merge-base', '--is-ancestor', asked, tip]);
  if (exitCode === 0) return { commit: asked, notes: [] };
  return {
    commit: tip,
    notes: [`${asked.slice(0, 7)} is not in main's history any more: main as it is runs, as a baseline of its own`],
  };
}

/** The slug of the experiment whose worktree a checkout is; null elsewhere. */
export async function findExperiment(paths: LabPaths, checkout: string): Promise<string | null> {
  if (!checkout.startsWith(`${paths.worktrees}/`)) return null;
  const branch = (await runGit(checkout, ['symbolic-ref', '--quiet', '--short', 'HEAD']).catch(() => '')).trim();
  return /^exp\/(.+)$/.exec(branch)?.[1] ?? null;
}
