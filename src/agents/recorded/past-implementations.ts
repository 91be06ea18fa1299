/**
 * Recorded code: features that look further back. subject-memory (its first version crashes in the smoke run, the second is right) and
 * all-skips (right, and far too slow). Contexts and words are in context-implementations.ts.
 */
import { defineImplementation } from './define-implementation.ts';
import { type Application, type RecordedImplementation, trainPath } from './implementation.ts';
import { applyEdits, editTrain, featureEdit, trainTextOf } from './python-edits.ts';

const memoryComment =
  '    # A sentence that begins with "e" is about a word of the sentence before: offer the next letter of two candidates.';

const memoryKey = [
  '        so_far = words[1]',
  '        letters = [word[len(so_far) : len(so_far) + 1] if word.startswith(so_far) else "-" for word in candidates]',
  '        keys.append("echo|" + told[-1][-1:] + "|" + "|".join(letters))',
];

/** Round 1 takes for granted that every window holds a whole sentence; most hold none. */
const memoryFirst: readonly string[] = [
  memoryComment,
  '    sentences = past.split(". ")',
  '    words, told = sentences[-1].split(" "), sentences[-2].split(" ")',
  '    if words[0] == "e" and len(words) == 2:',
  '        candidates = [told[-1], told[-3]]',
  ...memoryKey,
];

/** Round 2 asks first whether the window reaches back far enough. */
const memorySecond: readonly string[] = [
  memoryComment,
  '    sentences = past.split(". ")',
  '    words = sentences[-1].split(" ")',
  '    if len(sentences) > 1 and words[0] == "e" and len(words) == 2:',
  '        told = sentences[-2].split(" ")',
  '        candidates = [told[-1], told[-3] if len(told) > 2 else ""]',
  ...memoryKey,
];

function rememberSubject(files: Record<string, string>, round: number): Application {
  const text = trainTextOf(files);
  if (round < 2) {
    if (text.includes('"echo|'))
      return { kind: 'cannot', reason: `features() in ${trainPath} remembers the sentence before already` };
    return editTrain(
      files,
      [featureEdit(memoryFirst)],
      'Splits the window into sentences and offers the next letter of the last word and of the third from the end.',
    );
  }
  const note =
    'The window need not hold a whole sentence: the feature is active only where it does, and where the sentence before is cut off the missing candidate is empty.';
  const mend = { find: memoryFirst.join('\n'), put: memorySecond.join('\n') };
  if (applyEdits(text, [mend]).kind === 'edited') return editTrain(files, [mend], note);
  if (text.includes('"echo|'))
    return { kind: 'cannot', reason: `features() in ${trainPath} remembers the sentence before already` };
  return editTrain(files, [featureEdit(memorySecond)], note);
}

function skipAll(files: Record<string, string>): Application {
  if (trainTextOf(files).includes('"skip'))
    return { kind: 'cannot', reason: `features() in ${trainPath} has skips already` };
  const lines = [
    '    # Every symbol of the window with its distance, joined with each of the newest six: a lone symbol says too little.',
    '    for distance in range(1, WINDOW + 1):',
    '        for near in range(1, 7):',
    '            keys.append(f"skip{distance}.{near}|" + past[-distance] + past[-near])',
  ];
  return editTrain(
    files,
    [featureEdit(lines)],
    'A row for each past position together with each of the newest symbols; every position of the window takes part.',
  );
}

/** The implementations that look back beyond the present word. */
export const pastImplementations: readonly RecordedImplementation[] = [
  {
    ...defineImplementation({
      slug: 'subject-memory',
      apply: rememberSubject,
      opinion: '',
      prose: {
        changed:
          'In the second word of a sentence that begins with `e`, a feature offers the next letter of the last word of the sentence before and of the third from its end, as far as they agree with the letters so far. It copies: one row serves all nouns.',
        better:
          'The noun after `e` was told in the sentence before, and no context of neighbours reaches that far. Which of the two candidates it is, the last letter of that sentence gives away, and the model found that out from the text alone. Copying letters needs few rows, so it is learnt early.',
        worse:
          'The two candidates contradict each other more often than they help, and their row pulls against the features that know the word.',
        within:
          'Such sentences are too few, or the noun is clear after its first letters anyway: no more than a letter or so can be saved in each.',
        broken:
          'The feature counts words of a sentence that the window does not always hold; look at the last lines of the log.',
        claims: '',
        afterKeep:
          'Remember the subject up to the verb: its stem depends on the class of the noun, its suffix on the gender, and an adjective pushes both apart.',
        afterDiscard:
          'Count on the training text how often the noun after `e` is the last word of the sentence before, before anything else is built on it.',
      },
    }),
    review: (round) => ({
      verdict: 'approve',
      findings:
        round < 2
          ? [
              {
                severity: 'minor',
                file: trainPath,
                text: 'The window of thirty-two symbols will often cut the sentence before in two; the smoke run will tell what then happens.',
              },
            ]
          : [],
      text:
        round < 2
          ? 'The copy of the next letter is a good form: it needs no row per noun. The candidates are found by place, not by a list of words, so no grammar is copied into the model. I have not run it; how short windows fare is for the smoke run.'
          : 'The missing sentence is now a case of its own: no key, in place of a made-up one. That is no silent fallback, since the feature has nothing to say there. Training and serving share the code. Fine.',
    }),
  },
  defineImplementation({
    slug: 'all-skips',
    apply: (files) => skipAll(files),
    opinion:
      'Correct as far as I can see: the distances stay within the window, the names of the keys are distinct. What worries me is time: each sample now touches very many rows, and the cost of a sample grows with them. The diff is small and the hypothesis is tested as stated, so it is no reason to block.',
    remarks: [
      { file: trainPath, text: 'Estimate the seconds of a full run from the smoke run before this is queued again.' },
    ],
    prose: {
      changed: 'A feature for each position of the window, joined with each of the newest symbols.',
      better:
        'Some of the far positions carry what neighbours cannot tell, though at a price in rows and seconds that has to be weighed.',
      worse: 'Very many rows share one prediction, each moved by every sample, and their sum overshoots.',
      within: 'A symbol at a fixed distance says little in a language of words with differing lengths.',
      broken:
        'Each sample touches so many rows that the budget of samples does not fit into the time; that is a limit of this form, not of looking back.',
      claims: '',
      afterKeep: 'Find out which distances carry the gain, and drop the rest.',
      afterDiscard: 'Look back by words in place of symbols: a few keys reach as far as all the skips.',
    },
  }),
];
