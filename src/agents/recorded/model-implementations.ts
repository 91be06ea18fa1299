/**
 * Recorded code: another model in place of the present one. whole-rewrite is a complete train.py of its own: it runs, and it is far larger
 * than what one experiment may change, so the lab refuses it.
 */
import { defineImplementation } from './define-implementation.ts';
import { type Application, type RecordedImplementation, trainPath } from './implementation.ts';
import { trainTextOf } from './python-edits.ts';
import { rewriteModelText } from './rewrite-model-text.ts';
import { rewriteTrainingText } from './rewrite-training-text.ts';

function rewrite(files: Record<string, string>): Application {
  const text = rewriteModelText + rewriteTrainingText;
  if (trainTextOf(files) === text) return { kind: 'cannot', reason: `${trainPath} is that rewrite already` };
  return {
    kind: 'edit',
    files: { [trainPath]: text },
    note: 'A new train.py: counts of contexts, of the word so far and of word pairs, interpolated from short to long, the strengths tuned on positions that were kept back. Nothing of the log-linear model is left.',
  };
}

/** The implementations that replace the model. */
export const modelImplementations: readonly RecordedImplementation[] = [
  defineImplementation({
    slug: 'whole-rewrite',
    apply: rewrite,
    opinion:
      'It reads well, and the tuning uses positions that are not counted, so I see no leak. But it is a new program, not a change: contexts, counts, tuning, pruning and checks come all at once, and whatever the score will be, it cannot be laid to one of them. Whether that is still one experiment is for the rules to say.',
    remarks: [
      {
        file: trainPath,
        text: 'Pruning and the family of endings are ideas of their own and should be runs of their own.',
      },
    ],
    prose: {
      changed:
        'The log-linear model is replaced by interpolated counts of contexts and words, in a train.py written anew.',
      better:
        'Counting needs no steps: a context that was seen twice knows at once what gradient steps take long to learn, and the interpolation keeps it modest.',
      worse: 'Interpolation lets one context speak at a time; a sum of features joins what several of them know.',
      within:
        'Both kinds of model come to the same score, so what limits them is what they look at, not how they learn it.',
      broken: '',
      claims:
        'Chen and Goodman (An Empirical Study of Smoothing Techniques for Language Modeling): among models of counts, how the orders are interpolated matters more than anything else.',
      afterKeep: 'Take the parts out one by one to see which of them carries the gain.',
      afterDiscard: 'Bring the core of it as a small change: rows that start from counts in place of zero.',
    },
  }),
];
