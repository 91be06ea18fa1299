/**
 * What a bridge says: one commit under two tracks, under each against the baseline of that very track. No value of one track is ever
 * subtracted from one of the other; what can be set side by side is how many noise widths the commit is ahead. Pure.
 */
import { type AgainstBaseline, compareWithBaseline, type Judging } from './against-baseline.ts';
import { formatWidths } from './decision.ts';
import type { Noise } from './noise.ts';

/** A commit under one track on one device model. */
export interface BridgeSide {
  /** 8 hex digits. */
  track: string;
  /** Its runs under the track; null where none gave the metric. */
  value: Noise | null;
  /** The track's baseline; null where none was measured. */
  baseline: Noise | null;
  /** Whether the commit is the baseline itself. */
  isBaseline: boolean;
  judging: Judging;
}

/** What it came to. */
export interface BridgeVerdict {
  from: AgainstBaseline | null;
  to: AgainstBaseline | null;
  /** One sentence. */
  text: string;
}

/** Judges a bridge of `commit` (short) from one track to another. `champion` is the short commit of the present champion of `to`; null where there is none. */
export function judgeBridge(commit: string, from: BridgeSide, to: BridgeSide, champion: string | null): BridgeVerdict {
  const [before, now] = [judgeSide(from), judgeSide(to)];
  const then = `under ${from.track} ${commit} ${describeSide(from, before, 'was')}`;
  const here = `under ${to.track} it ${describeSide(to, now, 'is')}`;
  const end =
    champion === null
      ? 'it has no champion yet'
      : champion === commit
        ? 'it is the champion there now'
        : `the champion there is ${champion}`;
  return { from: before, to: now, text: `${then}; ${here}: ${end}` };
}

function judgeSide({ value, baseline, judging }: BridgeSide): AgainstBaseline | null {
  return value === null || baseline === null ? null : compareWithBaseline(value, baseline, judging);
}

function describeSide(side: BridgeSide, against: AgainstBaseline | null, verb: 'is' | 'was'): string {
  if (side.value === null) return 'gave no number';
  if (side.isBaseline) return `${verb} the baseline itself`;
  if (against === null) return `has a number, but there is no baseline to compare it with (\`lab baseline\`)`;
  const words = { better: 'better than', worse: 'worse than', 'within-luck': 'not told apart by luck from' };
  const phrase = `${verb} ${words[against.verdict]} the baseline`;
  if (against.noiseWidths === null) return `${phrase}, the noise unknown`;
  return `${phrase} (${formatWidths(against.noiseWidths)} noise widths)`;
}
