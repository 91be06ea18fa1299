/**
 * Recorded ideas about how many symbols of the past the model sees and in which form: context lengths, one feature for
 * each past position, the position in the word, a constant. Features made of words are in ideas-words.ts.
 */
import { fold, problemPage, type RecordedIdea } from './recorded-idea.ts';

/** Ideas about contexts of symbols, in no order that matters; recording.ts has the order of the session. */
export const contextIdeas: readonly RecordedIdea[] = [
  {
    slug: 'longer-contexts',
    title: 'Add contexts of four and five symbols',
    category: 'architecture',
    expected: '-0.200 val_bpb',
    refutedBy: 'less than 0.05 bpb gained, or val_bpb rising while train_bpb falls',
    costMinutes: 1,
    sources: ['Shannon 1951', problemPage],
    hypothesis: fold`With orders 4 and 5 beside 1 to 3 the model needs about 0.2 bits per byte less, because three
      symbols cannot tell apart words that share a syllable.`,
    mechanism: fold`Words are built from consonant-vowel syllables that many words share, so three symbols hold one
      syllable and half of the next and most stems look alike through them. Five symbols hold two syllables and the
      symbol before, which names nearly every stem of two syllables and narrows a noun of three down to very few. The
      text has 400 kB and only some 180 different word forms, so the longer rows are still visited often enough to be
      learnt.`,
    change: fold`ORDERS becomes (1, 2, 3, 4, 5). features() takes its keys from ORDERS already, so nothing else
      changes and serving follows by itself.`,
    testPlan: fold`One run on the present champion. A fall of 0.1 bpb or more: kept, and still longer contexts are
      worth a try. A fall of less than 0.05: the missing bits are not inside the word, so look at features across
      words. A rise: the long rows memorise the training text, and smoothing has to come first.`,
    sourcesText: fold`C. E. Shannon (1951), Prediction and Entropy of Printed English: the entropy that an N-gram
      model reaches falls quickly with the first few N. The syllables and the size of the lexicon are from
      0_docs/problem.md.`,
    critique: {
      rating: 9,
      duplicateOf: null,
      isKnobOnly: false,
      text: fold`Sound, cheap and likely to be the largest step to be had in one line. It looks like a knob but is
        none: the reason (shared syllables) is named and would fail visibly if it were wrong. The risk is sparse rows
        of order 5 that fit the training text; comparing train_bpb with val_bpb shows it. The expected 0.2 is
        cautious, if anything. High rating because gain, clarity and cost all point one way.`,
    },
  },
  {
    slug: 'longest-contexts',
    title: 'Go on to contexts of six and seven symbols',
    category: 'architecture',
    expected: '-0.050 val_bpb',
    refutedBy: 'less than 0.01 bpb gained on top of orders 1 to 5',
    costMinutes: 1,
    sources: [problemPage],
    hypothesis: fold`Seven symbols hold a whole noun of six letters and the blank before it, so orders 6 and 7 carry
      across a word boundary and save another 0.05 bpb where order 5 has to guess.`,
    mechanism: fold`A noun has three syllables. At its end order 5 sees only the last five of six letters and cannot
      tell where the word began; order 7 knows the complete noun and can give the beginning of the verb that goes with
      it. The gain must be smaller than that of orders 4 and 5, because only the first symbols of the next word profit
      and each of these rows is seen by fewer samples.`,
    change: fold`Add 6 and 7 to ORDERS; no other line of train.py changes. Needs orders 4 and 5 in place, otherwise
      the gap between 3 and 6 leaves rare contexts without support.`,
    testPlan: fold`One run on a champion that has orders 1 to 5. A gain of 0.03 or more: the word boundary is where
      the bits are. A gain under 0.01, above all when a word feature is in place already: the two see the same thing,
      and the shorter code wins. Watch the peak memory, which the many new rows raise.`,
    sourcesText: fold`0_docs/problem.md: lengths of the words and the agreement between neighbours. It continues the
      reasoning for orders 4 and 5, one word further.`,
    critique: {
      rating: 6,
      duplicateOf: null,
      isKnobOnly: false,
      text: fold`Plausible by itself, but its gain depends on what the champion has: a feature of the word before
        would tell the verb the same thing with fewer rows. The plan says so and knows what a null result means, which
        is good. Not the same idea as orders 4 and 5: there the bits are inside a word, here behind its end. Memory
        and time grow for a shrinking gain, hence a middling rating.`,
    },
  },
  {
    slug: 'drop-order-one',
    title: 'Do without order 1',
    category: 'simplification',
    expected: '+0.000 val_bpb',
    refutedBy: 'val_bpb rises by more than 2.3 standard deviations of the champion',
    costMinutes: 1,
    sources: [problemPage],
    hypothesis: fold`Order 1 can go and the score stays where it is: whatever its rows say is said again by order 2,
      whose rows are visited often enough to stand alone.`,
    mechanism: fold`About 240 pairs of the 17 symbols occur in the training text. With 700,000 samples a pair is
      visited thousands of times, so its row is learnt to the end and needs no shorter context to lean on. The sum of
      the rows is then overcomplete: order 1 only shares out weight that order 2 could carry alone.`,
    change: fold`Take the 1 out of ORDERS. One row less is summed and moved at each position, so training and serving
      get somewhat faster on the baseline, less so on a richer champion.`,
    testPlan: fold`One run. Within the noise: kept as a simplification, since one feature less at the same score is a
      find. A clear rise: shorter contexts do more than carry statistics, they speed up the first steps of rows that
      are new.`,
    sourcesText: fold`0_docs/problem.md for the alphabet and the syllables; the charter's rule that taking code away
      at the same score counts.`,
    critique: {
      rating: 6.5,
      duplicateOf: null,
      isKnobOnly: false,
      text: fold`Honest about expecting nothing, and the charter rewards exactly this. The argument holds for pairs
        that occur; a pair that is new in the scored text would then have nothing but a uniform row, though in this
        language there should be next to none. One run cannot show an exact zero, so a keep rests on the rule that the
        simpler version wins within the noise. Fair value for a change of two characters.`,
    },
  },
  {
    slug: 'symbol-bias',
    title: 'Give every prediction one constant feature',
    category: 'architecture',
    expected: '-0.002 val_bpb',
    refutedBy: 'the difference to the champion stays inside the noise',
    costMinutes: 1,
    sources: [problemPage],
    hypothesis: fold`A row that is active at every position learns the frequency of the symbols, so the rows of
      contexts need to learn only what differs from it. A very small gain, about 0.002 bpb, in contexts that are rare.`,
    mechanism: fold`A new row starts from zeros, that is from a uniform guess. The unigram distribution of this text
      is far from uniform: vowels and the blank make up more than half of it. A constant row moves the starting point
      of every rare context to that distribution. Rows of order 1 do most of this already, which is why little is
      left.`,
    change: fold`In features(), one key more before the return: a constant string such as "bias|". The rest of
      train.py treats it as any other key.`,
    testPlan: fold`One run; if it ends within three standard deviations, a second seed. A gain that holds: keep it,
      and try it once more together with dropping order 1. No gain: order 1 is bias enough, and this line of thought
      is closed.`,
    sourcesText: fold`0_docs/problem.md; the intercept of any log-linear model. No paper is claimed.`,
    critique: {
      rating: 6.5,
      duplicateOf: null,
      isKnobOnly: false,
      text: fold`Correct in principle and easily tested, but the proposal itself explains why it should hardly matter.
        The expected gain is hardly larger than the noise, so a single run will most likely say nothing. It costs one
        row update per sample, which is a few per cent of the time. Good as a cheap control that tells how much rare
        contexts lack a prior.`,
    },
  },
  {
    slug: 'all-skips',
    title: 'A feature for each of the 32 past positions',
    category: 'architecture',
    expected: '-0.040 val_bpb',
    refutedBy: 'less than 0.01 bpb gained, or a run that does not end within its time limit',
    costMinutes: 2,
    sources: ['Rosenfeld 1996', problemPage],
    hypothesis: fold`Rows for every distance in the whole window, each joined with one of the newest symbols, give the
      model everything that lies within reach, and the optimiser picks out what matters: about 0.04 bpb for
      dependencies that no contiguous context spans.`,
    mechanism: fold`Agreement and the choice of the object reach over a word or two at distances that vary. A
      contiguous context has to pin every symbol between; a pair of one far and one near symbol does not, so its row
      is dense and quickly learnt. Additive rows can then vote: several weak hints about the gender add up to a
      certain one.`,
    change: fold`features() appends, for each distance from 1 to WINDOW, keys made of the distance, the symbol that
      stands there and one of the newest six symbols, since a lone far symbol says too little. predict() and update()
      stay as they are and get many rows more to sum and to step.`,
    testPlan: fold`One full run on the champion; look at the time first. A gain of 0.02 or more inside the limit:
      keep, and thin out the distances afterwards. A gain smaller than that: the words carry the information, not the
      positions. A timeout answers the question of cost only, and says nothing about the hypothesis.`,
    sourcesText: fold`R. Rosenfeld (1996), A Maximum Entropy Approach to Adaptive Statistical Language Modeling:
      distant features in one log-linear model. Window and word lengths from 0_docs/problem.md.`,
    critique: {
      rating: 5.5,
      duplicateOf: null,
      isKnobOnly: false,
      text: fold`The reasoning about dense rows is good, but the words of this language differ in length, so a fixed
        distance means another thing in every sentence. The cost is the real objection: 32 distances times six rows
        for each sample, in pure Python, make a run many times as long, and the charter asks to stay below 60 seconds.
        Eight distances would have tested the same. Rated in the middle because the answer would be of interest if it
        came in time.`,
    },
  },
  {
    slug: 'place-in-word',
    title: 'Let the length so far tell where a word ends',
    category: 'architecture',
    expected: '-0.050 val_bpb',
    refutedBy: 'less than 0.02 bpb gained over the baseline, or a loss once words are features',
    costMinutes: 1,
    sources: [problemPage],
    hypothesis: fold`How many letters have gone by tells whether the end is near, which the letters themselves cannot
      say: about 0.05 bpb, nearly all of it on the blank and on the full stop.`,
    mechanism: fold`Determiners have two letters, prepositions three, nouns six, places five. After a vowel the
      baseline has to weigh the end of the word against another syllable, and it sees two letters of the word at most.
      Knowing that six letters have passed nearly decides the matter, and the row for each length is filled within the
      first thousand samples.`,
    change: fold`One more key in features(), place|, with the distance to the latest blank. About ten new rows, no
      other edit.`,
    testPlan: fold`A run on the baseline tests the mechanism, a run on the champion whether it is still news there.
      Gain on the first and none on the second: contexts of five symbols or the word so far know the length already,
      and the feature is not kept.`,
    sourcesText: fold`0_docs/problem.md for the shapes of the words; the lengths were counted in the training text.`,
    critique: {
      rating: 5,
      duplicateOf: null,
      isKnobOnly: false,
      text: fold`True and well reasoned, but it comes late: any feature that holds the whole prefix of the word
        contains its length. On a champion with such a feature the expected gain is nothing, as the plan admits. A row
        that only knows the length cannot use it together with the letters, since rows add and do not multiply. Worth
        a run on the baseline for understanding, not for the score.`,
    },
  },
];
