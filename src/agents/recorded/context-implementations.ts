/**
 * Recorded code: which contexts and words the model sees. longer-contexts, longest-contexts, drop-order-one, word-so-far, word-pairs,
 * symbol-bias. The memory of the sentence before and the skips are in past-implementations.ts, the training in the others.
 */
import { defineImplementation } from './define-implementation.ts';
import { type Application, type RecordedImplementation, trainPath } from './implementation.ts';
import { editTrain, featureEdit, ordersEdit, parseOrders, trainTextOf } from './python-edits.ts';

const noOrders: Application = {
  kind: 'cannot',
  reason: `${trainPath} has no line with ORDERS, so there are no context lengths to change`,
};

/** Puts context lengths in; `cannot` where all of them are there. */
function addOrders(files: Record<string, string>, wanted: readonly number[], note: string): Application {
  const orders = parseOrders(trainTextOf(files));
  if (orders === null) return noOrders;
  const all = [...new Set([...orders, ...wanted])].sort((a, b) => a - b);
  if (all.length === orders.length) {
    return { kind: 'cannot', reason: `ORDERS holds ${wanted.join(' and ')} already: (${orders.join(', ')})` };
  }
  return editTrain(files, [ordersEdit(all)], note);
}

function addLongest(files: Record<string, string>): Application {
  const orders = parseOrders(trainTextOf(files));
  if (orders !== null && !(orders.includes(4) && orders.includes(5))) {
    return {
      kind: 'cannot',
      reason: `the idea needs orders 4 and 5 in place, or rare contexts have nothing to lean on; ORDERS is (${orders.join(', ')})`,
    };
  }
  return addOrders(files, [6, 7], 'Added 6 and 7 to ORDERS, nothing else.');
}

function dropOrderOne(files: Record<string, string>): Application {
  const orders = parseOrders(trainTextOf(files));
  if (orders === null) return noOrders;
  if (!orders.includes(1)) return { kind: 'cannot', reason: `ORDERS has no 1 any more: (${orders.join(', ')})` };
  const left = orders.filter((order) => order !== 1);
  if (left.length === 0) return { kind: 'cannot', reason: 'order one is the only context that is left' };
  return editTrain(
    files,
    [ordersEdit(left)],
    'Took the context of one symbol out of ORDERS; nothing else depends on it.',
  );
}

/** Adds a feature unless its name is in use; the name is what its keys begin with. */
function addFeature(files: Record<string, string>, name: string, lines: readonly string[], note: string): Application {
  if (trainTextOf(files).includes(`keys.append("${name}|`)) {
    return { kind: 'cannot', reason: `features() in ${trainPath} has a feature "${name}|" already` };
  }
  return editTrain(files, [featureEdit(lines)], note);
}

/** The implementations about contexts and words. */
export const contextImplementations: readonly RecordedImplementation[] = [
  defineImplementation({
    slug: 'longer-contexts',
    apply: (files) =>
      addOrders(
        files,
        [4, 5],
        'Added 4 and 5 to ORDERS. features() takes its slices from there, so training and serving agree.',
      ),
    opinion:
      'One constant, read by features() alone, which training and serving share. WINDOW is far longer than the longest context, and a context that was never seen falls back to a row of zeros on both sides. The diff does what the hypothesis says and no more.',
    prose: {
      changed: 'The model looks at contexts of four and five symbols besides the shorter ones. One line, no new code.',
      better:
        'Words share syllables, so three symbols rarely tell which word one is in; five reach over a whole syllable boundary and name most words. That the shorter orders stay in place matters: a long context that was seen a few times leans on them.',
      worse:
        'The longer contexts are too rare to be learnt within the budget: their rows add noise to what the short ones know already.',
      within: 'What four and five symbols know, the model knew from other features already.',
      broken: '',
      claims: '',
      afterKeep:
        'See how far it goes: orders six and seven as a run of their own. Then words as units, because agreement reaches further back than any context of symbols.',
      afterDiscard: 'Look at the rows of the long contexts: how often was each updated, and how far is it from zero?',
    },
  }),
  defineImplementation({
    slug: 'longest-contexts',
    apply: addLongest,
    opinion:
      'The same one-line edit as for the shorter contexts. Memory and time grow with the number of distinct contexts; both have to be in the report. Nothing to object to in the code.',
    remarks: [
      {
        file: trainPath,
        text: 'Each further order adds a row per sample: say in the report what it costs in seconds and memory.',
      },
    ],
    prose: {
      changed: 'Contexts of six and seven symbols, which reach over the end of one word into the next.',
      better:
        'Six and seven symbols hold a whole noun or the end of one word with the start of the next, and that is where shorter contexts still had to guess. The price is in the table: many more rows, each of them seen seldom.',
      worse:
        'The rows of such long contexts are seen too seldom to be of use, and they disturb the sums of the others.',
      within:
        'Whatever six and seven symbols tell, the features in place tell already; the rows and seconds that they cost are not paid for.',
      broken: '',
      claims: '',
      afterKeep:
        'Stop lengthening contexts here. The gain per order falls, and rare rows are the next obstacle: see what a step size of their own does.',
      afterDiscard:
        'Stop lengthening contexts. What is left lies further apart than any window of neighbours: agreement, verbs, the sentence before.',
    },
  }),
  defineImplementation({
    slug: 'drop-order-one',
    apply: (files) => dropOrderOne(files),
    opinion:
      'A pure removal. Every context of one symbol is implied by the longer ones, except at places that were never seen: there the model now has less to fall back on. That is the risk, and the run tests it.',
    prose: {
      changed: 'The context of one symbol is gone; all other features stay.',
      better:
        'Without the shortest context the longer ones have to carry its share themselves, and they do that better.',
      worse: 'The shortest context was not idle: it is the row that is left where all longer ones are rare or unseen.',
      within:
        'The row of the last symbol says nothing that the longer contexts do not say. One feature less per sample, for nothing lost.',
      broken: '',
      claims: '',
      afterKeep: 'Try the same with the next shortest context, now that there are more of the longer ones.',
      afterDiscard: 'Leave it in: it is cheap, and it is what rare contexts lean on.',
    },
  }),
  defineImplementation({
    slug: 'word-so-far',
    apply: (files) =>
      addFeature(
        files,
        'word',
        [
          '    # The word so far, whatever its length: unlike a context, it never reaches into the word before.',
          '    keys.append("word|" + past.rsplit(" ", 1)[-1])',
        ],
        'One more key in features(): everything since the last space. The window is longer than any word.',
      ),
    opinion:
      'The key has a name of its own, so it cannot meet the key of a context. At the start of a word it is the bare name, which is right: that row learns how words begin. Same code in training and in serving.',
    prose: {
      changed: 'A feature with the letters of the present word so far, from its first letter on.',
      better:
        'A context of fixed length mixes the end of one word with the start of the next; the prefix of a word does not. No word begins another one here, so a prefix of some letters names the word and with it every letter that follows.',
      worse: 'The prefix doubles what the contexts say and pulls their sums too far.',
      within: 'Longer contexts or word pairs carry the prefix already, so the feature has nothing of its own to add.',
      broken: '',
      claims: '',
      afterKeep:
        'Join the prefix with the word before: endings agree across words, and a lone prefix cannot know that.',
      afterDiscard:
        'Drop the lone prefix for good where pairs of words are in; it would be a second name for the same thing.',
    },
  }),
  defineImplementation({
    slug: 'word-pairs',
    apply: (files) =>
      addFeature(
        files,
        'pair',
        [
          '    # The word before together with the word so far: agreement reaches over the space.',
          '    before, word = past.rsplit(" ", 2)[-2:]',
          '    keys.append("pair|" + before + " " + word)',
        ],
        'One more key in features(): the whole word before, a space, and the letters of the present word. Two words fit into the window with room to spare.',
      ),
    opinion:
      'rsplit with two cuts gives the last two parts, and a window always holds two spaces: the longest pair is well below its length, and serving begins with spaces. The full stop stays with the word before it, so that the start of a sentence has a row of its own. Good.',
    prose: {
      changed: 'A feature that joins the word before with the letters of the present word.',
      better:
        'Determiner and noun, noun and verb, preposition and place depend on each other as words. The pair reaches back exactly as far as needed, whatever the length of the words, and it says where in the present word one is.',
      worse: 'Most pairs are seen too seldom for their rows to settle, and what they add is scatter.',
      within: 'The contexts in place are long enough to see most of what a pair of words could add.',
      broken: '',
      claims: '',
      afterKeep:
        'Two things reach further than one word back: the verb after an adjective and noun, and the sentence that begins with `e`. The second costs the language no bits at all, so it should be worth the most.',
      afterDiscard:
        'Use a class of the word before (its ending) in place of the word itself: fewer rows, each seen more often.',
    },
  }),
  defineImplementation({
    slug: 'symbol-bias',
    apply: (files) =>
      addFeature(
        files,
        'bias',
        ['    # Active always: how frequent each symbol is at all.', '    keys.append("bias|")'],
        'One key that is active at every position.',
      ),
    opinion:
      'One constant key. Its row gets an update from every sample and so moves more than any other; with the falling rate that settles. Harmless, short, and easy to take out again.',
    prose: {
      changed: 'A feature that is always active: a bias for each symbol.',
      better:
        'Where every context is rare, the frequency of the symbols themselves is a better guess than none, and the other rows need no longer carry it.',
      worse: 'A row that every sample moves is never at rest, and it drags all distributions along.',
      within: 'The rows of the short contexts add up to such a bias already. There was nothing left for it to learn.',
      broken: '',
      claims: '',
      afterKeep: 'Ask whether the shortest context is still needed beside it.',
      afterDiscard: 'No more constant features. What the model lacks is knowledge of the place in word and sentence.',
    },
  }),
];
