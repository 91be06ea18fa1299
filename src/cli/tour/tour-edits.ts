/**
 * The experiments of `lab tour`: five small edits of problem/train.py, each with a question and an expected answer.
 * Text in, text out; what runs them and what came of them is not here. Every edit applies to the starter's train.py
 * and to the champion that the first one makes. The figures in the stories were measured (0_docs/problem.md).
 */
import { LabError } from '../../errors/lab-error.ts';

/** One experiment of the tour. */
export interface TourEdit {
  /** Names the experiment and its branch `exp/<slug>`; kebab-case. */
  slug: string;
  /** Commit subject and what the tour shows while it runs. */
  title: string;
  /** `Q: … H: …`, with the expected change in bpb (bits per byte; lower is better). */
  label: string;
  /** One line on what will come of it, told after the run. */
  story: string;
  /** The edited text; throws LabError (internal) where train.py has not the line that the edit replaces. */
  apply(trainText: string): string;
}

/** Replaces the one place where `anchor` stands; anything else means that train.py and the tour have drifted apart. */
function replaceAnchor(trainText: string, anchor: string, replacement: string): string {
  const count = trainText.split(anchor).length - 1;
  if (count !== 1) {
    throw new LabError('internal', `problem/train.py has ${JSON.stringify(anchor)} ${count} times, expected it once`, {
      hints: ['git checkout -- problem/train.py'],
    });
  }
  return trainText.replace(anchor, () => replacement);
}

/** Puts lines before the end of features(), where the list of keys is handed back. */
function addFeature(trainText: string, lines: readonly string[]): string {
  return replaceAnchor(trainText, '\n    return keys\n', `\n${lines.join('\n')}\n    return keys\n`);
}

/** The tour's experiments in the order in which they run: a big win, a draw, a loss, a crash, a win on top of the first. */
export const tourEdits: readonly TourEdit[] = [
  {
    slug: 'longer-contexts',
    title: 'Add contexts of four and five symbols',
    label: 'Q: are three symbols of context too few? H: words share syllables, so orders 1 to 5 saves 0.2 bpb',
    story: 'A big win, and more than expected: five symbols tell most words of this language apart.',
    apply: (trainText) => replaceAnchor(trainText, 'ORDERS = (1, 2, 3)', 'ORDERS = (1, 2, 3, 4, 5)'),
  },
  {
    slug: 'double-learning-rate',
    title: 'Double the learning rate',
    label: 'Q: is the step too small for this budget? H: LEARNING_RATE 0.6 reaches rare contexts, saves 0.01 bpb',
    story: 'A draw: the change is about as small as the noise between seeds, so one run proves nothing.',
    apply: (trainText) => replaceAnchor(trainText, 'LEARNING_RATE = 0.3', 'LEARNING_RATE = 0.6'),
  },
  {
    slug: 'constant-rate',
    title: 'Drop the decay of the learning rate',
    label: 'Q: is the decay worth its line? H: a constant rate learns to the end and is simpler, saves 0.02 bpb',
    story: 'Worse by far: without the decay the last steps only shake the weights.',
    apply: (trainText) => replaceAnchor(trainText, 'LEARNING_RATE * (1 - step / steps)', 'LEARNING_RATE'),
  },
  {
    slug: 'sentence-memory',
    title: 'Remember the last word of the sentence before',
    label: 'Q: does the sentence before matter? H: its last word names the next subject, saves 0.05 bpb',
    story: 'A crash: most windows hold no whole sentence, so the list is too short (IndexError). A bug, not an answer.',
    apply: (trainText) =>
      addFeature(trainText, [
        '    last_word = past.split(". ")[-2].rsplit(" ", 1)[-1]',
        '    keys.append("memory|" + last_word + "|" + past.rsplit(" ", 1)[-1])',
      ]),
  },
  {
    slug: 'word-pairs',
    title: 'Add the word before together with the word so far',
    label: 'Q: do words depend on the word before? H: endings agree across words, so word pairs saves 0.05 bpb',
    story: 'A win on top of the first one: agreement and the verb of a noun reach further back than five symbols.',
    apply: (trainText) =>
      addFeature(trainText, [
        '    before, word = past.rsplit(" ", 2)[-2:]',
        '    keys.append("pair|" + before + " " + word)',
      ]),
  },
];
