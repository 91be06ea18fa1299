/** The progress of a session as text: the running best as a line and, under it, what became of each row. No colour; any width. */
import { plot } from 'asciichart';
import { type Direction, followBest, formatMetric, isStanding, type Trial, type TrialRow } from '../trial-rows.ts';
import { choosePictureScale } from './picture-scale.ts';

/** Rows of the chart. */
const height = 10;
/** A step drawn wider than this says no more. */
const widestRow = 8;

/** Draws the chart in `columns` columns; every line ends with a line end. Says so where no row has a metric. */
export function renderTerminalChart(
  rows: readonly TrialRow[],
  metric: string,
  direction: Direction,
  columns: number,
): string {
  const trials = followBest(rows, direction);
  if (trials.length === 0) return `${metric}: no rows yet\n`;
  const scale = choosePictureScale(rows, direction);
  const bests = trials.map(({ best }) => (best !== null && Number.isFinite(best) ? best : null));
  const known = bests.filter((best) => best !== null);
  const labels = known.map((value) => formatMetric(value));
  const labelWidth = Math.max(9, ...labels.map((label) => label.length));
  // asciichart puts " ┤" or "┼" after the label.
  const room = Math.max(10, columns - labelWidth - 3);
  const cells = divide(trials, room);
  const head = `running best of ${metric}, ${direction} is better\n`;
  const rug = `${' '.repeat(labelWidth + 2)}${cells.map((cell) => markCell(cell)).join('')}\n`;
  const legend = `${' '.repeat(labelWidth + 2)}${describeMarks(trials, cells.length)}\n`;
  if (scale === null || known.length === 0) return `${metric}: no row has one, nothing to draw\n${rug}${legend}`;
  // A column shows where its last row stands, but the first one where everything began.
  const line = cells.map((cell, column) => {
    const value = (column === 0 ? null : bests[(cell.at(-1)?.row ?? 1) - 1]) ?? known[0] ?? 0;
    return Math.min(scale.high, Math.max(scale.low, value));
  });
  // asciichart rounds the label away where there is one value alone.
  const text =
    Math.max(...line) === Math.min(...line)
      ? `${formatMetric(line[0] ?? 0).padStart(labelWidth)} ┼${'─'.repeat(line.length)}`
      : plot(line, { height, format: (value: number) => formatMetric(value).padStart(labelWidth) })
          .split('\n')
          .map((row) => row.trimEnd())
          .join('\n');
  return `${head}${text}\n${rug}${legend}`;
}

/** The rows of each column: several columns a row where there is room, several rows a column where there is not. */
function divide(trials: readonly Trial[], room: number): Trial[][] {
  if (trials.length <= room) {
    const wide = Math.max(1, Math.min(widestRow, Math.floor(room / trials.length)));
    return trials.flatMap((trial) => Array.from({ length: wide }, () => [trial]));
  }
  const cells: Trial[][] = Array.from({ length: room }, () => []);
  for (const [index, trial] of trials.entries()) cells[Math.floor((index * room) / trials.length)]?.push(trial);
  return cells;
}

/** What matters most among the rows of a column: a keep, else a crash, else what else there is. */
function markCell(cell: readonly Trial[]): string {
  if (cell.some((trial) => isStanding(trial))) return 'K';
  if (cell.some(({ status }) => status === 'crash')) return 'x';
  return cell.some(({ status }) => status === 'discard') ? '.' : '?';
}

function describeMarks(trials: readonly Trial[], columns: number): string {
  const has = (status: string) => trials.some((trial) => trial.status === status);
  const marks = [
    ...(trials.some((trial) => isStanding(trial)) ? ['K kept'] : []),
    ...(has('discard') ? ['. discarded'] : []),
    ...(has('crash') ? ['x crashed'] : []),
    ...(has('other') ? ['? other'] : []),
  ].join(', ');
  const perRow = columns / trials.length;
  if (perRow === 1) return `${marks}; rows 1 to ${trials.length}`;
  if (perRow > 1) return `${marks}; rows 1 to ${trials.length}, ${perRow} columns each`;
  return `${marks}; rows 1 to ${trials.length}, about ${(1 / perRow).toFixed(1)} to a column`;
}
