/** `lab champion` as text: figures in the metric's own unit and sign. Pure. */
import { normalQuantile } from '../../stats/normal.ts';
import { renderTable } from '../render.ts';
import type { ChampionFacts, ChangeFacts } from './champion-facts.ts';

/** What the words need besides the facts. */
export interface ChampionWords {
  metricName: string;
  unit: string;
  /** Two-sided, of intervals. */
  interval: number;
  /** What the gain rests on, in words; null where nothing was kept. */
  evidence: { isProvisional: boolean; text: string } | null;
}

/** Renders. */
export function renderChampion(facts: ChampionFacts, words: ChampionWords): string {
  const { metricName, unit, interval, evidence } = words;
  const spread = normalQuantile(1 - (1 - interval) / 2);
  const range = (mean: number, sd: number) => `[${signed(mean - spread * sd)}..${signed(mean + spread * sd)}]`;
  const lines = [
    `track ${facts.track}${facts.model === null ? '' : ` on ${facts.model}`}`,
    `champion ${facts.commit.slice(0, 7)} (${describeMaking(facts)})`,
  ];
  if (facts.value !== null)
    lines.push(
      `worth ${metricName} ${facts.value.metric.toFixed(6)}${facts.value.sd === null ? '' : ` +- ${facts.value.sd.toFixed(6)}`}${unit ? ` ${unit}` : ''}${describeLuck(facts)}`,
    );
  if (evidence !== null)
    lines.push(
      evidence.isProvisional
        ? `${evidence.text}, by the runs that chose it; \`lab confirm\` measures it with fresh seeds`
        : evidence.text,
    );
  lines.push(describeNoise(facts));
  if (facts.changes.length > 0) lines.push('', renderChanges('change', facts.changes, range, true).trimEnd());
  if (facts.near.length > 0)
    lines.push('', renderChanges('near miss (rides along now and then)', facts.near, range).trimEnd());
  return `${lines.join('\n')}\n`;
}

function describeMaking({ source, changes }: ChampionFacts): string {
  if (source === 'bridge') return 'bridged from another track';
  if (changes.length === 0)
    return source === 'baseline' ? 'the baseline: nothing was kept yet' : 'kept before the lab knew changes apart';
  return `${changes.length} ${changes.length === 1 ? 'change' : 'changes'} kept`;
}

function describeLuck({ chosenBy, changes }: ChampionFacts): string {
  if (changes.length === 0) return '';
  if (chosenBy === null) return ' (put together: this code never ran by itself)';
  return ` (chosen by ${chosenBy.metric.toFixed(6)}; ${signed(chosenBy.luck)} of that was luck)`;
}

function describeNoise({ noise }: ChampionFacts): string {
  if (noise.sd === null) return 'noise unknown: `lab baseline` with two seeds or more measures it';
  const left = noise.leftOut === 0 ? '' : `, ${noise.leftOut} left out as too far off`;
  const degrees = noise.degrees === 1 ? '1 degree' : `${noise.degrees} degrees`;
  return `noise ${noise.sd.toFixed(6)} (sd of one run, ${degrees} of freedom from ${noise.runs} repeats${left})`;
}

function renderChanges(
  title: string,
  changes: ChangeFacts[],
  range: (mean: number, sd: number) => string,
  isKept = false,
): string {
  const rows = changes.map(({ slug, worth, runsWith, runsWithout, isDoubtful }) => [
    slug,
    worth === null ? '' : signed(worth.change),
    worth === null ? '' : range(worth.change, worth.sd),
    worth === null ? '' : `${Math.round(100 * worth.helps)} %`,
    `${runsWith}/${runsWithout}`,
    isDoubtful && isKept ? 'doubtful: a claim leaves it out' : '',
  ]);
  return renderTable([title, 'worth', 'interval', 'helps', 'runs with/without', ''], rows, new Set([1, 3, 4]));
}

const signed = (value: number): string => `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(6)}`;
