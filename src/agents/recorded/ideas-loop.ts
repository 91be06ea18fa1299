/**
 * Recorded ideas about what the loop does around the steps: which positions it draws, in which order, what it averages,
 * what it starts from, and whether it goes on learning while it is scored. Step sizes are in ideas-steps.ts.
 */
import { fold, problemPage, type RecordedIdea } from './recorded-idea.ts';

/** Ideas about data and the training loop, in no order that matters; recording.ts has the order of the session. */
export const loopIdeas: readonly RecordedIdea[] = [
  {
    slug: 'even-sampling',
    title: 'Visit every position once per pass, in shuffled order',
    category: 'data',
    expected: '-0.003 val_bpb',
    refutedBy: 'no fall beyond 2.3 standard deviations over three seeds',
    costMinutes: 3,
    sources: ['Bottou 2009', problemPage],
    hypothesis: fold`Shuffled passes over the text in place of random draws save about 0.003 bpb, since no part of the
      text is missed.`,
    mechanism: fold`There are 400,000 positions and 700,000 samples. Drawing with replacement never sees about 17 per
      cent of the positions and sees others four times or more. For frequent contexts that evens out; a word pair that
      occurs twice in the text may get no sample at all, which is where bits are left.`,
    change: fold`train() shuffles the list of all positions from WINDOW on with the same rng, takes samples from its
      front and shuffles anew when it is used up. rng.randrange goes.`,
    testPlan: fold`Three seeds on the champion, since the effect must be near the noise. A mean gain over 0.002: keep.
      Equal within the noise: random draws stay, being a line shorter. The spread between seeds is worth a look too:
      it may shrink.`,
    sourcesText: fold`L. Bottou (2009), Curiously Fast Convergence of Some Stochastic Gradient Descent Algorithms:
      shuffled passes against independent draws. Sizes from 0_docs/problem.md.`,
    critique: {
      rating: 6.5,
      duplicateOf: null,
      isKnobOnly: false,
      text: fold`The share of missed positions is computed correctly (e to the power of -1.75) and the effect follows
        from it. It keeps the budget, costs almost no code and asks for three seeds by itself. The gain is limited:
        the missed positions are mostly contexts that are seen elsewhere. Modest and clean.`,
    },
  },
  {
    slug: 'tail-averaging',
    title: 'Save the mean of the weights over the last fifth',
    category: 'loop',
    expected: '-0.008 val_bpb',
    refutedBy: 'no gain beyond 2.3 standard deviations of the champion',
    costMinutes: 1,
    sources: ['Polyak and Juditsky 1992', problemPage],
    hypothesis: fold`The average of the weights over the last fifth of the run is nearer to the optimum than the
      weights at its end, by about 0.008 bpb.`,
    mechanism: fold`Every step of a single sample leaves noise in a row, and under a falling rate the row circles its
      optimum ever closer without resting there. Positions around a circle average out to its centre. The decay does
      part of this already, so what is gained is the noise that the last steps still carry.`,
    change: fold`train() adds the rows to a second table at regular points of the last fifth of the steps and returns
      the mean in place of the last weights. A row that appears only during the tail counts as zero at the points
      before.`,
    testPlan: fold`One run on the champion. A gain: try the same with a higher rate in the tail, where averaging can
      do more. No gain: the linear decay has used up what averaging could give. A loss: the tail still moves, so the
      mean lags behind.`,
    sourcesText: fold`B. T. Polyak and A. B. Juditsky (1992), Acceleration of Stochastic Approximation by Averaging.
      The charter asks what the last fifth of the training does.`,
    critique: {
      rating: 6.5,
      duplicateOf: null,
      isKnobOnly: false,
      text: fold`Classical and sound, and the text is candid about the rival: a rate that falls to zero is itself an
        average of sorts. That makes a gain doubtful rather than impossible. Care is needed with rows that are born in
        the tail; the change says how they are meant. Adding up whole tables costs time on a model with many rows.`,
    },
  },
  {
    slug: 'mean-of-late-weights',
    title: 'Serve the average of the late iterates in place of the final ones',
    category: 'optimizer',
    expected: '-0.006 val_bpb',
    refutedBy: 'the averaged model does not beat the final one',
    costMinutes: 1,
    sources: [problemPage],
    hypothesis: fold`If the model that is served is the average of the weights along the end of training, rather than
      where training happened to stop, about 0.006 bpb are won.`,
    mechanism: fold`Stochastic steps make the weights wander around the best point. Their average over many late steps
      lies closer to that point than any one of them, because the deviations have no common direction.`,
    change: fold`Keep a running mean of the table through the final part of train() and write it to model.json.`,
    testPlan: fold`Train once, compare the averaged weights' score with the champion's. Lower by more than the noise:
      keep.`,
    sourcesText: fold`0_docs/problem.md; averaging of iterates is common knowledge in stochastic optimisation.`,
    critique: {
      rating: 4,
      duplicateOf: 'tail-averaging',
      isKnobOnly: false,
      text: fold`The same as tail-averaging: a mean of the weights over the end of the run is saved, for the same
        reason. Only the words and the category differ, and the earlier text is more careful about new rows. Turned
        away as a duplicate.`,
    },
  },
  {
    slug: 'learn-while-scored',
    title: 'Keep learning from the symbols that the scorer has shown',
    category: 'loop',
    expected: '-0.010 val_bpb',
    refutedBy: 'no gain at a serving rate of 0.03',
    costMinutes: 1,
    sources: ['Krause et al. 2018', problemPage],
    hypothesis: fold`Small updates in serve() after each symbol that was shown save about 0.01 bpb: the scored text
      adds 40 kB of fresh samples to the 700,000 that training had.`,
    mechanism: fold`The charter allows learning from symbols that were predicted already. Rare contexts that training
      never visited get a first sample during the score and can use it when they come back. With a small rate the
      frequent rows stay where they are, as their errors cancel out.`,
    change: fold`serve() uses table.setdefault as train() does, and calls update() with the slope of the symbol that
      came and a constant rate of 0.03. features() and predict() stay shared.`,
    testPlan: fold`Train once and serve the same model with and without updates: the difference is the whole effect,
      free of the noise between seeds. A gain grows towards the end of the text if the mechanism is right. A loss
      means that the weights were settled and the updates only shake them.`,
    sourcesText: fold`B. Krause et al. (2018), Dynamic Evaluation of Neural Sequence Models: updates during
      evaluation. The permission is in the charter and in 0_docs/problem.md.`,
    critique: {
      rating: 5.5,
      duplicateOf: null,
      isKnobOnly: false,
      text: fold`Allowed, and the test on one trained model is better than most plans here. But dynamic evaluation
        wins where the text drifts from the training text; here both come from the same fixed tables. After a decay to
        zero, steps of a constant rate put back the very noise that the decay took out. Updates restricted to rows
        that training never saw would have been the stronger proposal.`,
    },
  },
  {
    slug: 'short-contexts-first',
    title: 'Train the short contexts alone for the first tenth',
    category: 'loop',
    expected: '-0.010 val_bpb',
    refutedBy: 'no gain beyond 2.3 standard deviations over two seeds',
    costMinutes: 2,
    sources: ['Bengio et al. 2009', problemPage],
    hypothesis: fold`If orders 1 and 2 learn first and longer contexts join afterwards, rare rows start from a good
      guess and val_bpb falls by about 0.01.`,
    mechanism: fold`From a cold start every active row takes the same share of every error, so a long context writes
      down what a short one should have learnt for all. A word that is rare keeps this wrong share, since nothing
      comes back to correct it. With the short rows in place first, a long row sees only the remainder that is its
      own.`,
    change: fold`In train(), leave keys of more than two symbols out of the step while step is below a tenth of steps;
      features() itself does not change, so serving is not affected.`,
    testPlan: fold`Two seeds on the champion. A gain on both: stagger all the orders. None: the sum of the rows is
      right however it is shared out, as convexity suggests.`,
    sourcesText: fold`Y. Bengio, J. Louradour, R. Collobert and J. Weston (2009), Curriculum Learning: easy parts
      first.`,
    critique: {
      rating: 4.5,
      duplicateOf: null,
      isKnobOnly: false,
      text: fold`A fair account of how credit is shared in an additive model. Against it: the tenth is paid with
        70,000 samples in which long contexts learn nothing, and it is the long ones that lack samples. In a convex
        problem the order matters through the unfinished rows only. I expect zero or slightly worse; two seeds are
        enough to see.`,
    },
  },
  {
    slug: 'count-start',
    title: 'Start the rows from smoothed counts instead of zeros',
    category: 'data',
    expected: '-0.020 val_bpb',
    refutedBy: 'less than 0.003 bpb gained on the baseline',
    costMinutes: 1,
    sources: ['Chen and Goodman 1999', problemPage],
    hypothesis: fold`Rows that begin as logarithms of smoothed counts, each order holding the difference to the next
      shorter one, put the model near its optimum before the first step and save about 0.02 bpb.`,
    mechanism: fold`Counting is the exact solution for a single context, and takes one pass. Gradient steps approach
      the same values slowly, above all the large negative weights of symbols that never follow a context: the slope
      vanishes as they become unlikely. Starting there leaves the budget for the interplay of rows, which counting
      cannot solve.`,
    change: fold`Before its loop, train() counts the symbols after each context of ORDERS, adds one half, and stores
      log-odds against the shorter context in table. The loop runs as before, perhaps at a lower rate.`,
    testPlan: fold`One run on the baseline and one on the champion. Gains on both: the optimiser was the bottleneck. A
      gain of 0.005 or less: the steps had reached the counts anyway, and the code is not worth it.`,
    sourcesText: fold`S. F. Chen and J. Goodman (1999), An Empirical Study of Smoothing Techniques for Language
      Modeling.`,
    critique: {
      rating: 4.5,
      duplicateOf: null,
      isKnobOnly: false,
      text: fold`The remark on vanishing slopes for impossible symbols is correct and interesting. But the charter
        fixes the budget in samples, and a counting pass over all 400,000 positions is training outside of that
        budget; a person would have to allow it first. It also brings a second way of learning that has to fit every
        new feature. Understanding yes, champion no.`,
    },
  },
  {
    slug: 'syllable-tokens',
    title: 'Predict whole syllables and spread them over the letters',
    category: 'data',
    expected: '-0.080 val_bpb',
    refutedBy: 'worse than the baseline with the same number of samples',
    costMinutes: 3,
    sources: ['Sennrich et al. 2016', problemPage],
    hypothesis: fold`A model over syllables sees twice as far with contexts of the same length and saves about 0.08
      bpb against the baseline.`,
    mechanism: fold`Words are chains of consonant-vowel pairs, so the natural unit is two letters. Three syllables of
      context are six letters. The vowel's chance follows from the syllables that begin with the consonant which was
      already shown.`,
    change: fold`train() cuts the text into syllables, blanks, stops and closing consonants and learns rows over some
      60 tokens. predict() sums the tokens that begin with the next letter; serve() keeps the letter of an open
      syllable.`,
    testPlan: fold`One run against the baseline and one against orders 1 to 5. Better than the first and not than the
      second: it was the length of the context that helped, not the unit.`,
    sourcesText: fold`R. Sennrich, B. Haddow and A. Birch (2016), Neural Machine Translation of Rare Words with
      Subword Units.`,
    critique: {
      rating: 3,
      duplicateOf: null,
      isKnobOnly: false,
      text: fold`What it gains is context, and longer contexts give that with one line. The cost is large: rows of 60
        weights, sums over tokens at each letter, closing consonants that are ambiguous until the next symbol is
        known. Every later feature would have to be written for tokens. A test is described, but the simpler rival
        wins before it starts.`,
    },
  },
];
