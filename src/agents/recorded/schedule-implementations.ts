/**
 * Recorded code: the size of the steps. double-rate, constant-rate, rare-context-rate, and heavy-ball, which is wrong on purpose: it runs the
 * smoke test and breaks down in the full run. Which positions are drawn and what is learnt from them is in learning-implementations.ts.
 */
import { defineImplementation } from './define-implementation.ts';
import { type Application, type RecordedImplementation, trainPath } from './implementation.ts';
import { editTrain, trainTextOf } from './python-edits.ts';

/** Whether rare-context-rate is in: each row then has a rate of its own. */
const hasOwnRates = (trainText: string): boolean => trainText.includes('def own_rates(');

/** Whether heavy-ball is in. */
const hasSpeeds = (trainText: string): boolean => trainText.includes('def update(rows, speeds,');

function doubleRate(files: Record<string, string>): Application {
  if (hasOwnRates(trainTextOf(files))) {
    return {
      kind: 'cannot',
      reason:
        'each row has a rate of its own now, high for the rare ones: that is what doubling the common rate was to do',
    };
  }
  return editTrain(
    files,
    [{ find: /^LEARNING_RATE = 0\.3\b/, put: 'LEARNING_RATE = 0.6' }],
    'Doubled LEARNING_RATE; it still falls linearly to zero.',
  );
}

function dropDecay(files: Record<string, string>): Application {
  if (hasOwnRates(trainTextOf(files))) {
    return {
      kind: 'cannot',
      reason: 'each row has a rate of its own now, and without its fall there is nothing left of that change',
    };
  }
  return editTrain(
    files,
    [
      { find: '        rate = LEARNING_RATE * (1 - step / steps)\n', put: '        rate = LEARNING_RATE\n' },
      {
        find: /^(LEARNING_RATE = [\d.]+).*$/,
        put: (found) => `${found[1]}  # the same from the first step to the last`,
      },
    ],
    'The rate no longer falls.',
  );
}

const ownRatesFunction = `def own_rates(keys, visits, slope, rate):
    """A rate for each row that falls with its visits, each of them counted by how wrong it found the model."""
    error = sum(change * change for change in slope)
    rates = []
    for key in keys:
        visits[key] = visits.get(key, 0.0) + error
        rates.append(rate / (1 + visits[key]) ** FALL)
    return rates


`;

function ownRates(files: Record<string, string>): Application {
  const text = trainTextOf(files);
  if (hasOwnRates(text)) return { kind: 'cannot', reason: `${trainPath} has rates for each row already` };
  if (hasSpeeds(text)) {
    return {
      kind: 'cannot',
      reason: 'update() moves rows by their speed now; a rate of its own for each row would be scaled twice',
    };
  }
  return editTrain(
    files,
    [
      {
        find: /^LEARNING_RATE = .*\n/,
        put: 'LEARNING_RATE = 2.0  # of a row that is new\nFALL = 0.4  # how fast the rate of a row falls with its visits\n',
      },
      { find: 'def update(rows, slope, rate):\n', put: `${ownRatesFunction}def update(rows, slope, rates):\n` },
      { find: '    for row in rows:\n', put: '    for row, rate in zip(rows, rates):\n' },
      { find: '    table = {}\n', put: '    table = {}\n    visits = {}\n' },
      {
        find: '            update(rows, slope, rate)\n',
        put: '            update(rows, slope, own_rates(keys, visits, slope, rate))\n',
      },
    ],
    'Each row counts its visits, and its rate falls with them. A visit counts by how wrong it found the model: one that only confirms what the row knows should not slow the row down. The common schedule stays as a factor, and the first rate is higher.',
  );
}

function heavyBall(files: Record<string, string>): Application {
  const text = trainTextOf(files);
  if (hasSpeeds(text)) return { kind: 'cannot', reason: `update() in ${trainPath} has speeds already` };
  if (hasOwnRates(text))
    return {
      kind: 'cannot',
      reason: 'each row has a rate of its own now; how a speed is to be scaled with it is a question of its own',
    };
  return editTrain(
    files,
    [
      {
        find: /^def update\(rows, slope, rate\):\n( {4}"""[^\n]*"""\n) {4}for row in rows:\n {8}row\[:\] = \[weight - rate \* change for weight, change in zip\(row, slope\)\]\n/,
        put: [
          'def update(rows, speeds, slope, rate, memory):',
          '    """One step of each row along its speed, in place; a speed keeps `memory` of itself and takes the slope on."""',
          '    for row, speed in zip(rows, speeds):',
          '        speed[:] = [memory * old - rate * change for old, change in zip(speed, slope)]',
          '        row[:] = [weight + move for weight, move in zip(row, speed)]',
          '',
        ].join('\n'),
      },
      { find: '    table = {}\n', put: '    table = {}\n    velocity = {}\n' },
      {
        find: '    steps = samples // STEP_SAMPLES\n',
        put: '    steps = samples // STEP_SAMPLES\n    memory = 1 - 1 / steps  # a speed remembers about as many visits as there are steps\n',
      },
      {
        find: '            update(rows, slope, rate)\n',
        put: '            speeds = [velocity.setdefault(key, [0.0] * len(symbols)) for key in keys]\n            update(rows, speeds, slope, rate, memory)\n',
      },
    ],
    'Each row has a velocity. The nine tenths of the idea are what it keeps in a run of ten steps; in a longer run it keeps more, so that its memory spans the run.',
  );
}

/** The implementations about step sizes. */
export const scheduleImplementations: readonly RecordedImplementation[] = [
  defineImplementation({
    slug: 'double-rate',
    apply: doubleRate,
    opinion:
      'One constant. The schedule keeps its shape, so the run tests the size of the step and nothing else, which is what the idea asks. Any difference will be small against the noise; one run may not settle it.',
    prose: {
      changed: 'The learning rate is twice as high at the start and still falls linearly to zero.',
      better:
        'Rows that are seen seldom leave zero sooner, and the fall of the rate gives the frequent ones time to calm down all the same.',
      worse:
        'The frequent rows swing more than the rare ones gain. One rate for all rows is a compromise, and this one is on the wrong side.',
      within:
        'What the rare rows gain, the frequent rows seem to lose. The common rate is no bottleneck in this range.',
      broken: '',
      claims: '',
      afterKeep: 'Give rare rows the high rate and frequent ones the low one, and see whether both gains add up.',
      afterDiscard: 'Leave the common rate alone. If rare rows are too slow, they need a rate of their own.',
    },
  }),
  defineImplementation({
    slug: 'constant-rate',
    apply: dropDecay,
    opinion:
      'The schedule is one factor, and it is taken out cleanly; the comment beside the constant is mended too. I expect it to hurt, but the charter wants simplifications tested, and the test is clean.',
    prose: {
      changed: 'The learning rate stays the same from the first step to the last.',
      better: 'The late samples count as much as the early ones, and the model still had something to learn from them.',
      worse:
        'Each step follows a single sample. Without the fall of the rate the last of them shake the weights about, and the model that is handed over is wherever the last shake left it. The decay is an average in disguise.',
      within: 'The weights are as calm with a constant rate as with a falling one, so the decay was not needed.',
      broken: '',
      claims: '',
      afterKeep: 'Take out the line for the schedule in the summary as well and look for other parts that are idle.',
      afterDiscard:
        'Test the reading: average the weights over the end of the run. If the loss comes from the shaking, that should win most of it back.',
    },
  }),
  defineImplementation({
    slug: 'rare-context-rate',
    apply: ownRates,
    opinion:
      'Visits are counted by key, in training alone; the served model needs no counts. Weighing a visit by its error goes a little beyond the idea, but it is still a count of the row itself. With several rows active the first steps add up to a large move, though only where all of them are new. Deterministic, and the rows of a sample still share one slope.',
    remarks: [
      {
        file: trainPath,
        text: 'Two constants change together, the first rate and its fall: the run cannot tell which of them did it.',
      },
    ],
    prose: {
      changed:
        'Each row has a learning rate of its own: high at its first visits, falling with their number. A visit counts by how wrong it found the model. The common schedule is still a factor.',
      better:
        'A context that is seen a handful of times has to say all it knows in as many steps. With large first steps it does, while rows with thousands of visits settle sooner than the clock alone would have them.',
      worse:
        'The first symbol after a rare context is a poor witness, and large steps make the model trust it too much.',
      within: 'The rare rows are right sooner, but each of them is seldom asked, or a frequent row had told the same.',
      broken: '',
      claims:
        'Duchi, Hazan and Singer (Adaptive Subgradient Methods): features that are seen seldom deserve larger steps, since each of their gradients carries more news.',
      afterKeep:
        'With rare rows learning sooner, features of two words become cheaper: try those that were too rare before.',
      afterDiscard: 'Share among rare contexts in place of hurrying them: back off to a class of words.',
    },
  }),
  defineImplementation({
    slug: 'heavy-ball',
    apply: heavyBall,
    opinion:
      'The velocity is kept by row and only for rows that are active, as the idea says, and the model that is served has no need of it. That the memory grows with the length of the run is bold; the smoke run is too short to show what it does. The code does what it claims.',
    remarks: [
      {
        file: trainPath,
        text: 'memory depends on the number of steps, so smoke run and full run differ in more than length.',
      },
    ],
    prose: {
      changed: 'Momentum: each row has a velocity that keeps most of itself from visit to visit.',
      better: 'Rows that are pushed the same way by sample after sample get there sooner.',
      worse:
        'The velocity carries rows past the point where the slope turns, and single samples are too noisy a guide to steer by.',
      within: 'The falling rate averages over samples already; a second average on top changes little.',
      broken:
        'The sums grew until the chance of a symbol came out as zero, and its logarithm does not exist: with a memory that is as long as the run, every push is kept almost whole, and they add up. The smoke run has a short memory, so it could not show this.',
      claims:
        'Polyak (Some methods of speeding up the convergence of iteration methods): a heavy ball gets faster through long flat valleys. That is shown for exact slopes, not for those of single samples.',
      afterKeep: 'Bind the memory to visits of a row in place of the steps of the run.',
      afterDiscard:
        'If momentum is tried again, then with a memory of some ten visits and a rate that is cut by the same factor.',
    },
  }),
];
