/**
 * Which ideas are built next: rating, expected gain, novelty against what was tried, feasibility, each from 0 to 1 with a fixed weight. Pure.
 * The choice is explained in two lines. It knows nothing of agents and starts nothing.
 */
import { concernsMetric, expectedChange, parseExpectation } from '../../queue/label.ts';
import type { Idea } from '../domain/idea.ts';
import { similarity } from '../lab/similarity.ts';

/** What the choice is made from. */
export interface SelectionInput {
  /** Ideas that may be built. */
  candidates: Idea[];
  /** Ideas that were built before. */
  tried: Idea[];
  direction: 'lower' | 'higher';
  unit: string;
  metricName: string;
  /** What the champion scores; null where unknown. */
  champion: number | null;
  /** Wall limit of a run, minutes: what takes longer cannot end. */
  budgetMinutes: number;
}

/** A candidate with its place. */
export interface RankedIdea {
  idea: Idea;
  /** 0 to 1. */
  score: number;
  /** Two lines for people. */
  choice: [string, string];
}

/** Weights of the four parts; they add up to 1. The rating is somebody's judgement of the whole, so it has half. */
export const selectionWeights = { rating: 0.5, gain: 0.2, novelty: 0.15, feasibility: 0.15 } as const;

/** The candidates, best first; equal ones in the order of their slugs. Ideas without a rating count as rated 0. */
export function rankIdeas(input: SelectionInput): RankedIdea[] {
  const scored = input.candidates
    .map((idea) => ({ idea, ...scoreIdea(idea, input) }))
    .sort((a, b) => b.score - a.score || a.idea.slug.localeCompare(b.idea.slug));
  return scored.map(({ idea, score, first, nearest }, index) => ({
    idea,
    score,
    choice: [
      first,
      `score ${score.toFixed(2)}, place ${index + 1} of ${scored.length} ${scored.length === 1 ? 'candidate' : 'candidates'}; ${nearest}`,
    ],
  }));
}

function scoreIdea(idea: Idea, input: SelectionInput): { score: number; first: string; nearest: string } {
  const gain = expectedGain(idea, input);
  const { score: novelty, nearest } = scoreNovelty(idea, input.tried);
  const parts = {
    rating: (idea.rating ?? 0) / 10,
    gain: gain === null ? 0 : scoreGain(gain),
    novelty,
    feasibility: idea.costMinutes === null ? 0.5 : Math.min(1, input.budgetMinutes / Math.max(idea.costMinutes, 0.01)),
  };
  let score = 0;
  for (const name of Object.keys(selectionWeights) as (keyof typeof selectionWeights)[])
    score += selectionWeights[name] * parts[name];
  const rated = idea.rating === null ? 'not rated' : `rating ${idea.rating} of 10`;
  const expects =
    idea.expected === '' ? 'expects no figure' : `expects ${idea.expected}${describeGain(idea, gain, input)}`;
  const cost = idea.costMinutes === null ? 'cost not stated' : `about ${idea.costMinutes} min on the device`;
  return { score, first: `${rated}, ${expects}, ${cost}`, nearest };
}

/** Expected gain as a share of the champion, positive is better; null where the idea states none of the metric or there is no champion. */
function expectedGain(idea: Idea, { direction, champion, metricName, unit }: SelectionInput): number | null {
  if (champion === null || champion === 0) return null;
  const change = expectedChange(parseExpectation(idea.expected, direction), champion, { name: metricName, unit });
  return change === null ? null : ((direction === 'lower' ? -1 : 1) * change) / Math.abs(champion);
}

function describeGain(idea: Idea, gain: number | null, { direction, metricName, unit }: SelectionInput): string {
  if (gain !== null) return ` (a gain of ${(100 * gain).toFixed(1)} % of the champion)`;
  const expected = parseExpectation(idea.expected, direction);
  const isFigure = expected.kind === 'change' || expected.kind === 'value';
  return isFigure && !concernsMetric(expected, { name: metricName, unit })
    ? `, which is no change of ${metricName}`
    : '';
}

/** A tenth of a per cent counts 0, thirty per cent and more 1, on a logarithmic scale: claims grow more easily than effects do. */
function scoreGain(gain: number): number {
  return gain <= 0 ? 0 : Math.min(1, Math.max(0, Math.log10(gain / 0.001) / Math.log10(300)));
}

function scoreNovelty(idea: Idea, tried: Idea[]): { score: number; nearest: string } {
  const textOf = ({ title, sections }: Idea) => `${title}\n${sections.hypothesis}\n${sections.change}`;
  let best: { slug: string; alike: number } | null = null;
  for (const other of tried) {
    const alike = similarity(textOf(idea), textOf(other));
    if (best === null || alike > best.alike) best = { slug: other.slug, alike };
  }
  if (best === null) return { score: 1, nearest: 'nothing was tried before' };
  return {
    score: 1 - best.alike,
    nearest: `nearest of those tried: ${best.slug}, ${Math.round(100 * best.alike)} % alike`,
  };
}
