/**
 * Recorded ideas about what rows may hold and what errors cost: shrinking, dropping, pruning and hashing of rows,
 * gates between orders, other losses, and another model altogether. How steps are taken is in ideas-steps.ts.
 */
import { fold, problemPage, type RecordedIdea } from './recorded-idea.ts';

/** Ideas about rows and the loss, in no order that matters; recording.ts has the order of the session. */
export const rowIdeas: readonly RecordedIdea[] = [
  {
    slug: 'soft-targets',
    title: 'Soften the targets with a little uniform mass',
    category: 'loss',
    expected: '-0.010 val_bpb',
    refutedBy: 'val_bpb does not fall beyond the noise, or only train_bpb rises',
    costMinutes: 1,
    sources: ['Szegedy et al. 2016', problemPage],
    hypothesis: fold`A target that gives a small share of its mass to all symbols keeps rows from certainty, so
      confident mistakes cost less: about 0.01 bpb.`,
    mechanism: fold`The score is a mean of logarithms, and one symbol that was given a chance of a thousandth costs as
      much as ten ordinary bits. A rare context that has seen one symbol only grows towards certainty with each visit.
      With some uniform mass in the target the slope turns round before that, and the row keeps a reserve for what it
      has not seen.`,
    change: fold`In train(), the slope is predict() minus a target of 1 - SOFTNESS on the symbol and SOFTNESS spread
      over all of them. The loss in the log stays that of the true symbol.`,
    testPlan: fold`One run on the champion. A fall of val_bpb while train_bpb rises a little: smoothing works, and
      rare rows were too sure. Both rise: the language is so regular that certainty is right most of the time, and the
      reserve is wasted.`,
    sourcesText: fold`C. Szegedy et al. (2016), Rethinking the Inception Architecture for Computer Vision: label
      smoothing.`,
    critique: {
      rating: 8,
      duplicateOf: null,
      isKnobOnly: false,
      text: fold`It goes at the tail of the loss, which no other idea does, and explains why a mean of logarithms
        deserves it. The two outcomes to tell apart are stated in advance. The risk is plain: within a word the next
        symbol really is certain, and each per cent of reserve there is paid at every letter, so the share must be
        tiny. Small change, new question, good test.`,
    },
  },
  {
    slug: 'weight-decay',
    title: 'Shrink the active rows a little with every step',
    category: 'regularisation',
    expected: '-0.005 val_bpb',
    refutedBy: 'val_bpb equal within the noise, or higher',
    costMinutes: 1,
    sources: ['Krogh and Hertz 1991', problemPage],
    hypothesis: fold`Pulling the weights of active rows towards zero by a small factor narrows the distance between
      train_bpb and val_bpb, for about 0.005 bpb.`,
    mechanism: fold`A weight that is held up by evidence is renewed at each visit; one that a chance sample wrote is
      not and fades. Since only active rows shrink, the pull is in proportion to the visits, like a Gaussian prior
      that is applied sample by sample. Several rows that carry the same evidence share it more evenly under such a
      prior.`,
    change: fold`update() multiplies each weight with 1 - DECAY * rate before the step, DECAY about 0.001. One
      constant, one factor.`,
    testPlan: fold`One run on the champion with the most rows, where fitting the training text is likeliest. A gain:
      try it for long contexts alone. Equal or worse: one pass and a half over the text is too little to overfit, and
      the matter is closed for this budget.`,
    sourcesText: fold`A. Krogh and J. A. Hertz (1991), A Simple Weight Decay Can Improve Generalization.`,
    critique: {
      rating: 6,
      duplicateOf: null,
      isKnobOnly: false,
      text: fold`Standard, correct in the sparse form, and honest about a small effect. With less than two passes over
        the data there is little overfitting to cure, and strong weights are what a language of certain continuations
        needs. It shrinks frequent rows, which need it least, most often. A fair baseline for regularisation, not a
        favourite.`,
    },
  },
  {
    slug: 'feature-dropout',
    title: 'Leave out the longest context in one sample of five',
    category: 'regularisation',
    expected: '-0.010 val_bpb',
    refutedBy: 'val_bpb rises, or the gain is under 0.003 with contexts of five symbols',
    costMinutes: 1,
    sources: ['Srivastava et al. 2014', problemPage],
    hypothesis: fold`Training without the longest row now and then makes the shorter rows good enough to stand alone,
      which saves about 0.01 bpb where the longest context is new.`,
    mechanism: fold`Rows that are always active together split the evidence, and none of them is calibrated without
      the others. A longest context that never occurred in training is missing at the score, and the shorter rows then
      give a distribution that is too flat. Leaving it out at random shows them that situation in training.`,
    change: fold`In train(), with chance 0.2 from rng, the longest key is dropped before the rows are fetched.
      features() and serve() stay as they are.`,
    testPlan: fold`One run on a champion with orders 4 and 5. Also count how often the longest context is unseen at
      the score: below one per cent there is nothing to gain, whatever the run says.`,
    sourcesText: fold`N. Srivastava et al. (2014), Dropout: A Simple Way to Prevent Neural Networks from Overfitting.`,
    critique: {
      rating: 5.5,
      duplicateOf: null,
      isKnobOnly: false,
      text: fold`The mismatch it describes is real for unseen contexts, and counting them first is the right check.
        But dropout also creates a mismatch of its own: with all rows present the sum is then too confident, since no
        scaling is proposed. In so regular a language few contexts are unseen. Worth one run after the contexts have
        become long.`,
    },
  },
  {
    slug: 'prune-rare-rows',
    title: 'Throw away rows that were visited fewer than three times',
    category: 'regularisation',
    expected: '-0.002 val_bpb',
    refutedBy: 'val_bpb rises beyond the noise',
    costMinutes: 1,
    sources: ['Stolcke 1998', problemPage],
    hypothesis: fold`Rows with one or two visits do more harm than good; without them val_bpb falls by some 0.002 and
      the model gets smaller.`,
    mechanism: fold`One visit writes a single observation into a row with whatever step was due, and nothing ever
      confirms it. When the context comes back, that row votes as loudly as one with a hundred visits. Removed, it
      leaves the decision to shorter contexts that have seen more.`,
    change: fold`train() counts visits by key and, after the loop, returns only the rows with three or more. serve()
      gives unseen contexts a row of zeros already.`,
    testPlan: fold`One run on a champion with word pairs, where such rows are many; report how many went. Same score
      with a tenth fewer rows: keep, for the memory. A rise: even a single observation is evidence in this language.`,
    sourcesText: fold`A. Stolcke (1998), Entropy-based Pruning of Backoff Language Models: fewer contexts at little
      loss.`,
    critique: {
      rating: 5,
      duplicateOf: null,
      isKnobOnly: false,
      text: fold`Clear, and a saving at equal score would count. I doubt the harm: where the next symbol is nearly
        determined, one observation is usually right. Three is an arbitrary limit, and rows visited twice late in the
        run hold next to nothing, so removing them changes nothing either. Expect a null result in bpb and a few per
        cent of memory.`,
    },
  },
  {
    slug: 'word-start-weight',
    title: 'Give the first letter of each word twice the weight in the loss',
    category: 'loss',
    expected: '-0.005 val_bpb',
    refutedBy: 'the bits at the other letters rise by as much as those at first letters fall',
    costMinutes: 1,
    sources: ['Lin et al. 2017', problemPage],
    hypothesis: fold`Doubling the step at the beginning of words puts learning where the bits are and saves about
      0.005 bpb.`,
    mechanism: fold`Inside a word most symbols are nearly certain and their slope is nearly zero; the choice of the
      word falls at its first letters, where most of the information of this text sits. These positions are only one
      in five or six. A greater weight gives them a larger share of the fixed budget.`,
    change: fold`In train(), the rate handed to update() is doubled when the symbol before the target is a blank.`,
    testPlan: fold`One run on the champion, with the bits for first letters and for the others counted apart on the
      public text. First letters better and the rest equal: keep. A mere shift from one to the other refutes it.`,
    sourcesText: fold`T.-Y. Lin et al. (2017), Focal Loss for Dense Object Detection: weight the hard cases, not the
      easy ones.`,
    critique: {
      rating: 4,
      duplicateOf: null,
      isKnobOnly: false,
      text: fold`The easy positions weigh little already, since their slope vanishes; the loss does by itself what is
        proposed. Rows active at a blank belong to word starts alone in this language, so the weight amounts to a
        higher rate for those rows. High noise there calls for smaller steps, not larger ones. The split of the bits
        would be instructive all the same.`,
    },
  },
  {
    slug: 'confidence-gate',
    title: 'Scale the vote of a row by the evidence behind it',
    category: 'architecture',
    expected: '-0.015 val_bpb',
    refutedBy: 'less than 0.005 bpb gained on a champion with orders 1 to 5',
    costMinutes: 1,
    sources: ['Chen and Goodman 1999', problemPage],
    hypothesis: fold`If a row counts for n / (n + 2), with n the times that it was seen, the model backs off smoothly
      from long orders with little evidence to short ones with much, and saves about 0.015 bpb.`,
    mechanism: fold`Good n-gram models trust a context according to the evidence behind it. Ours adds all rows at full
      strength, so a row with two visits overrules one with thousands. A gate that grows with the visits lets a new
      context speak softly at first, both in training and at the score.`,
    change: fold`A row stores n behind its weights; predict() multiplies the row with its gate before the sum, and
      update() scales its move likewise and raises n.`,
    testPlan: fold`One run on the champion and a look at the seconds, as predict() gets slower. A gain of 0.01: keep,
      then learn the constant 2. None: weights of rare rows are small anyway, because few steps made them.`,
    sourcesText: fold`S. F. Chen and J. Goodman (1999), An Empirical Study of Smoothing Techniques for Language
      Modeling: trust in proportion to counts.`,
    critique: {
      rating: 5.5,
      duplicateOf: null,
      isKnobOnly: false,
      text: fold`Back-off is named in the charter and the gate is a neat form of it. Yet in counts a single visit
        gives certainty, whereas here it gives one gradient step: the step size is the gate already. Gating the step
        as well makes rare rows slower still, against what other ideas ask for. The price is a slower inner loop.
        Instructive, probably without gain.`,
    },
  },
  {
    slug: 'hashed-rows',
    title: 'Hash all keys into a fixed number of rows',
    category: 'simplification',
    expected: '+0.002 val_bpb',
    refutedBy: 'a rise of more than 0.005 bpb, or no fall of the peak memory',
    costMinutes: 1,
    sources: ['Weinberger et al. 2009', problemPage],
    hypothesis: fold`With 4,096 rows that all keys share by hash the score gets worse by no more than 0.002 bpb, and
      memory no longer grows with each new feature.`,
    mechanism: fold`Keys are Zipf-like: a few hundred carry most of the samples. Two rare keys that collide hardly
      ever meet in one prediction, and a frequent key that meets a rare one outvotes it. Collisions act as noise of a
      size that the other rows of the sum correct.`,
    change: fold`features() maps its keys to crc32 of the text modulo 4096 (not hash(), which differs from process to
      process). The table can become a plain list.`,
    testPlan: fold`Two runs, baseline and the champion with the most rows; compare val_bpb and peak memory. Within
      0.002 on the large one: keep, and spend the freed memory on features. Worse by 0.005: rare keys matter more than
      supposed.`,
    sourcesText: fold`K. Weinberger et al. (2009), Feature Hashing for Large Scale Multitask Learning.`,
    critique: {
      rating: 4.5,
      duplicateOf: null,
      isKnobOnly: false,
      text: fold`Careful about determinism, and it says a worse score is expected. But memory is no bottleneck here:
        the largest models stay far below 500 MiB, so this pays a price for something nobody needs. The hash also
        hides which feature a row belongs to, which makes later work harder. Only of use if features by the dozen were
        planned.`,
    },
  },
  {
    slug: 'whole-rewrite',
    title: 'Replace the log-linear model with interpolated counts',
    category: 'architecture',
    expected: '-0.100 val_bpb',
    refutedBy: 'no gain of 0.05 bpb over the present champion',
    costMinutes: 1,
    sources: ['Jelinek and Mercer 1980', 'Chen and Goodman 1999', problemPage],
    hypothesis: fold`An interpolated count model over contexts and words, written afresh, beats the log-linear model
      by about 0.1 bpb, because it needs no steps to learn what a count knows at once.`,
    mechanism: fold`The samples are used once each and exactly: no rate, no decay, no noise of the last steps.
      Discounting hands the mass that rare contexts cannot be sure of to shorter ones, which is the back-off that a
      sum of rows lacks. The mixture's shares are fitted by expectation maximisation on samples that are held back.`,
    change: fold`train.py is rewritten as a whole: counting in place of train() and update(), a chain of back-off
      levels in predict(), shares fitted on held-back samples, a new format of model.json. The 700,000 samples, the
      summary and the protocol of serve() stay.`,
    testPlan: fold`One run. A gain of 0.05 or more over the champion is worth the new code; anything less is not,
      since every recorded finding about features and steps would have to be made again. If it loses, the sum of rows
      combines evidence better than interpolation does.`,
    sourcesText: fold`F. Jelinek and R. L. Mercer (1980), Interpolated Estimation of Markov Source Parameters from
      Sparse Data; S. F. Chen and J. Goodman (1999), An Empirical Study of Smoothing Techniques for Language Modeling.`,
    critique: {
      rating: 5,
      duplicateOf: null,
      isKnobOnly: false,
      text: fold`A serious rival model with the right references, and a high bar that it sets for itself. But it is
        many changes at once: counting, discounting, mixing and a new format, so a gain could not be put down to any
        of them. A reviewer will hardly read that much code with care, and a bug would look like a finding.
        Interpolating counts of the present contexts alone would have been a testable first step.`,
    },
  },
];
