/**
 * What kinds of nights are simulated: how noisy one run is and what the ideas are worth. Effects are in noise widths (standard deviation of
 * one run), so that devices can be compared; `unit` is the width in the metric's own unit. The figures are those of a study of public
 * result tables (sd of repeated runs, sizes of the keeps against it); the shares of harmful and useless ideas are assumptions.
 */
import type { RandomStream } from '../../src/stats/seeded-random.ts';

/** What ideas of a night are worth, in noise widths. */
export interface IdeaShares {
  /** Share of ideas that harm and of ideas that help; the rest does nothing. */
  harmful: number;
  helpful: number;
  /** Mean size of a harm and of a help. */
  harmMean: number;
  helpMean: number;
  /** Share of the helpful ideas that are big, and how many times bigger: a few early keeps carry most of a night. */
  big?: { share: number; times: number };
}

/** One kind of night. */
export interface Mix {
  name: string;
  /** Runs of the night, baseline and confirming runs included. */
  budget: number;
  /** Standard deviation of one run in the metric's own unit; a scale for the reader only. */
  unit: number;
  /** What the first ideas are worth, and the last; between them the shares and means move in a straight line. */
  early: IdeaShares;
  late: IdeaShares;
  /** Share of runs that diverge, whatever the idea, and how many widths worse they are on average; null: the noise is normal. */
  diverge: { share: number; widths: number } | null;
  /** Correlation of two runs of different code with the same seed. */
  seedCorrelation: number;
  /** Share of pairs of ideas that are worth more or less together than apart, and by how much (standard deviation); null: worths add up. */
  interaction: { share: number; sd: number } | null;
  /** Share of ideas that git cannot take out of later code, or put onto it, by itself. */
  entangled: number;
  /** True where no idea helps. */
  isNull: boolean;
  /** True for a night that breaks an assumption on purpose: it is printed, the goals are judged without it. */
  isStress: boolean;
}

const steady = (shares: IdeaShares): Pick<Mix, 'early' | 'late'> => ({ early: shares, late: shares });
const ordinary = {
  budget: 130,
  diverge: null,
  seedCorrelation: 0,
  interaction: null,
  entangled: 0.15,
  isNull: false,
  isStress: false,
};
const issueShares: IdeaShares = { harmful: 0.45, helpful: 0.2, harmMean: 2, helpMean: 2 };

/** The nights, in the order in which they are printed. */
export const mixes: readonly Mix[] = [
  { ...ordinary, name: 'issue 45/35/20', unit: 1, ...steady(issueShares) },
  {
    // One session of 126 runs: gain of 56 widths, 4 keeps carry 73 %, median keep 0.9 widths, 0.4 in its last half.
    ...ordinary,
    name: 'H100',
    unit: 0.0005,
    early: { harmful: 0.45, helpful: 0.25, harmMean: 4, helpMean: 2.5, big: { share: 0.15, times: 6 } },
    late: { harmful: 0.45, helpful: 0.12, harmMean: 4, helpMean: 0.6 },
  },
  {
    // 4 of 10 keeps above 2.3 widths; gain of 35 widths in 15 trials.
    ...ordinary,
    name: 'RTX 2060',
    unit: 0.0009,
    early: { harmful: 0.45, helpful: 0.3, harmMean: 4, helpMean: 3, big: { share: 0.2, times: 3 } },
    late: { harmful: 0.45, helpful: 0.15, harmMean: 4, helpMean: 1.5 },
  },
  {
    // None of 22 trials beat the baseline's best run.
    ...ordinary,
    name: 'T4',
    unit: 0.0057,
    ...steady({ harmful: 0.5, helpful: 0.15, harmMean: 2, helpMean: 0.8 }),
  },
  {
    // 63 % of 60 keeps below 2.3 widths; repeats share their data order.
    ...ordinary,
    name: 'MLX',
    unit: 0.02,
    ...steady({ harmful: 0.4, helpful: 0.25, harmMean: 3, helpMean: 1.5 }),
    seedCorrelation: 0.5,
  },
  {
    // Seeds 267.9, 271.8, 430.4 of one configuration: one run in twelve diverges by ten widths.
    ...ordinary,
    name: 'FID, heavy tail',
    unit: 14,
    ...steady({ harmful: 0.4, helpful: 0.2, harmMean: 2, helpMean: 1.5 }),
    diverge: { share: 0.08, widths: 10 },
  },
  {
    ...ordinary,
    name: 'late, poor',
    unit: 0.0005,
    ...steady({ harmful: 0.5, helpful: 0.1, harmMean: 2, helpMean: 0.7 }),
  },
  {
    ...ordinary,
    name: 'null, no-op edits',
    unit: 0.0005,
    ...steady({ harmful: 0, helpful: 0, harmMean: 0, helpMean: 0 }),
    isNull: true,
  },
  {
    ...ordinary,
    name: 'null with harm',
    unit: 0.0005,
    ...steady({ harmful: 0.45, helpful: 0, harmMean: 2, helpMean: 0 }),
    isNull: true,
  },
  {
    // Not from a table: what our rule's model of adding worths costs where they do not add.
    ...ordinary,
    name: 'issue, interacting',
    unit: 1,
    ...steady(issueShares),
    interaction: { share: 0.1, sd: 0.5 },
    isStress: true,
  },
];

/** Draws what an idea is worth (positive helps), `progress` of the way through the night (0 to 1). */
export function drawEffect(mix: Mix, progress: number, random: RandomStream): number {
  const blend = (from: number, to: number) => from + (to - from) * Math.min(1, progress);
  const { early, late } = mix;
  const kind = random.uniform();
  const isBig = random.uniform();
  const size = random.exponential();
  const harmful = blend(early.harmful, late.harmful);
  if (kind < harmful) return -size * blend(early.harmMean, late.harmMean);
  if (kind >= harmful + blend(early.helpful, late.helpful)) return 0;
  const bigShare = blend(early.big?.share ?? 0, late.big?.share ?? 0);
  const times = isBig < bigShare ? Math.max(early.big?.times ?? 1, late.big?.times ?? 1) : 1;
  return size * blend(early.helpMean, late.helpMean) * times;
}
