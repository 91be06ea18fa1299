/**
 * `lab meta off --discard`: the uncommitted change becomes a patch in `.lab/meta/`, its files go back to main's, META_MODE closes. It stays
 * open where main itself changed meanwhile: no change of frozen files goes without an entry in meta_journal.md.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from '../../errors/lab-error.ts';
import { runGit, runGitBytes } from '../../git/run-git.ts';
import { writeFileSynced } from '../../lab/atomic-write.ts';
import { closeMetaState, formatStamp, metaFolder } from '../../rules/meta-state.ts';
import type { OpenLab } from '../open-lab.ts';
import { disarmLine } from '../page.ts';
import type { MetaChanges } from './meta-changes.ts';
import { tellStandingGrant } from './meta-lab.ts';
import type { Questions } from './meta-questions.ts';

/** Paths of the change that a human may take back, or have journaled: all but human_journal.md, which is nobody's to take back. */
function withoutJournal(paths: readonly string[]): string[] {
  return paths.filter((path) => path !== 'human_journal.md');
}

/** Puts a change aside; `start` is main's commit at which META_MODE was opened. Throws LabError (refused), having put it aside, where it must stay open. */
export async function discardChanges(given: {
  lab: OpenLab;
  start: string;
  changes: MetaChanges;
  questions: Questions;
}): Promise<void> {
  const { lab, start, changes, questions } = given;
  const { paths, main } = lab;
  const open = changes.entries.map(({ path }) => path);
  const gone = withoutJournal(changes.metaText === null ? open : [...open, 'meta_journal.md']).sort();
  const standing = withoutJournal(changes.onMain).map(disarmLine);
  if (standing.length > 0) process.stderr.write(`on ${main} already, and not taken back: ${standing.join(', ')}\n`);
  process.stderr.write(`to be put aside: ${gone.length === 0 ? 'nothing' : gone.map(disarmLine).join(', ')}\n`);
  await questions.confirm(`Put ${gone.length === 1 ? 'it' : 'them'} back to ${main}'s?`);
  if (gone.length > 0) {
    const patch = join(metaFolder(paths), `${formatStamp(new Date())}.patch`);
    const form = ['-r', '-p', '--binary', '--full-index', '--no-renames', '--no-ext-diff', '--no-textconv'];
    await writeFileSynced(
      patch,
      await runGitBytes(paths.root, ['diff-tree', ...form, changes.tip, changes.tree, '--', ...gone]),
    );
    await restore(paths.root, changes, gone, patch);
    process.stdout.write(`the change is kept: \`git apply ${patch}\` brings it back\n`);
  }
  if (standing.length > 0) {
    throw new LabError(
      'refused',
      `META_MODE stays open: ${main} has changed ${standing.join(', ')} since it was opened`,
      {
        hints: [
          `\`META_MODE=1 lab meta off\` journals what is on ${main}`,
          `or take it back first: \`git restore --source=${start.slice(0, 10)} --staged --worktree -- ${standing.join(' ')}\` and \`META_MODE=1 git commit\``,
        ],
      },
    );
  }
  await closeMetaState(paths);
  process.stdout.write('META_MODE is closed, and nothing was committed\n');
  tellStandingGrant(paths);
}

async function restore(root: string, changes: MetaChanges, gone: string[], patch: string): Promise<void> {
  const isNew = (path: string) => changes.entries.some((entry) => entry.path === path && entry.before === null);
  try {
    const old = gone.filter((path) => !isNew(path));
    if (old.length > 0) await runGit(root, ['checkout', '--quiet', changes.tip, '--', ...old]);
    for (const path of gone.filter(isNew)) {
      await runGit(root, ['rm', '--quiet', '--cached', '--ignore-unmatch', '--', path]);
      await rm(join(root, path), { force: true });
    }
  } catch (error) {
    throw new LabError('user', `some of ${gone.join(', ')} could not be put back; META_MODE stays open`, {
      hints: [`everything is kept in ${patch}`, '`lab meta off --discard` again'],
      cause: error,
    });
  }
}
