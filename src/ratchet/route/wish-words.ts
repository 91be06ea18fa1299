/**
 * All words by which a wish is known, as patterns over one folded clause. Their order counts: each takes its words away from those below, so
 * that turns of speech come before the single words in them ("run the numbers" before "run").
 */
import { outside } from './elsewhere-words.ts';
import { adapting, programming, settingUp } from './mode-words.ts';
import { looking, running, turns, walkthrough } from './session-words.ts';
import { row, type WishPattern } from './wish-pattern.ts';

/** Every pattern, in the order in which they are tried. */
export const wishPatterns: readonly WishPattern[] = [
  ...row('autoresearch', 0, 'auto-?research', "karpathy(?:'s)?"),
  ...outside,
  ...walkthrough,
  ...turns,
  ...programming,
  ...adapting,
  ...settingUp,
  ...looking,
  ...running,
];
