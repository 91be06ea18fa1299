/**
 * Writes another MAX_SEQ_LEN and a fitting EVAL_TOKENS into prepare.py, before a session only. What it does not do: unfreeze, commit, or
 * bring numbers of before and after together.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabPaths } from '../../config/lab-paths.ts';
import { findRepositoryRoot } from '../../config/repository-root.ts';
import type { LabConfig } from '../../config/schema.ts';
import { LabError } from '../../errors/lab-error.ts';
import { readCheckedOutBranch } from '../../git/main-text.ts';
import { findCommit, readBlob, resolveMainBranch } from '../../git/repository.ts';
import { findRunVariable } from '../../rules/meta-state.ts';
import { compareBudgets, createBudget, readConstants } from '../budget.ts';
import { explainFrozenWay, findFrozenWay } from '../frozen-permit.ts';
import { readOwnFile, replaceOwnFile } from '../own-file.ts';
import { isSessionRunning, readSessions } from '../session.ts';
import { planSequence, type SequencePlan } from './sequence-edit.ts';

/** Longest sequence that is taken for no slip of the hand. */
const longest = 1_048_576;

/** What was written. */
export interface AdaptedSequence extends SequencePlan {
  /** What follows for a human, a line each. */
  next: string[];
}

/** Throws LabError (usage) for a length that no model is trained with. */
export function ensureSequence(sequence: number): void {
  if (Number.isInteger(sequence) && sequence >= 8 && sequence <= longest) return;
  throw new LabError('usage', `--seq-len got ${sequence}, expected a whole number from 8 to ${longest}`, {
    hints: ['the original has 2048; small cards train with 256 to 1024'],
  });
}

/**
 * Adapts a lab's prepare.py, or with `lab` null that of a plain clone in `root`. Throws LabError (refused) while a session runs, after one has
 * begun on this track where no new track is asked for, and where prepare.py is frozen; (user) where prepare.py is a link or no UTF-8 text. Where
 * the working tree has the length already and the commit that counts has not, it writes nothing and says what makes it count.
 */
export async function adaptSequence(
  root: string,
  lab: { paths: LabPaths; config: LabConfig } | null,
  sequence: number,
  isNewTrack: boolean,
): Promise<AdaptedSequence> {
  ensureSequence(sequence);
  const variable = findRunVariable(process.env);
  if (variable !== null)
    throw new LabError(
      'refused',
      `prepare.py is a human's: ${variable} is set, so this is an agent's or a run's process`,
    );
  const file = join(root, 'prepare.py');
  const before = readOwnFile(file);
  if (before === null)
    throw new LabError('user', `${root} has no prepare.py, expected a training repository`, {
      hints: ['`lab autoresearch setup --clone URL` fetches one'],
    });
  const train = join(root, 'train.py');
  const plan = planSequence(before, existsSync(train) ? readFileSync(train, 'utf8') : '', sequence);
  const write = () => (plan.changes.length === 0 ? undefined : replaceOwnFile(file, before, plan.text));
  const message = `prepare: sequence length ${sequence}`;
  if (lab === null) {
    if (plan.changes.length === 0 && (await isCommitted(root, 'HEAD', sequence))) return { ...plan, next: [] };
    await write();
    return {
      ...plan,
      next: [`commit it before the repository becomes a lab: git commit -m "${message}" -- prepare.py`],
    };
  }
  const { paths, config } = lab;
  const main = await resolveMainBranch(root, config.main);
  if (plan.changes.length === 0 && (await isCommitted(root, `refs/heads/${main}`, sequence)))
    return { ...plan, next: [] };
  const branch = readCheckedOutBranch(root);
  if (branch !== main)
    throw new LabError(
      'user',
      `${root} has ${branch ?? 'a detached HEAD'} checked out, expected ${main}: only there prepare.py counts`,
      {
        hints: [`git -C ${root} switch ${main}`],
      },
    );
  await ensureNoSession(paths, config, main, isNewTrack);
  const way = await findFrozenWay(paths, main, new Date());
  if (way === 'frozen') {
    const [first = '', ...hints] = explainFrozenWay(way, main, 'prepare.py', message);
    throw new LabError('refused', first, { hints: hints.map((hint) => hint.trim()) });
  }
  await write();
  return {
    ...plan,
    next: [
      ...explainFrozenWay(way, main, 'prepare.py', message),
      'then `lab autoresearch setup` measures the baseline anew: numbers from before belong to another track',
    ],
  };
}

/** Whether a commit has the length: in the working tree alone it counts for no run. */
async function isCommitted(root: string, revision: string, sequence: number): Promise<boolean> {
  // Outside git, and before the first commit, nothing is.
  if (findRepositoryRoot(root) === null || (await findCommit(root, revision)) === null) return false;
  const text = (await readBlob(root, revision, 'prepare.py'))?.toString('utf8') ?? '';
  return readConstants(text).MAX_SEQ_LEN === sequence;
}

async function ensureNoSession(paths: LabPaths, config: LabConfig, main: string, isNewTrack: boolean): Promise<void> {
  for (const { tag, edits, budget } of readSessions(paths)) {
    if (await isSessionRunning(paths, tag))
      throw new LabError(
        'refused',
        `session ${tag} is running with the present MAX_SEQ_LEN and EVAL_TOKENS, which are fixed for it`,
        {
          hints: [
            'end it with Ctrl-C in its terminal first; after that only a new comparison track takes other values (--new-track)',
          ],
        },
      );
    if (isNewTrack) continue;
    // Of an older track: what changes now is not what that session was compared by.
    if (compareBudgets(budget, await createBudget(paths.root, main, config, edits)).length > 0) continue;
    throw new LabError(
      'refused',
      `session ${tag} has begun with the present MAX_SEQ_LEN and EVAL_TOKENS: another value makes its numbers incomparable`,
      {
        hints: [
          '`--new-track` writes it all the same and begins a new comparison track: a new baseline, and sessions of other tags',
        ],
      },
    );
  }
}
