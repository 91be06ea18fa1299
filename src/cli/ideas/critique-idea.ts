/** `lab idea critique`: has the critic look at one idea, or look at it again. */
import { exitCodes, LabError } from '../../errors/lab-error.ts';
import { findIdea, readIdeas } from '../../lab/ideas.ts';
import { critiqueIdeas } from '../../pipeline/critique.ts';
import { changeIdeas } from '../../pipeline/record-idea.ts';
import type { Verb } from '../verbs.ts';
import { withPipeline } from '../with-pipeline.ts';

/** Asks the critic. */
export const critiqueIdea: Verb = {
  name: 'critique',
  usage: '<slug> [--agent <name>]',
  summary: 'Have an agent rate an idea; an older critique is replaced',
  options: [{ name: 'agent', value: 'name', description: 'Agent in place of the configured one' }],
  run(input) {
    const [word, ...others] = input.words;
    if (word === undefined || others.length > 0)
      throw new LabError(
        'usage',
        `lab idea critique takes one slug, got ${word === undefined ? 'none' : input.words.join(' ')}`,
      );
    return withPipeline(input, ['critic'], async (context) => {
      const { idea, isRejected } = findIdea(await readIdeas(context.paths.root, context.main), word);
      if (isRejected || (idea.state !== 'proposed' && idea.state !== 'critiqued'))
        throw new LabError(
          'user',
          `${idea.slug} is ${isRejected ? 'rejected' : idea.state}, expected an idea that is not built yet`,
          {
            hints: [`\`lab idea show ${idea.slug}\` shows where it stands`],
          },
        );
      await changeIdeas(context, new Map([[idea.slug, { state: 'proposed' }]]), `${idea.slug}: to be critiqued again`);
      const problem = await critiqueIdeas(context, [idea.slug]);
      if (problem !== null) {
        process.stderr.write(`${problem}\n`);
        return exitCodes.agent;
      }
      const after = findIdea(await readIdeas(context.paths.root, context.main), idea.slug);
      process.stdout.write(
        after.isRejected
          ? `${idea.slug} was turned away\n`
          : `${idea.slug}: rating ${after.idea.rating ?? 'none'} of 10\n`,
      );
      return 0;
    });
  },
};
