/**
 * Recorded ideas about the steps that the optimiser takes: their size, their schedule, their direction, and two that
 * only turn a knob. What is averaged, drawn or shown in which order is in ideas-loop.ts.
 */
import { fold, problemPage, type RecordedIdea } from './recorded-idea.ts';

/** Ideas about step sizes and directions, in no order that matters; recording.ts has the order of the session. */
export const stepIdeas: readonly RecordedIdea[] = [
  {
    slug: 'double-rate',
    title: 'Double the learning rate so that rare contexts leave zero',
    category: 'hyperparameter',
    expected: '-0.010 val_bpb',
    refutedBy: 'a change smaller than 2.3 standard deviations, or a rise',
    costMinutes: 1,
    sources: [problemPage],
    hypothesis: fold`With LEARNING_RATE at 0.6 val_bpb falls by about 0.01, because rare contexts get too few updates
      at 0.3 to leave zero.`,
    mechanism: fold`A row starts at zero, and a step moves a weight by the rate times an error of one at most. A
      context that is seen ten times can so reach a weight of three at the very best, less under the decay, while a
      certain symbol would need five or more. Frequent rows are past that stage and suffer only from a little more
      noise, which the decay takes out again.`,
    change: fold`LEARNING_RATE = 0.6. The linear decay in train() stays, so the last steps are still small.`,
    testPlan: fold`One run; if the difference is under three standard deviations, two more seeds. A fall on all: rare
      rows are starved, and a step of their own is the next idea. No difference: noise of frequent rows and gain of
      rare ones cancel out, which also speaks for separate steps.`,
    sourcesText: fold`0_docs/problem.md for size of text and budget. The arithmetic of the steps is ours.`,
    critique: {
      rating: 7.5,
      duplicateOf: null,
      isKnobOnly: false,
      text: fold`It changes one number, but for a stated reason with a sum that anybody can check, so it is no
        knob-turning. The weak point is in the proposal: one rate serves frequent and rare rows alike, and what the
        rare ones gain the frequent ones may lose. The expected effect is near the noise, and the plan foresees more
        seeds. Rated high for what it teaches about the next step, not for its gain.`,
    },
  },
  {
    slug: 'constant-rate',
    title: 'Drop the decay of the learning rate',
    category: 'simplification',
    expected: '-0.020 val_bpb',
    refutedBy: 'val_bpb rises by more than 2.3 standard deviations',
    costMinutes: 1,
    sources: ['Robbins and Monro 1951', problemPage],
    hypothesis: fold`A constant rate keeps learning to the end and makes the code a term shorter; it should save about
      0.02 bpb.`,
    mechanism: fold`Under the linear decay the second half of the samples gets a quarter of the total step length.
      With a budget that is fixed, this is learning given away: rare contexts that come up late are hardly moved. The
      loss is convex, so no local minimum has to be escaped, and steps that are a little too large do no lasting harm.`,
    change: fold`In train(), rate = LEARNING_RATE without the factor that falls to zero. The variable step is then
      used for the progress line only.`,
    testPlan: fold`One run. Better or equal: kept as a simplification. Clearly worse: the noise of the last steps
      costs more than the lost learning, and then averaging the last weights should win back both.`,
    sourcesText: fold`H. Robbins and S. Monro (1951), A Stochastic Approximation Method: convergence needs steps that
      shrink; this asks whether a budget as short as ours gets far enough for that to matter.`,
    critique: {
      rating: 7.5,
      duplicateOf: null,
      isKnobOnly: false,
      text: fold`It goes against theory, says so, and will be decided by one run; the charter names the last fifth of
        the training as a place to look. I expect it to lose: with a rate of 0.3 and single samples the weights never
        stop shaking, convex or not. A clear loss would be worth having, since it measures what the decay buys. Rated
        for the clean question.`,
    },
  },
  {
    slug: 'heavy-ball',
    title: 'Momentum with a velocity for every row',
    category: 'optimizer',
    expected: '-0.030 val_bpb',
    refutedBy: 'less than 0.01 bpb gained at the same number of samples',
    costMinutes: 1,
    sources: ['Polyak 1964', problemPage],
    hypothesis: fold`A velocity for each row that adds up its past slopes makes the steady directions faster than the
      noisy ones, and saves about 0.03 bpb within the same 700,000 samples.`,
    mechanism: fold`The slope of one sample is mostly noise about which symbol came this time; what persists between
      visits of a row is the part worth following. A velocity keeps most of its past, so persistent parts grow to many
      times a single step while noise cancels. Kept per row, it does not run down in a rare context between two
      visits.`,
    change: fold`update() gets the velocities beside the rows: velocity = memory * velocity - rate * slope, then
      weight = weight + velocity. The memory is nine tenths in a run of ten steps and nearer to one in a longer run.
      train() keeps a second table for the velocities; nothing of it is saved or served.`,
    testPlan: fold`Smoke run, then one full run at the present rate. A gain of 0.01 or more: keep, and tune nothing
      before a second seed. A rise: the step is in effect many times as large, so one repeat at a tenth of the rate
      tells momentum from step size. A loss that is no number: diverged, which is an answer about stability only.`,
    sourcesText: fold`B. T. Polyak (1964), Some Methods of Speeding Up the Convergence of Iteration Methods: the heavy
      ball.`,
    critique: {
      rating: 8,
      duplicateOf: null,
      isKnobOnly: false,
      text: fold`The idea of a velocity that waits with its row is more than textbook momentum and fits sparse
        features well. It can fail in a known way: the effective rate is many times the nominal one, several rows move
        together, and a stale velocity points where the weights once were. The plan has a reading for each outcome,
        divergence included. I would have lowered the rate at once; still one of the best optimiser ideas here.`,
    },
  },
  {
    slug: 'rare-context-rate',
    title: 'A step for each row that falls with the number of its own visits',
    category: 'optimizer',
    expected: '-0.060 val_bpb',
    refutedBy: 'less than 0.01 bpb gained on a champion with orders 4 and 5',
    costMinutes: 1,
    sources: ['Duchi et al. 2011', problemPage],
    hypothesis: fold`If each row has its own step, large on the first visit and falling with its own count, rare
      contexts learn from a handful of samples while frequent ones settle: about 0.06 bpb.`,
    mechanism: fold`Contexts follow a Zipf curve: some are seen ten thousand times, most fewer than twenty times. The
      common schedule takes a rare row's two or three visits with whatever rate the clock happens to show, nearly zero
      late in the run. A step by own count makes the first visits count in full whenever they come, and it shrinks the
      frequent rows' noise earlier than the clock does.`,
    change: fold`train() counts the visits of each key; update() takes a rate for each row in place of one for all.
      The counts are needed in training only and are not saved.`,
    testPlan: fold`One run on the champion with the longest contexts at hand, where rows are rarest. A gain of 0.03 or
      more: keep, and look at the decay again. A loss: rows that are seen once learn one sample by heart, so the first
      step has to be smaller.`,
    sourcesText: fold`J. Duchi, E. Hazan and Y. Singer (2011), Adaptive Subgradient Methods for Online Learning and
      Stochastic Optimization: larger steps for features that are seldom seen.`,
    critique: {
      rating: 6,
      duplicateOf: null,
      isKnobOnly: false,
      text: fold`The best diagnosis of the optimiser so far: the decay by clock is wrong for rows that live in their
        own time. The danger is the opposite failure, a single visit that writes a near certainty into a row; the text
        does name it. The figure of 0.06 looks hopeful for a model that is limited by its features. Testable, and it
        should grow in value as contexts get longer.`,
    },
  },
  {
    slug: 'clip-slope',
    title: 'Clip the slope before each update',
    category: 'optimizer',
    expected: '-0.005 val_bpb',
    refutedBy: 'the same score within the noise',
    costMinutes: 1,
    sources: ['Pascanu et al. 2013'],
    hypothesis: fold`Limiting the length of the slope to 1 stops single surprising samples from throwing rows off, for
      about 0.005 bpb.`,
    mechanism: fold`A symbol that the model held for impossible gives the largest slope of all and moves every active
      row at once. In recurrent networks such steps undo much of what was learnt, and clipping their length cured it.
      Surprises at word starts are frequent in this text.`,
    change: fold`In train(), scale slope so that its Euclidean length is at most 1 before update() gets it.`,
    testPlan: fold`One run on the champion; print how often the limit was reached. A gain with many clipped steps
      supports it; few clipped steps mean that there was nothing to limit.`,
    sourcesText: fold`R. Pascanu, T. Mikolov and Y. Bengio (2013), On the Difficulty of Training Recurrent Neural
      Networks: clipping the norm of the gradient.`,
    critique: {
      rating: 2,
      duplicateOf: null,
      isKnobOnly: false,
      text: fold`The premise does not hold here. The slope is a distribution minus a one-hot vector, so its length is
        never above the square root of two, and there is no recurrence that could make it explode. Clipping at 1 would
        shrink exactly the steps that carry news. A remedy for another disease.`,
    },
  },
  {
    slug: 'rate-per-order',
    title: 'Smaller steps for short contexts, larger ones for long contexts',
    category: 'hyperparameter',
    expected: '-0.008 val_bpb',
    refutedBy: 'no gain beyond the noise at either of the two settings in the plan',
    costMinutes: 2,
    sources: [problemPage],
    hypothesis: fold`A third of the rate for order 1 and one and a half times the rate for the longest order saves
      about 0.008 bpb, because all rows now take the same step for the same error and so share it out by force.`,
    mechanism: fold`An error at one position moves every active row by the same amount. The row of order 1 is active
      in hundreds of different contexts and gets errors that are none of its business, so it jitters around its mean;
      the longest row is active only where the error truly belongs. Steps by order let the short rows stay put and the
      long ones take the blame.`,
    change: fold`A tuple RATES beside ORDERS; update() multiplies the rate with the factor of each row's order.
      train() and the decay stay.`,
    testPlan: fold`Two runs: the factors as above, and reversed. The first better and the second worse: the mechanism
      holds. Both the same within the noise: the sum of the rows does not care who carries a weight.`,
    sourcesText: fold`No paper; the reasoning is about the update rule in problem/train.py and the contexts in
      0_docs/problem.md.`,
    critique: {
      rating: 5,
      duplicateOf: null,
      isKnobOnly: false,
      text: fold`The factors have a reason and the reversed control is a good touch that most such proposals lack. But
        order is a crude stand-in for how often a row is seen, and steps by own count do the same job directly. It
        adds a table of constants that the next feature has to be fitted into. Sound, small, and overtaken by
        rare-context-rate.`,
    },
  },
  {
    slug: 'slow-start',
    title: 'Warm the learning rate up over the first steps',
    category: 'loop',
    expected: '-0.004 val_bpb',
    refutedBy: 'no gain beyond 2.3 standard deviations',
    costMinutes: 1,
    sources: ['Goyal et al. 2017'],
    hypothesis: fold`Raising the rate from zero over the first twentieth of the steps avoids a rough start that later
      has to be unlearnt, for about 0.004 bpb.`,
    mechanism: fold`At the start all rows are zero and all errors are large, so first steps are the largest of the run
      and rest on few samples. Rows that are seldom seen again keep what those steps wrote. A slow start lets the
      frequent rows settle first, so that rare rows have less left to explain.`,
    change: fold`In train(), multiply rate with min(1, (step + 1) / (0.05 * steps)).`,
    testPlan: fold`One run on the champion. A gain outside the noise: try a tenth of the run. None: drop it, and the
      line of code with it.`,
    sourcesText: fold`P. Goyal et al. (2017), Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour: gradual
      warm-up.`,
    critique: {
      rating: 2.5,
      duplicateOf: null,
      isKnobOnly: false,
      text: fold`Warm-up helps large batches and deep networks, whose curvature is worst at the start. This loss is
        convex and the start at zero is harmless; 95 per cent of the samples come afterwards and wash out any trace.
        The note about rare rows is the one real thought in it, but it argues for steps by count. Expect a null
        result.`,
    },
  },
  {
    slug: 'rate-point-four',
    title: 'Try a learning rate of 0.4',
    category: 'hyperparameter',
    expected: '-0.003 val_bpb',
    refutedBy: 'val_bpb does not fall',
    costMinutes: 1,
    sources: [problemPage],
    hypothesis: fold`LEARNING_RATE 0.4 may be better than 0.3.`,
    mechanism: fold`The present value was probably never tuned, so another one can be better.`,
    change: fold`LEARNING_RATE = 0.4.`,
    testPlan: fold`Run it and see whether the score is lower.`,
    sourcesText: fold`The table of rates in 0_docs/problem.md.`,
    critique: {
      rating: 2,
      duplicateOf: null,
      isKnobOnly: true,
      text: fold`A knob and no reason. "Probably never tuned" says nothing about the language or the optimisation, and
        no outcome would teach anything. The effect expected is near the noise, so a single run could not even settle
        the number. Turned away; doubling the rate with a reason is already on the list.`,
    },
  },
  {
    slug: 'finer-steps',
    title: 'Set STEP_SAMPLES to 500',
    category: 'hyperparameter',
    expected: '-0.002 val_bpb',
    refutedBy: 'the score is not better',
    costMinutes: 1,
    sources: [problemPage],
    hypothesis: fold`With 500 samples in a step the score may come out slightly lower than with 1,000.`,
    mechanism: fold`More steps are often better than fewer.`,
    change: fold`STEP_SAMPLES = 500.`,
    testPlan: fold`One run with 500; if it is good, try 250 as well.`,
    sourcesText: fold`The constants at the top of problem/train.py, see 0_docs/problem.md.`,
    critique: {
      rating: 1.5,
      duplicateOf: null,
      isKnobOnly: true,
      text: fold`Knob-turning, and of a knob that is hardly connected: every sample is an update of its own already,
        and STEP_SAMPLES only sets how often the rate and the progress line are renewed. No mechanism is given,
        because there is none. Turned away.`,
    },
  },
];
