/** What the champion's gain rests on: the runs that chose it, or fresh seeds. In figures and in words; reads the ledger, no daemon. */
import type { LabConfig } from '../../config/schema.ts';
import type { ParsedResult } from '../../lab/results-tsv.ts';
import { normalQuantile } from '../../stats/normal.ts';
import type { Ledger } from '../ledger.ts';
import { gatherChampion } from './champion-facts.ts';

/** A change of the metric with its interval, in the metric's own sign. */
export interface StatedGain {
  change: number;
  /** Two-sided; null where the noise is unknown. */
  interval: { low: number; high: number } | null;
}

/** The evidence. */
export interface ChampionEvidence {
  word: 'provisional' | 'confirmed' | 'refuted';
  /** Over the code without any of its changes: expected where it is provisional, measured by fresh seeds where it is not; null where nothing says it. */
  gain: StatedGain | null;
  /** Runs of each code behind a measured gain; null otherwise. */
  runs: number | null;
}

/** The gain that a claim's row states; null where it states none. */
export function readStatedGain({ metrics }: Pick<ParsedResult, 'metrics'>): StatedGain | null {
  const { gain, gain_low: low, gain_high: high } = metrics;
  if (gain === undefined) return null;
  return { change: gain, interval: low === undefined || high === undefined ? null : { low, high } };
}

/** What the champion rests on; null where nothing was kept. */
export function readChampionEvidence(ledger: Ledger, config: LabConfig): ChampionEvidence | null {
  const { champion, baseline } = ledger.view;
  if (champion === null || champion.source !== 'experiment') return null;
  const own = ledger.rows.filter(
    (row) => champion.commit.startsWith(row.commit) && row.commit !== '' && row.track === ledger.track,
  );
  const claim = own.findLast(({ evidence }) => evidence === 'confirmed' || evidence === 'refuted');
  const verdict = ledger.evidence.claims.findLast(
    ({ commit, state }) => commit === champion.commit && state !== 'provisional',
  );
  const word = verdict?.state ?? claim?.evidence;
  if (word === 'confirmed' || word === 'refuted') {
    const isOfClaim = claim?.evidence === word;
    return { word, gain: isOfClaim ? readStatedGain(claim) : null, runs: isOfClaim ? claim.n : null };
  }
  const facts = gatherChampion(ledger, config);
  if (facts?.gain) {
    const { change, sd } = facts.gain;
    const half = normalQuantile(1 - (1 - config.decision.interval) / 2) * sd;
    return { word: 'provisional', gain: { change, interval: { low: change - half, high: change + half } }, runs: null };
  }
  const gain = baseline === null ? null : { change: champion.value - baseline.value, interval: null };
  return { word: 'provisional', gain, runs: null };
}

/** "provisional, expected gain -0.030000 [-0.034900..-0.025100]" or "confirmed: gain … from 5 runs each". */
export function describeChampionEvidence({ word, gain, runs }: ChampionEvidence): string {
  const of = gain === null ? null : formatGain(gain);
  if (word === 'provisional') return of === null ? word : `${word}, expected gain ${of}`;
  const from = runs === null ? '' : ` from ${runs} ${runs === 1 ? 'run' : 'runs'} each`;
  return of === null ? `${word} with fresh seeds` : `${word}: gain ${of}${from}`;
}

/** "-0.030000 [-0.034900..-0.025100]". */
export function formatGain({ change, interval }: StatedGain): string {
  return interval === null
    ? formatChange(change)
    : `${formatChange(change)} [${formatChange(interval.low)}..${formatChange(interval.high)}]`;
}

const formatChange = (value: number): string => `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(6)}`;
