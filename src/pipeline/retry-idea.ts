/** Lets a finished experiment be built anew: the old attempt is put aside, its commits stay reachable, the idea is open again. */

import { LabError } from '../errors/lab-error.ts';
import { findCommit } from '../git/repository.ts';
import { runGit } from '../git/run-git.ts';
import { removeWorktree } from '../git/worktree.ts';
import { archiveExperiment, readExperiment } from '../lab/experiments.ts';
import { findIdea, readIdeas } from '../lab/ideas.ts';
import { branchOf, worktreeOf } from './experiment-steps.ts';
import { changeIdeas, type RecordingContext } from './record-idea.ts';

/** Opens an idea again; `note` goes into its critique for whoever builds it next. Throws LabError (user) where there is nothing to retry. */
export async function retryIdea(context: RecordingContext, word: string, note: string): Promise<string> {
  const { paths, main } = context;
  const { idea, isRejected } = findIdea(await readIdeas(paths.root, main), word);
  const { slug } = idea;
  const experiment = readExperiment(paths, slug);
  if (isRejected || experiment === null)
    throw new LabError(
      'user',
      `${slug} ${isRejected ? 'was turned away' : 'was not built yet'}, so there is nothing to retry`,
      {
        hints: [isRejected ? `\`lab idea show ${slug}\` shows why` : `\`lab implement ${slug}\` builds it`],
      },
    );
  if (experiment.next !== 'done')
    throw new LabError('user', `${slug} is under way (next: ${experiment.next})`, {
      hints: [`\`lab implement ${slug}\` goes on with it`],
    });
  const branch = branchOf(slug);
  const tip = await findCommit(paths.root, `refs/heads/${branch}`);
  if (tip !== null)
    await runGit(paths.root, ['update-ref', `refs/nightlab/experiments/${slug}/${experiment.attempt}.tip`, tip]);
  await removeWorktree(paths.root, worktreeOf(paths, slug), paths.worktrees);
  if (tip !== null) await runGit(paths.root, ['update-ref', '-d', `refs/heads/${branch}`, tip]);
  const words = [
    idea.sections.critique,
    `Attempt ${experiment.attempt + 1} was asked for${note === '' ? '' : `: ${note}`}.`,
  ];
  const critique = words.filter((part) => part !== '').join('\n\n');
  await changeIdeas(context, new Map([[slug, { state: 'critiqued', critique }]]), `${slug}: to be tried again`);
  archiveExperiment(paths, experiment);
  return slug;
}
