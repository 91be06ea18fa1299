/** What each mode of the ratchet never does, in sentences for a person: every verb prints its own before it acts. Who keeps them is elsewhere. */
import type { RatchetMode } from '../domain/ratchet.ts';

/** The immutable rules of each mode, most important first. */
export const modeRules: Readonly<Record<RatchetMode, readonly string[]>> = {
  setup: [
    'installs no program: where uv is missing, it says how to get it',
    'changes no file of the repository but lab.yaml and the numbered folders, and none of them twice',
    'fetches code and data only where they are missing, and says so first',
    'is done only when one run of the unmodified code has printed both numbers, metric and peak memory',
  ],
  program: [
    'works on program.md alone, outside a session, and after a baseline has printed both numbers',
    "keeps the user's own words byte for byte; refreshes only what stands between its own markers",
    'the constraints in it always hold: the budget, no change of the evaluator, no new packages, the memory ceiling, one meaningful change an experiment',
    'commits nothing behind a lock',
  ],
  run: [
    'edits train.py only; whatever else a change touches, it is refused and put back',
    'the training budget and everything that the evaluator needs are fixed for the session; a change of them stops it',
    "lower is kept, equal or worse is discarded; memory above twice the baseline's is a crash",
    'the row is written before any git operation, and a discarded commit stays on a private ref',
    "works in a worktree of its own; the user's checkout is never reset",
    'never asks a question',
  ],
  results: [
    'reads only: it runs nothing and changes nothing but its own picture',
    "a crash's zero is never the best, and a gain within the noise is called that",
  ],
  adapt: [
    'changes MAX_SEQ_LEN and EVAL_TOKENS only before a session; numbers from before and after are never compared',
    'unfreezes nothing: once a result exists, a human does that (META_MODE)',
    'what it says of memory is an estimate and is called that',
  ],
};
