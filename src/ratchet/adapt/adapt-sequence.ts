/**
 * Writes another MAX_SEQ_LEN and a fitting EVAL_TOKENS into prepare.py, before a session only. What it does not do: unfreeze, commit, or
 * bring numbers of before and after together.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabPaths } from '../../config/lab-paths.ts';
import type { LabConfig } from '../../config/schema.ts';
import { LabError } from '../../errors/lab-error.ts';
import { readCheckedOutBranch } from '../../git/main-text.ts';
import { resolveMainBranch } from '../../git/repository.ts';
import { writeFileSynced } from '../../lab/atomic-write.ts';
import { findRunVariable } from '../../rules/meta-state.ts';
import { compareBudgets, createBudget } from '../budget.ts';
import { explainFrozenWay, findFrozenWay } from '../frozen-permit.ts';
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
 * begun on this track where no new track is asked for, and where prepare.py is frozen.
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
  if (!existsSync(file))
    throw new LabError('user', `${root} has no prepare.py, expected a training repository`, {
      hints: ['`lab autoresearch setup --clone URL` fetches one'],
    });
  const train = join(root, 'train.py');
  const plan = planSequence(readFileSync(file, 'utf8'), existsSync(train) ? readFileSync(train, 'utf8') : '', sequence);
  if (plan.changes.length === 0) return { ...plan, next: [] };
  const message = `prepare: sequence length ${sequence}`;
  if (lab === null) {
    await writeFileSynced(file, plan.text);
    return {
      ...plan,
      next: [`commit it before the repository becomes a lab: git commit -m "${message}" -- prepare.py`],
    };
  }
  const { paths, config } = lab;
  const main = await resolveMainBranch(root, config.main);
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
  await writeFileSynced(file, plan.text);
  return {
    ...plan,
    next: [
      ...explainFrozenWay(way, main, 'prepare.py', message),
      'then `lab autoresearch setup` measures the baseline anew: numbers from before belong to another track',
    ],
  };
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
