/** `lab idea retry`: lets an idea that was built be built anew. */
import { LabError } from '../../errors/lab-error.ts';
import { retryIdea } from '../../pipeline/retry-idea.ts';
import { createRecording, openLab } from '../open-lab.ts';
import type { Verb } from '../verbs.ts';

/** Opens an idea again. */
export const retryIdeaVerb: Verb = {
  name: 'retry',
  usage: '<slug> [--note "…"]',
  summary: 'Let an idea that was built be built anew; the first attempt stays on record',
  options: [{ name: 'note', value: 'text', description: 'What to do otherwise; it is written under Critique' }],
  async run(input) {
    const [word, ...others] = input.words;
    if (word === undefined || others.length > 0)
      throw new LabError(
        'usage',
        `lab idea retry takes one slug, got ${word === undefined ? 'none' : input.words.join(' ')}`,
      );
    const slug = await retryIdea(createRecording(await openLab()), word, input.text('note')?.trim() ?? '');
    process.stdout.write(`${slug} is open again\n`);
    process.stderr.write(`\`lab implement ${slug}\` builds it anew\n`);
    return 0;
  },
};
