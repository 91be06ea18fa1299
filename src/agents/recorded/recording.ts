/**
 * The recorded research session on the starter problem: its ideas in the order in which the researcher had them. The
 * texts are in ideas-*.ts by theme; what was built from them is not here. Results are never part of the recording.
 */
import { LabError } from '../../errors/lab-error.ts';
import { contextIdeas } from './ideas-contexts.ts';
import { loopIdeas } from './ideas-loop.ts';
import { rowIdeas } from './ideas-rows.ts';
import { stepIdeas } from './ideas-steps.ts';
import { wordIdeas } from './ideas-words.ts';
import type { RecordedIdea } from './recorded-idea.ts';

/** One idea of the session and its critique; re-exported so that readers of the recording need one import. */
export type { RecordedCritique, RecordedIdea } from './recorded-idea.ts';

/**
 * Slugs in session order. Everything that the recording has code for comes among the first 34, of which four are turned
 * away: a sweep to 30 ideas so finds all of it.
 */
const sessionOrder: readonly string[] = [
  'longer-contexts',
  'double-rate',
  'word-so-far',
  'constant-rate',
  'word-pairs',
  'clip-slope',
  'symbol-bias',
  'heavy-ball',
  'ending-of-word-before',
  'soft-targets',
  'even-sampling',
  'previous-word-context',
  'rare-context-rate',
  'sentence-slot',
  'subject-memory',
  'weight-decay',
  'learn-while-scored',
  'tail-averaging',
  'rate-point-four',
  'longest-contexts',
  'drop-order-one',
  'skip-one-word',
  'feature-dropout',
  'mean-of-late-weights',
  'all-skips',
  'whole-rewrite',
  'place-in-word',
  'count-start',
  'short-contexts-first',
  'finer-steps',
  'hashed-rows',
  'confidence-gate',
  'recent-words-cache',
  'word-start-weight',
  'rate-per-order',
  'prune-rare-rows',
  'slow-start',
  'syllable-tokens',
];

/** Puts the themes together; throws LabError (internal) where the order and the texts name different slugs. */
function orderIdeas(): readonly RecordedIdea[] {
  const written = [...contextIdeas, ...wordIdeas, ...stepIdeas, ...loopIdeas, ...rowIdeas];
  const bySlug = new Map(written.map((idea) => [idea.slug, idea]));
  if (bySlug.size !== written.length || written.length !== sessionOrder.length) {
    throw new LabError(
      'internal',
      `the recording has ${written.length} ideas with ${bySlug.size} slugs, expected the ${sessionOrder.length} of its order`,
    );
  }
  return sessionOrder.map((slug) => {
    const idea = bySlug.get(slug);
    if (idea === undefined) throw new LabError('internal', `the recording has no text for its idea ${slug}`);
    return idea;
  });
}

/** All ideas of the recorded session, in session order: 34 that stay, 2 duplicates and 2 that only turn a knob. */
export const recordedIdeas: readonly RecordedIdea[] = orderIdeas();
