/** `lab idea reject`: turns an idea away, with the reason. */
import { LabError } from '../../errors/lab-error.ts';
import { readExperiment } from '../../lab/experiments.ts';
import { findIdea, readIdeas } from '../../lab/ideas.ts';
import { rejectIdeas } from '../../pipeline/record-idea.ts';
import { createRecording, openLab } from '../open-lab.ts';
import type { Verb } from '../verbs.ts';
import { ensureReadable } from './save-idea.ts';

/** Rejects an idea. */
export const rejectIdea: Verb = {
  name: 'reject',
  usage: '<slug> --reason "…"',
  summary: 'Turn an idea away; its file moves to 1_ideas/rejected/',
  options: [{ name: 'reason', value: 'text', description: 'Why; it is written under Outcome' }],
  async run(input) {
    const [word, ...others] = input.words;
    if (word === undefined || others.length > 0)
      throw new LabError(
        'usage',
        `lab idea reject takes one slug, got ${others.length === 0 ? 'none' : input.words.join(' ')}`,
      );
    const reason = input.text('reason')?.trim() ?? '';
    if (reason === '') {
      throw new LabError('usage', 'a rejection needs its reason, or nobody can learn from it', {
        hints: [`lab idea reject ${word} --reason "says the same as longer-contexts"`],
      });
    }
    const lab = await openLab();
    const stored = findIdea(await readIdeas(lab.paths.root, lab.main), word);
    const { idea, isRejected, path } = stored;
    if (isRejected) {
      process.stdout.write(`${path} is rejected already\n`);
      return 0;
    }
    ensureReadable(stored);
    const experiment = readExperiment(lab.paths, idea.slug);
    if (experiment !== null && experiment.next !== 'done')
      process.stderr.write(`note: its experiment stands before ${experiment.next}, and what runs of it goes on\n`);
    await rejectIdeas(createRecording(lab), new Map([[idea.slug, { reason }]]), `reject idea ${idea.slug}`);
    process.stdout.write(`rejected ${idea.slug}: now in 1_ideas/rejected/\n`);
    process.stderr.write(`\`lab idea edit ${idea.slug} --set state=proposed\` takes it up again\n`);
    return 0;
  },
};
