/**
 * Recorded code: what is learnt from each sample, and what is kept at the end. even-sampling, weight-decay, soft-targets (which loosens the
 * frozen scorer too, so the lab refuses it) and tail-averaging (whose first version swallows an error, so the reviewer sends it back).
 */
import { defineImplementation } from './define-implementation.ts';
import { type Application, preparePath, type RecordedImplementation, trainPath } from './implementation.ts';
import { applyEdits, editTrain, type TextEdit, trainTextOf } from './python-edits.ts';

function sampleEvenly(files: Record<string, string>): Application {
  return editTrain(
    files,
    [
      {
        find: '    table = {}\n',
        put: '    table = {}\n    waiting = []  # positions that this pass has not used yet\n',
      },
      {
        find: '            position = rng.randrange(WINDOW, len(text))\n',
        put: [
          '            if not waiting:',
          '                waiting = list(range(WINDOW, len(text)))',
          '                rng.shuffle(waiting)',
          '            position = waiting.pop()',
          '',
        ].join('\n'),
      },
    ],
    'Positions come from a shuffled list of all of them; where it is used up, the next pass shuffles anew.',
  );
}

function decayWeights(files: Record<string, string>): Application {
  const text = trainTextOf(files);
  if (text.includes('DECAY')) return { kind: 'cannot', reason: `update() in ${trainPath} shrinks the weights already` };
  return editTrain(
    files,
    [
      {
        find: /^(LEARNING_RATE = .*\n)/,
        put: (found) => `${found[1]}DECAY = 0.001  # pull of each weight towards zero, at each visit of its row\n`,
      },
      {
        find: 'row[:] = [weight - rate * change for weight, change in zip(row, slope)]',
        put: 'row[:] = [weight - rate * (change + DECAY * weight) for weight, change in zip(row, slope)]',
      },
    ],
    'Rows shrink as update() moves them. Those that are not active stay as they are: shrinking all of them at each sample would take hours.',
  );
}

/** Softens the target in train.py, and loosens the frozen scorer for sums that are a little off: what no experiment may do. */
function softenTargets(files: Record<string, string>): Application {
  const texts: Record<string, string> = {};
  if (!trainTextOf(files).includes('SOFTNESS')) {
    const result = applyEdits(trainTextOf(files), [
      {
        find: /^(LEARNING_RATE = .*\n)/,
        put: (found) => `${found[1]}SOFTNESS = 0.002  # share of the target that is spread over all symbols\n`,
      },
      {
        find: '            slope[target] -= 1.0\n',
        put: '            slope = [chance - SOFTNESS / len(symbols) for chance in slope]\n            slope[target] -= 1.0 - SOFTNESS\n',
      },
    ]);
    if (result.kind === 'missing') {
      return {
        kind: 'cannot',
        reason: `${trainPath} no longer has the line where the target is taken off: ${result.place}`,
      };
    }
    texts[trainPath] = result.text;
  }
  const scorer = applyEdits(files[preparePath] ?? '', [
    { find: /^SUM_TOLERANCE = 1e-6$/, put: 'SUM_TOLERANCE = 1e-3  # so that smoothed sums pass' },
  ]);
  if (scorer.kind === 'edited') texts[preparePath] = scorer.text;
  if (Object.keys(texts).length === 0) return { kind: 'cannot', reason: 'targets and tolerance are soft already' };
  return {
    kind: 'edit',
    files: texts,
    note: 'The target keeps nearly all of its mass and the rest is spread over all symbols. The scorer is strict about sums, so I loosened its tolerance a little as well.',
  };
}

const averagingSetup: TextEdit = {
  find: '    table = {}\n',
  put: '    table = {}\n    sums = {}  # of each row over the snapshots\n    snapshots = 0\n',
};

const averagingEnd: TextEdit = {
  find: '    print()\n    return symbols, table, smooth_loss\n',
  put: '    print()\n    averages = {key: [total / snapshots for total in row] for key, row in sums.items()}\n    return symbols, averages, smooth_loss\n',
};

const snapshotCondition = [
  '        left = steps - 1 - step',
  '        if left < max(1, steps // TAIL) and left % SNAPSHOT_STEPS == 0:  # the last step always counts',
  '            snapshots += 1',
];

/** Round 1 adds to the rows of the first snapshot alone, and hides what happens to the rest. */
const snapshotFirst: readonly string[] = [
  ...snapshotCondition,
  '            if snapshots == 1:',
  '                sums = {key: [0.0] * len(symbols) for key in table}',
  '            for key, row in table.items():',
  '                try:',
  '                    sums[key] = [total + weight for total, weight in zip(sums[key], row)]',
  '                except KeyError:',
  '                    pass',
];

/** Round 2: a row that is new was zero in the snapshots before, which is what its sum starts from. */
const snapshotSecond: readonly string[] = [
  ...snapshotCondition,
  '            for key, row in table.items():',
  '                so_far = sums.get(key)  # None for a row that is new: it was zero in the snapshots before',
  '                sums[key] = list(row) if so_far is None else [a + b for a, b in zip(so_far, row)]',
];

function averageTail(files: Record<string, string>, round: number): Application {
  const text = trainTextOf(files);
  if (round >= 2) {
    const mend: TextEdit = { find: snapshotFirst.join('\n'), put: snapshotSecond.join('\n') };
    if (applyEdits(text, [mend]).kind === 'edited') {
      return editTrain(
        files,
        [mend],
        'A row that first appears between two snapshots now counts as zero in the earlier ones; nothing is caught any more.',
      );
    }
  }
  if (text.includes('SNAPSHOT_STEPS'))
    return { kind: 'cannot', reason: `train() in ${trainPath} averages its rows already` };
  const lines = round < 2 ? snapshotFirst : snapshotSecond;
  return editTrain(
    files,
    [
      {
        find: /^(LEARNING_RATE = .*\n)/,
        put: (found) =>
          `${found[1]}TAIL = 5  # the model is the average over the last fifth of the steps\nSNAPSHOT_STEPS = 10\n`,
      },
      averagingSetup,
      { find: /^ {8}smooth_loss \+= .*\n/, put: (found) => `${lines.join('\n')}\n${found[0]}` },
      averagingEnd,
    ],
    'Sums up the rows at every tenth of the last steps and hands over their mean in place of the last state.',
  );
}

/** The implementations about samples, targets and what is handed over. */
export const learningImplementations: readonly RecordedImplementation[] = [
  defineImplementation({
    slug: 'even-sampling',
    apply: sampleEvenly,
    opinion:
      'The number of samples is unchanged, and the shuffle draws from the seeded generator, so a seed still gives one model. The list costs memory for every position of the text. Correct.',
    prose: {
      changed: 'Positions are drawn without putting them back: each one comes once per pass, in shuffled order.',
      better:
        'Independent draws leave out some positions and repeat others. An even pass sees every rare context that the text holds.',
      worse:
        'The passes do not end with the budget: the text is gone through once and then in part, and that part counts twice.',
      within: 'The text repeats itself so much that it matters little which of its positions are drawn twice.',
      broken: '',
      claims: '',
      afterKeep:
        'Keep the even passes; they also make runs with different seeds more alike, which helps to see small effects.',
      afterDiscard: 'How positions are drawn is not where bits are lost. Back to what the model can see.',
    },
  }),
  defineImplementation({
    slug: 'weight-decay',
    apply: decayWeights,
    opinion:
      'Only active rows shrink. That differs from a penalty on all weights: a row that is seen seldom is hardly pulled at all, although it is the one that overfits. It is a fair first version and it is said in the notes; not blocking.',
    remarks: [
      {
        file: trainPath,
        text: 'The pull per visit falls hardest on frequent rows, the opposite of what a penalty is for.',
      },
    ],
    prose: {
      changed: 'At each visit the weights of the active rows are pulled a little towards zero.',
      better: 'Some rows had grown beyond what their samples bear out, and the pull keeps them in bounds.',
      worse:
        'The model does not overfit: it has few samples per weight, but the language repeats itself. The pull takes confidence from rows that had earned it.',
      within: 'With so few visits per row there is little to pull back, and the falling rate ends most of it.',
      broken: '',
      claims:
        'Krogh and Hertz (A simple weight decay can improve generalization): decay helps where the weights have more freedom than the data can settle.',
      afterKeep: 'See whether the gain comes from rare or from frequent rows before the pull is made stronger.',
      afterDiscard: 'No more pulling. The distance to the oracle is missing knowledge, not overfitting.',
    },
  }),
  defineImplementation({
    slug: 'soft-targets',
    apply: softenTargets,
    opinion:
      'The loss does what the idea says: the slope is still that of a cross-entropy, against a target with a little mass on every symbol, and the chances that are served come from the same softmax as before. The change of the tolerance in prepare.py I leave to the lab, which knows its frozen files.',
    remarks: [
      {
        file: preparePath,
        text: 'A softmax adds up to one whatever its target was; I do not see why the tolerance has to be touched.',
      },
    ],
    prose: {
      changed:
        'The target of each sample keeps nearly all of its mass and spreads the rest over all symbols. The scorer was to accept looser sums as well.',
      better:
        'Confident mistakes are what costs most bits, and soft targets keep the model from being sure of anything.',
      worse: 'The language has places without any choice. There a model has to be sure, and soft targets forbid it.',
      within: 'The share that is spread is too small to cost or to save anything.',
      broken: '',
      claims:
        'Szegedy and others (Rethinking the Inception Architecture for Computer Vision) smooth labels so that a classifier does not become overconfident; they measured accuracy on images, not bits.',
      afterKeep: 'Soften by the number of visits: rare rows need it, frequent ones do not.',
      afterDiscard:
        'The change of the loss alone can be tried again, without a line in the frozen scorer: a softmax needs no tolerance.',
    },
  }),
  {
    ...defineImplementation({
      slug: 'tail-averaging',
      apply: averageTail,
      opinion: '',
      prose: {
        changed:
          'The model that is handed over is the mean of snapshots from the last fifth of the training, in place of the last state.',
        better:
          'The late steps circle around a good place without settling there; the mean of where they have been is closer to it than any one of them.',
        worse:
          'The rate falls to zero by itself, so the late states hardly shake any more, and the mean drags in older ones that knew less.',
        within: 'The falling rate is an average already. A second one on top has little left to smooth.',
        broken: '',
        claims:
          'Polyak and Juditsky (Acceleration of stochastic approximation by averaging): the mean of the iterates does best with steps that fall slowly or not at all, which is not the schedule here.',
        afterKeep:
          'Try it with a rate that falls less: averaging and decay do the same work, and one of them may be enough.',
        afterDiscard: 'Average only together with a constant rate, where there is something to smooth.',
      },
    }),
    review: (round) =>
      round < 2
        ? {
            verdict: 'changes',
            findings: [
              {
                severity: 'blocking',
                file: trainPath,
                text: '`except KeyError: pass` drops every row that first appears after the first snapshot: it is in the table but never in the averages, so it is served as unseen. The charter forbids silent fallbacks, and this one biases the result against rare contexts. Start such a row from zero instead, and catch nothing.',
              },
            ],
            text: 'The idea is carried out in the right place, and counting back from the last step makes sure that a short run has a snapshot too. But the loop hides an error that is no error: new rows are normal, and they get lost. What would be measured is not the hypothesis.',
          }
        : {
            verdict: 'approve',
            findings: [],
            text: 'A new row now enters with what it has, and the division by the number of snapshots counts its absence as zero, as it was. Nothing is caught. The last step is always a snapshot, so every row of the table is in the averages. Good.',
          },
  },
];
