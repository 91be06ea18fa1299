/** How well agents, models and people know what a change will do, as text for a terminal. Pure but for the terminal's width. */
import type { LabCase } from '../analysis/calibration-cases.ts';
import { explainSurprise } from '../analysis/surprise-words.ts';
import type { CalibrationGroup, CalibrationKey, Share } from '../stats/calibration.ts';
import type { Surprise } from '../stats/surprises.ts';
import { disarmLine } from './page.ts';
import { cut, renderTable, terminalWidth } from './render.ts';

/** From how many cases on the shares begin to mean something: with eight, the interval of one half still spans half of all that is possible. */
const enough = 8;
/** Most surprises that are listed. */
const mostSurprises = 10;

/** What is shown. */
export interface CalibrationView {
  by: CalibrationKey;
  /** Null for all tracks. */
  track: string | null;
  all: CalibrationGroup;
  groups: CalibrationGroup[];
  surprises: Surprise<LabCase>[];
  /** Cases of other tracks that are left out. */
  elsewhere: number;
}

/** Renders it. */
export function renderCalibration(view: CalibrationView): string {
  const { all, by, track } = view;
  const where = track === null ? 'all tracks' : `track ${track}`;
  const head = `${where}: ${count(all.cases, 'measured change')} with a stated figure${formatRest(all)}\n`;
  const others =
    view.elsewhere === 0
      ? ''
      : `${count(view.elsewhere, 'change')} of other tracks: \`lab calibration --all-tracks\`\n`;
  if (all.cases === 0) return `${head}${others}${noneYet}`;
  return [
    `${head}\n`,
    renderTable(
      [by, 'cases', 'right way', 'told', 'size', 'slope', 'off by', 'bias', 'unmeasured'],
      [formatGroup('all', all), ...view.groups.map((group) => formatGroup(group.name || 'not known', group))],
      new Set([1, 2, 3, 4, 5, 6, 7, 8]),
    ),
    `\n${legend}`,
    tellTooFew(view),
    renderSurprises(view.surprises, all.cases),
    others,
  ].join('');
}

const noneYet =
  'nothing to judge by: figures stand in `expected` of an idea, and in the H: of a label ("H: saves 0.01")\n';

const legend = `right way  the change went as expected; what luck explains counts half; [interval]
told       of how many the direction is told apart from luck
size       median of observed / expected; slope: what comes per unit expected (1 is exact)
off by     median distance in noise widths (0.7 is luck alone); bias: below 0 promises too much
`;

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function formatRest({ unmeasured, unstated }: CalibrationGroup): string {
  const parts = [
    ...(unmeasured === 0 ? [] : [`${unmeasured} not measured`]),
    ...(unstated === 0 ? [] : [`${unstated} without a figure of the metric`]),
  ];
  return parts.length === 0 ? '' : `; besides, ${parts.join(', ')}`;
}

function formatGroup(name: string, group: CalibrationGroup): string[] {
  const { cases, hits, told, directed, ratio, slope, errorWidths, biasWidths, unmeasured } = group;
  return [
    cut(disarmLine(name), 20),
    String(cases),
    hits === null ? '' : formatShare(hits),
    directed === 0 ? '' : `${told}/${directed}`,
    ratio === null ? '' : `${formatBounded(100 * ratio, 0)} %`,
    slope === null ? '' : formatBounded(slope, 2),
    errorWidths === null ? '' : formatBounded(errorWidths, 1),
    biasWidths === null ? '' : formatSigned(biasWidths),
    unmeasured === 0 ? '' : String(unmeasured),
  ];
}

function formatShare({ share, low, high }: Share): string {
  const percent = (value: number) => Math.round(100 * value);
  return `${percent(share)} % [${percent(low)}..${percent(high)}]`;
}

/** A figure of a column; beyond 999 it says no more than that. */
function formatBounded(value: number, digits: number): string {
  if (Math.abs(value) > 999) return value < 0 ? '<-999' : '>999';
  return value.toFixed(digits);
}

/** With its sign, unless it reads as nought. */
function formatSigned(value: number): string {
  const text = formatBounded(value, 1);
  if (Number(text) === 0) return text.replace('-', '');
  return value > 0 ? `+${text}` : text;
}

/** One sentence where the figures promise more than they can hold; "" where they do not. */
function tellTooFew({ all, groups }: CalibrationView): string {
  if (all.cases < enough)
    return `\n${count(all.cases, 'case')} ${all.cases === 1 ? 'is' : 'are'} too few to say how well anybody knows; at about ${enough} shares begin to mean something.\n`;
  const thin = groups.filter(({ cases }) => cases > 0 && cases < enough).length;
  if (thin === 0) return '';
  const rows = `${thin} of the ${count(groups.length, 'group')}`;
  return `\n${rows} ${thin === 1 ? 'has' : 'have'} fewer than ${enough} cases: such a row says next to nothing by itself.\n`;
}

function renderSurprises(surprises: readonly Surprise<LabCase>[], cases: number): string {
  if (surprises.length === 0)
    return '\nno surprises: nothing is further from what was stated than luck and a poor guess explain\n';
  const shown = surprises.slice(0, mostSurprises);
  const more = surprises.length > shown.length ? ` (${shown.length} of ${surprises.length})` : '';
  const width = Math.max(...shown.map(({ of: one }) => Math.min(28, one.name.length)));
  const lines = shown.map((surprise) =>
    cut(
      `  ${cut(disarmLine(surprise.of.name), 28).padEnd(width)}  ${disarmLine(explainSurprise(surprise))}`,
      terminalWidth(),
    ),
  );
  const byLuck = cases < 50 ? '' : `; luck alone makes about ${Math.round(cases / 100)} of ${cases} cases one`;
  return `\nsurprises${more}${byLuck}\n${lines.join('\n')}\n`;
}
