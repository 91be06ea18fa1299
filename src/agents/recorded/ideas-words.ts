/**
 * Recorded ideas about features made of words: the word so far, the word before it, words further back, the sentence
 * before. Contexts that count symbols are in ideas-contexts.ts.
 */
import { fold, problemPage, type RecordedIdea } from './recorded-idea.ts';

/** Ideas about words as features, in no order that matters; recording.ts has the order of the session. */
export const wordIdeas: readonly RecordedIdea[] = [
  {
    slug: 'word-so-far',
    title: 'Use the prefix of the current word as a feature',
    category: 'architecture',
    expected: '-0.080 val_bpb',
    refutedBy: 'less than 0.02 bpb gained over the baseline',
    costMinutes: 1,
    sources: [problemPage],
    hypothesis: fold`A key made of all letters since the last blank saves about 0.08 bpb, because no word of this
      language begins another one: the prefix soon names the word, and from there on the rest is certain.`,
    mechanism: fold`A window of fixed length mixes the end of the word before with the beginning of this one, so the
      same prefix is scattered over many contexts and learnt many times. The prefix as its own key gathers all these
      samples in one row. There are some 500 prefixes in the lexicon, so each row gets far more visits than a row of
      order 3 or more.`,
    change: fold`In features(), append "word|" and what follows the last blank of past. The window of 32 symbols is
      longer than any word, so the prefix is always whole.`,
    testPlan: fold`One run on the present champion. On the baseline a gain of 0.05 or more confirms it; on a champion
      with orders 4 and 5 expect less, since five symbols reach back to the blank for most of a word. No gain there
      would mean that long contexts are the prefix by another name.`,
    sourcesText: fold`0_docs/problem.md: words are made of shared syllables and no word begins another one.`,
    critique: {
      rating: 6,
      duplicateOf: null,
      isKnobOnly: false,
      text: fold`The prefix property of the lexicon makes this almost certain to work on the baseline. It overlaps
        with longer contexts without being the same: it aligns at the blank and has fewer rows. It sees nothing across
        words, so it cannot be the last step. Well below word pairs, which contain the prefix and more.`,
    },
  },
  {
    slug: 'word-pairs',
    title: 'Join the previous word and the word so far into one feature',
    category: 'architecture',
    expected: '-0.050 val_bpb',
    refutedBy: 'less than 0.01 bpb gained on a champion with orders 1 to 5',
    costMinutes: 1,
    sources: ['Rosenfeld 1996', problemPage],
    hypothesis: fold`One key of the complete previous word and the letters of this one saves about 0.05 bpb on top of
      longer contexts, because determiner, adjective ending, noun and verb suffix agree from one word to the next.`,
    mechanism: fold`The noun fixes the gender and with it the determiner before and the verb suffix behind; its class
      decides which verb stems are likely. A context of five symbols that starts inside the verb no longer knows which
      noun it was. Rows add up in this model, so two separate features cannot express that a stem goes with a noun:
      the pair must be a single key.`,
    change: fold`In features(), split past at its last two blanks and append "pair|", the previous word, a blank and
      the word so far. Expect some twenty times the rows of the baseline.`,
    testPlan: fold`One run on the champion, with an eye on val_bpb against train_bpb. A gain of 0.03 or more is kept
      and says that the bits are between neighbours. If train_bpb falls and val_bpb does not, pairs are too rare for
      this budget and need a back-off.`,
    sourcesText: fold`R. Rosenfeld (1996), A Maximum Entropy Approach to Adaptive Statistical Language Modeling: joint
      word features in a log-linear model. The agreement is described in 0_docs/problem.md.`,
    critique: {
      rating: 8.5,
      duplicateOf: null,
      isKnobOnly: false,
      text: fold`The argument that additive rows need a joint key is right and is the heart of it. It is testable, and
        the plan separates "no information" from "too rare to learn". It may fail through sparsity: sixty nouns times
        the prefixes of sixteen stems is much for the tail of a Zipf curve. Memory grows but stays far below the
        limit. Close to the top because it is the first idea that reaches over the blank.`,
    },
  },
  {
    slug: 'previous-word-context',
    title: 'Condition each letter on the word that came before',
    category: 'architecture',
    expected: '-0.060 val_bpb',
    refutedBy: 'a gain that is lost in the noise over three seeds',
    costMinutes: 1,
    sources: [problemPage],
    hypothesis: fold`Neighbouring words constrain each other, so a bigram of words, spelled out letter by letter, will
      lower val_bpb by about 0.06.`,
    mechanism: fold`After a determiner only nouns of that gender can follow, and after a noun only verbs with the
      suffix that fits. A model that keeps the whole last word in view while it spells the present one can use both
      facts.`,
    change: fold`Extend features() with the last complete word, glued to the letters typed since the blank.`,
    testPlan: fold`Run it on the champion and compare. A clear fall supports the claim about neighbours; none says
      that the letters in the window were enough.`,
    sourcesText: fold`0_docs/problem.md, the section about the language.`,
    critique: {
      rating: 4,
      duplicateOf: 'word-pairs',
      isKnobOnly: false,
      text: fold`This is word-pairs in other words: the same key of the last complete word and the letters since the
        blank, with the same reason. Nothing in it would end differently, and it does not say why it should be tried
        again. The idea is good; it is turned away only because the lab has it already.`,
    },
  },
  {
    slug: 'ending-of-word-before',
    title: 'Pool rare neighbours by their last two letters',
    category: 'architecture',
    expected: '-0.040 val_bpb',
    refutedBy: 'less than 0.01 bpb gained on the baseline',
    costMinutes: 1,
    sources: ['Katz 1987', problemPage],
    hypothesis: fold`The ending that was just passed carries the gender in few rows, whatever it hangs on: about 0.04
      bpb on the baseline, and a little on top of anything that keeps complete neighbours.`,
    mechanism: fold`Sixteen adjectives share three endings, and the gender of the noun that follows hangs on the
      ending alone. A key with the whole adjective splits these samples into 16 parts, and those of rare adjectives
      are never learnt. A key with two letters pools them, and the same letters also tell verbs from nouns.`,
    change: fold`In features(), one key named end|: the two symbols in front of the latest blank, then the prefix that
      has been spelled since. Two lines of code.`,
    testPlan: fold`A run on the baseline, then one on a champion with whole-word features. Gain on both: pooling helps
      where pairs are rare. Gain on the baseline alone: neighbours matter, and the whole word is the better key for
      it.`,
    sourcesText: fold`S. M. Katz (1987), Estimation of Probabilities from Sparse Data for the Language Model Component
      of a Speech Recognizer: fall back to a coarser context where the fine one is rare. Agreement from
      0_docs/problem.md.`,
    critique: {
      rating: 6,
      duplicateOf: null,
      isKnobOnly: false,
      text: fold`A proper back-off idea with the right argument about adjectives. Two letters are a guess; one might
        be enough for the gender and three would begin to name the word, and the plan tests neither. On the baseline
        it should do better than claimed, on a champion with word pairs worse. Useful, but second in line behind the
        full pair.`,
    },
  },
  {
    slug: 'sentence-slot',
    title: 'Number the parts of a sentence by its blanks',
    category: 'architecture',
    expected: '-0.030 val_bpb',
    refutedBy: 'less than 0.01 bpb gained on a champion that knows the previous word',
    costMinutes: 1,
    sources: [problemPage],
    hypothesis: fold`Knowing whether a subject, a verb, an object or a place is being spelled saves about 0.03 bpb,
      because these parts stand in order and prefer different vocabulary.`,
    mechanism: fold`The same noun list serves subject and object, but with other frequencies: subjects follow one Zipf
      curve and objects depend on the verb. After a noun either a verb, a preposition or the full stop comes, and
      which one depends on whether the verb has been said. The adjective makes the count inexact, yet a late word is
      hardly ever a verb.`,
    change: fold`features() counts the blanks after the last ". " in past and joins that number with the current
      prefix, as slot|. A sentence that began before the window gives a count that is too small, the same way in
      training and in serving.`,
    testPlan: fold`One run on the champion. A gain of 0.02 or more: kept, and a finer notion of the slot (has there
      been a verb?) is next. Under 0.01: the neighbour already tells the slot.`,
    sourcesText: fold`0_docs/problem.md for the order of the sentence and for who chooses what.`,
    critique: {
      rating: 6,
      duplicateOf: null,
      isKnobOnly: false,
      text: fold`Syntax that no window of symbols gives directly, so the direction is right. The window is the weak
        point: 32 symbols do not hold a long sentence, and then the count means something else without the model
        knowing. Testable as written. It would be rated higher if it dealt with sentences longer than the window.`,
    },
  },
  {
    slug: 'subject-memory',
    title: 'Remember the object of the sentence before for sentences that begin with e',
    category: 'architecture',
    expected: '-0.020 val_bpb',
    refutedBy: 'no gain beyond the noise, although the noun is inside the window',
    costMinutes: 1,
    sources: [problemPage],
    hypothesis: fold`In a sentence that begins with "e" the first noun repeats the object of the sentence before, so a
      feature that offers the next letter of that noun saves about 0.02 bpb.`,
    mechanism: fold`Two of five sentences begin that way, and their subject costs no bits to whoever remembers the
      object. Drawn afresh, a noun of these costs between five and six bits, which is about 0.06 bits per byte over
      the text. Contexts of adjacent symbols do not reach back that far. Once one letter is known the words of the
      language are quickly told apart, so not all of these bits are there to be saved.`,
    change: fold`In features(), in the second word of a sentence that starts with "e", find two candidates in the
      sentence before: its last word and, in case a place follows the object, the third from its end. Append one key
      with the next letter of each, as far as they agree with the word so far. Elsewhere no key is added.`,
    testPlan: fold`Smoke run first: most windows are cut somewhere, and the code must cope with that. Then one run on
      the champion. A gain of 0.01 or more confirms the memory; none means that the noun stands outside the window too
      often or that a pair feature sees it already.`,
    sourcesText: fold`0_docs/problem.md: two of five sentences begin with e and take the object of the sentence before
      as subject. The charter names this gap as a place to start.`,
    critique: {
      rating: 8,
      duplicateOf: null,
      isKnobOnly: false,
      text: fold`The one dependency in the language that gives bits away for nothing, and the arithmetic behind the
        expected gain is shown. Offering the next letter in place of the noun is clever: one row then serves all
        nouns, where a key with the noun would have to learn sixty spellings. The danger is in the code: a window
        without a whole sentence must be handled on purpose. Clear, testable, and complementary to everything about
        neighbours.`,
    },
  },
  {
    slug: 'skip-one-word',
    title: 'Show the object its verb across the determiner',
    category: 'architecture',
    expected: '-0.030 val_bpb',
    refutedBy: 'less than 0.01 bpb gained on a champion with word pairs',
    costMinutes: 1,
    sources: ['Guthrie et al. 2006', problemPage],
    hypothesis: fold`A feature that steps over the determiner ties the noun to the verb that chose it, which saves
      about 0.03 bpb beyond what adjacent pairs give.`,
    mechanism: fold`The object depends on the verb's stem, but between them stands a determiner and often an
      adjective. A pair of neighbours knows the determiner, hence the gender, and has forgotten the verb. The pair
      with the gap holds verb and noun in one key wherever there is no adjective, which is three objects of five.`,
    change: fold`features() splits past at its last three blanks; the piece two back and the unfinished piece become a
      key named skip|. Orders and updates stay untouched.`,
    testPlan: fold`One run on a champion with word pairs. A gain of 0.02 or more: kept, and a version that steps over
      the adjective too comes next. A gain below 0.01 with memory doubled: not worth its rows.`,
    sourcesText: fold`D. Guthrie et al. (2006), A Closer Look at Skip-gram Modelling: gaps against sparse data. The
      dependency is described in 0_docs/problem.md.`,
    critique: {
      rating: 6,
      duplicateOf: null,
      isKnobOnly: false,
      text: fold`The dependency is real and no neighbour feature can see it. Sparsity is the question: verb forms
        times prefixes of nouns, most of them seen a handful of times, and a table that may double. The adjective
        spoils two cases of five, which the proposal states. Above average in content, held back by its cost in
        memory.`,
    },
  },
  {
    slug: 'recent-words-cache',
    title: 'Mix in a cache of the words that were said lately',
    category: 'architecture',
    expected: '-0.010 val_bpb',
    refutedBy: 'the best share of the cache on held-out training text is below two per cent',
    costMinutes: 2,
    sources: ['Kuhn and De Mori 1990', problemPage],
    hypothesis: fold`A second model that gives high chances to the words of the last few sentences, mixed in with a
      fixed share, saves about 0.01 bpb.`,
    mechanism: fold`Texts repeat themselves: a word that was used is likely to be used again soon. Here the object
      comes back as the next subject in two sentences of five, so recent nouns are more likely than their overall
      frequency says. A cache needs no weights and works for the rare nouns that the rows have hardly learnt.`,
    change: fold`serve() keeps the last 20 words; the letters that continue a cached word with the present prefix get
      a share of the chance, and predict()'s result gets the rest. The share is set on the last tenth of the training
      text, and train() mixes in the same way so that both agree.`,
    testPlan: fold`First find the share on text held back from training. If it comes out near zero, stop: the idea is
      refuted without a run. Otherwise one run on the champion, counted as a success from 0.005 on.`,
    sourcesText: fold`R. Kuhn and R. De Mori (1990), A Cache-Based Natural Language Model for Speech Recognition:
      recent words raise the chance of words.`,
    critique: {
      rating: 4,
      duplicateOf: null,
      isKnobOnly: false,
      text: fold`Caches pay in natural text because topics last; this text has no topics. Apart from the noun after
        "e" every draw is independent of what was said two sentences ago, so the cache spreads its share over words
        that are no more likely than before. What is left of it is the memory of the object, and a feature for that
        alone would be sharper. Sound method, wrong language; the check before the run is the best part.`,
    },
  },
];
