/** The review of a session's results as text for a terminal. Pure but for the width that it is given. */
import { renderTerminalChart } from '../../analysis/progress-picture/terminal-chart.ts';
import { formatMetric } from '../../analysis/trial-rows.ts';
import { type JudgedKeep, listNumbers } from '../../ratchet/results/judge-gains.ts';
import type { ResultsReview } from '../../ratchet/results-mode.ts';
import { disarmLine } from '../page.ts';
import { cut, renderTable } from '../render.ts';
import type { ResultsSource } from './results-source.ts';

/** Lists longer than this are cut, unless all of it is asked for. */
const shownTried = 12;

/** Renders the review. `top`: how many keeps are listed, null for all; `isAll`: cut nothing. */
export function renderReview(
  review: ResultsReview,
  { title, metric, picture }: Pick<ResultsSource, 'title' | 'metric' | 'picture'>,
  { columns, top, isAll }: { columns: number; top: number | null; isAll: boolean },
): string {
  const isOfLab = picture !== null;
  // The loop, its lines and its summary count experiments from the baseline; the table and the picture count rows from the first.
  const numbering =
    isOfLab && review.rows > 1 ? 'row 1 is the baseline, row 2 experiment 1 of the loop, and so on\n' : '';
  const counts = Object.entries(review.counts).map(([status, rows]) => `${rows} ${status}`);
  const parts = [
    `${title}: ${review.rows} ${review.rows === 1 ? 'row' : 'rows'}${counts.length === 0 ? '' : `, ${counts.join(', ')}`}; ${metric.name}, ${metric.direction} is better\n${numbering}`,
    `${describeBest(review, isOfLab, columns)}${describeNoise(review, isOfLab)}`,
    renderTerminalChart(review.trusted, metric.name, metric.direction, Math.min(columns, 140)),
    renderGains(review, metric.name, columns, isAll ? null : top),
    renderFailures(review, columns),
    renderMisses(review, columns),
    renderYields(review),
    renderTried(review, isAll),
    renderNext(review),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

function describeBest({ best }: ResultsReview, isOfLab: boolean, columns: number): string {
  if (best === null) return 'no kept row has a metric yet\n';
  const share =
    best.won === 0 || best.first === 0 ? '' : ` (${((100 * best.won) / Math.abs(best.first)).toFixed(2)} %)`;
  const won = best.won === 0 ? 'nothing won yet' : `${formatMetric(best.won)}${share} better than the first`;
  const place = isOfLab ? `row ${best.row} (experiment ${best.row - 1})` : `row ${best.row}`;
  return `${cut(`best ${formatMetric(best.metric)} in ${place}${best.commit === null ? '' : ` at ${best.commit.slice(0, 7)}`}, ${won}: ${disarmLine(best.description)}`, columns)}\n`;
}

function describeNoise({ noise }: ResultsReview, isOfLab: boolean): string {
  if (noise === null)
    return `noise unknown, so no gain can be told from luck: --noise <sd of one run>${isOfLab ? ', or `lab baseline --seeds 3` measures it' : ''}\n`;
  const rests = noise.degrees === null ? '' : `, ${noise.degrees} degrees of freedom`;
  return `noise: sd of one run ${formatMetric(noise.sd)} (${noise.from}${rests}); one run must win ${formatMetric(noise.needed)} to be more than luck at 95 %\n`;
}

function renderGains({ gains }: ResultsReview, metric: string, columns: number, top: number | null): string {
  if (gains.length === 0) return '';
  const anomalies = gains.filter(({ verdict }) => verdict === 'anomaly');
  const rest = gains.filter(({ verdict }) => verdict !== 'anomaly');
  const shown = [...(top === null ? rest : rest.slice(0, top)), ...anomalies];
  const left = gains.length - shown.length;
  const table = renderTable(
    ['row', 'commit', metric, 'won', 'memory', 'so', 'change'],
    shown.map((keep) => [
      String(keep.row),
      keep.commit?.slice(0, 8) ?? '',
      formatMetric(keep.metric),
      keep.gain === null ? '' : formatMetric(keep.gain),
      keep.memoryGb === null ? '' : `${keep.memoryGb.toFixed(1)} GB`,
      describeVerdict(keep),
      disarmLine(keep.description),
    ]),
    new Set([0, 2, 3, 4]),
  );
  const lines = table
    .trimEnd()
    .split('\n')
    .map((line) => cut(line, columns));
  const reasons = anomalies.map(({ row, reason }) => `row ${row} is an anomaly: ${reason}\n`);
  return `gains\n${lines.join('\n')}\n${left > 0 ? `${left} more: --all\n` : ''}${reasons.join('')}`;
}

function describeVerdict({ verdict, reason }: JudgedKeep): string {
  if (verdict === 'start') return 'first';
  if (verdict === 'unjudged') return 'noise unknown';
  return verdict === 'anomaly' || verdict === 'no gain' || reason === '' ? verdict : `${verdict}, ${reason}`;
}

function renderFailures({ failures }: ResultsReview, columns: number): string {
  if (failures.length === 0) return '';
  const lines = failures.map(({ kind, what, crashes, discards, rows }) => {
    const ends = [...(discards > 0 ? [`${discards} discarded`] : []), ...(crashes > 0 ? [`${crashes} crashed`] : [])];
    const tail = `: ${ends.join(', ')} (rows ${listNumbers(rows)})`;
    const head = kind === 'words' ? `"${disarmLine(what)}"` : disarmLine(what);
    return `  ${cut(`${kind}: ${head}`, Math.max(20, columns - 2 - tail.length))}${tail}\n`;
  });
  return `failures that repeat, with no keep among them\n${lines.join('')}`;
}

function renderMisses({ nearMisses, noise }: ResultsReview, columns: number): string {
  if (nearMisses.length === 0) return '';
  const width = noise === null || noise.sd === 0 ? 'a thousandth of the best' : 'the noise';
  const lines = nearMisses.map(({ row, missedBy, description }) => {
    const by =
      missedBy >= 0 ? `missed by ${formatMetric(missedBy)}` : `better by ${formatMetric(-missedBy)}, discarded`;
    return `  ${cut(`row ${row}, ${by}: ${disarmLine(description)}`, columns - 2)}\n`;
  });
  return `near misses, within ${width}\n${lines.join('')}`;
}

function renderYields({ yields, keepRate }: ResultsReview): string {
  if (yields.length === 0) return '';
  const table = renderTable(
    ['category', 'tries', 'keeps', 'crashed', 'won in all'],
    yields.map((one) => [
      disarmLine(one.category),
      String(one.tries),
      String(one.keeps),
      String(one.crashes),
      one.totalGain === 0 ? '' : formatMetric(one.totalGain),
    ]),
    new Set([1, 2, 3, 4]),
  );
  const rates = keepRate.map(({ span, keeps, tries }) => `${span}: ${keeps} of ${tries}`);
  const shown = rates.length <= 6 ? rates : [...rates.slice(0, 2), '…', ...rates.slice(-3)];
  return `yield per category\n${table}kept, ${shown.join('; ')}\n`;
}

function renderTried({ tried }: ResultsReview, isAll: boolean): string {
  if (tried.length === 0) return '';
  const shown = isAll ? tried : tried.slice(0, shownTried);
  const left = tried.length - shown.length;
  return `for program.md, "what has been tried" (what it names already is left out)\n${shown.map((line) => `${disarmLine(line)}\n`).join('')}${left > 0 ? `${left} more lines: --all, or \`lab autoresearch program --write\`\n` : ''}`;
}

function renderNext({ next }: ResultsReview): string {
  if (next.length === 0) return '';
  return next
    .map(
      ({ family, reason }, index) =>
        `${index === 0 ? 'next, try: ' : 'or:        '}${disarmLine(family)} (${reason})\n`,
    )
    .join('');
}
