/**
 * The progress of a session as a picture (SVG): the running best as a step line, every row as a point, crashes on the axis, labels at the
 * keeps. Observable Plot draws axes and points; title, legend and labels are laid over, in places that were looked for.
 */
import { type Direction, followBest, formatMetric, gainOver, isStanding, type TrialRow } from '../trial-rows.ts';
import { measureText, placeLabels } from './label-places.ts';
import { choosePicturePoints, chooseRowTicks, type Frame, measurePixels, spanRows } from './picture-points.ts';
import { choosePictureScale } from './picture-scale.ts';

/** What the picture is of. */
export interface PictureSubject {
  /** "session mar5", "results.tsv" */
  title: string;
  metric: string;
  direction: Direction;
  rows: readonly TrialRow[];
}

/** Size of the picture in its own pixels. */
export const pictureSize = { width: 1200, height: 680 };

const frame: Frame = { left: 84, right: pictureSize.width - 28, top: 92, bottom: pictureSize.height - 62 };
const fonts = "'DejaVu Sans', Verdana, sans-serif";
const colours = {
  kept: '#1b7837',
  discarded: '#9a9a9a',
  crash: '#b2182b',
  other: '#4575b4',
  ink: '#222222',
  dim: '#666666',
};
const labelSize = 11.5;
const longestLabel = 44;

/** Draws the picture. */
export async function drawPicture(subject: PictureSubject): Promise<string> {
  const { rows, direction, metric } = subject;
  const scale = choosePictureScale(rows, direction);
  const drawn = choosePicturePoints(rows, direction, scale);
  const { axisX, axisY, dot, gridY, line, plot, ruleY, parseHTML } = await import('./drawing.ts');
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const on = drawn.points.filter(({ beyond }) => beyond === null);
  const off = drawn.points.filter(({ beyond }) => beyond !== null);
  const radius = rows.length > 150 ? 2.5 : rows.length > 60 ? 3.2 : 4;
  const range = scale ?? { low: 0, high: 1 };
  const at = { x: 'x', y: 'y' };
  const of = (kind: string) => on.filter((point) => point.kind === kind);
  const svg = plot({
    document,
    width: pictureSize.width,
    height: pictureSize.height,
    marginLeft: frame.left,
    marginRight: pictureSize.width - frame.right,
    marginTop: frame.top,
    marginBottom: pictureSize.height - frame.bottom,
    style: { fontFamily: fonts, fontSize: '12px', background: 'white', color: colours.ink },
    x: { domain: spanRows(rows.length) },
    y: { domain: [range.low, range.high], ...(scale === null ? { axis: null } : {}) },
    marks: [
      ...(scale === null
        ? []
        : [
            gridY({ stroke: '#000000', strokeOpacity: 0.08, ticks: 8 }),
            axisY({ label: null, tickSize: 4, ticks: 8, tickPadding: 5 }),
          ]),
      ruleY([range.low], { stroke: colours.dim }),
      axisX({
        label: null,
        ticks: chooseRowTicks(rows.length),
        tickFormat: (tick: number) => String(tick),
        tickSize: 4,
      }),
      dot(of('discarded'), { ...at, r: radius, fill: colours.discarded, fillOpacity: 0.6 }),
      dot(of('other'), { ...at, r: radius, stroke: colours.other, strokeWidth: 1.4 }),
      ...[
        { side: 'above', rotate: 0 },
        { side: 'below', rotate: 180 },
      ].map(({ side, rotate }) =>
        dot(
          off.filter((point) => point.beyond === side),
          {
            ...at,
            ...{ r: radius, symbol: 'triangle', rotate, dy: side === 'above' ? 6 : -6, strokeWidth: 1.6 },
            stroke: (point: { kind: string }) => (point.kind === 'kept' ? colours.kept : colours.discarded),
          },
        ),
      ),
      line(drawn.steps, { ...at, curve: 'step-after', stroke: colours.kept, strokeWidth: 2 }),
      dot(of('hollow'), { ...at, r: radius + 1, stroke: colours.kept, strokeWidth: 1.8, fill: 'white' }),
      dot(of('kept'), { ...at, r: radius + 1.2, fill: colours.kept, stroke: 'white', strokeWidth: 1 }),
      dot(
        drawn.crashes.map((x) => ({ x, y: range.low })),
        { ...at, symbol: 'times', r: radius, dy: -8, stroke: colours.crash, strokeWidth: 1.8 },
      ),
    ],
  });
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  const pixels = measurePixels(frame, rows.length, range);
  const wishes = drawn.points
    .filter(({ kind }) => kind === 'kept')
    // One beyond the axis has its triangle; the line to it is still in the way of others.
    .map(({ trial, x, y, beyond }) => ({
      x: pixels.x(x),
      y: pixels.y(y),
      text: beyond === null ? shorten(trial.description) : '',
      weight: trial.gain ?? Number.POSITIVE_INFINITY,
    }));
  const side = direction === 'lower' ? 'below' : 'above';
  const room = { left: frame.left + 4, right: frame.right, top: frame.top, bottom: frame.bottom - 18 };
  const placed = placeLabels(
    wishes,
    on.filter(({ kind }) => kind !== 'kept').map(({ x, y }) => ({ x: pixels.x(x), y: pixels.y(y) })),
    room,
    side,
    labelSize,
  );
  const labels = placed.map(({ wish, x, y, anchor, text }) => {
    const point = wishes[wish] ?? { x, y };
    const end = { x: x + (anchor === 'end' ? 2 : -2), y };
    const leader = `<path d="M${round(point.x)},${round(point.y)}L${round(end.x)},${round(end.y)}" stroke="${colours.kept}" stroke-opacity="0.45" fill="none"/>`;
    return `${leader}${write(text, x, y + labelSize * 0.35, { anchor, size: labelSize, halo: true })}`;
  });
  const overlay = [
    ...labels,
    ...drawHeading(subject),
    ...drawLegend(drawn),
    write(`${metric}, ${direction} is better`, 14, frame.top - 14, { size: 12, fill: colours.dim }),
    write('experiment (row of the table)', frame.right, pictureSize.height - 22, {
      size: 12,
      anchor: 'end',
      fill: colours.dim,
    }),
    write(describeOmissions(off.length, placed.length, wishes.length), 14, pictureSize.height - 22, {
      size: 12,
      fill: colours.dim,
    }),
    ...(scale === null
      ? [
          write(
            rows.length === 0 ? 'no rows yet' : 'no row has a metric',
            (frame.left + frame.right) / 2,
            (frame.top + frame.bottom) / 2,
            { size: 18, anchor: 'middle', fill: colours.dim },
          ),
        ]
      : []),
  ];
  return svg.outerHTML.replace(/<\/svg>\s*$/, `<g font-family="${fonts}">${overlay.join('\n')}</g></svg>\n`);
}

function drawHeading({ title, metric, direction, rows }: PictureSubject): string[] {
  const trials = followBest(rows, direction);
  const first = trials.find((trial) => isStanding(trial) && trial.metric !== null)?.metric ?? null;
  const best = trials.at(-1)?.best ?? null;
  const kept = rows.filter(({ status }) => status === 'keep').length;
  const counted = `${rows.length} ${rows.length === 1 ? 'row' : 'rows'}, ${kept} kept`;
  const won = first === null || best === null ? null : gainOver(best, first, direction);
  const share =
    won === null || first === null || first === 0 ? '' : ` (${((100 * won) / Math.abs(first)).toFixed(2)} %)`;
  const second =
    first === null || best === null
      ? `no row with a ${metric}`
      : won === 0
        ? `${metric} ${formatMetric(best)}, nothing won yet`
        : `${metric} ${formatMetric(first)} to ${formatMetric(best)}${share}`;
  return [
    write(`${shorten(title, 70)}: ${counted}`, 14, 30, { size: 19 }),
    write(second, 14, 54, { size: 13.5, fill: colours.dim }),
  ];
}

function drawLegend({ points, crashes, steps }: ReturnType<typeof choosePicturePoints>): string[] {
  const count = (kind: string) => points.filter((point) => point.kind === kind).length;
  const circle = (fill: string, stroke: string) => (x: number, y: number) =>
    `<circle cx="${round(x)}" cy="${y}" r="4.5" fill="${fill}" stroke="${stroke}" stroke-width="1.6"/>`;
  const cross = (x: number, y: number) =>
    `<path d="M${round(x - 4)},${y - 4}l8,8m0,-8l-8,8" stroke="${colours.crash}" stroke-width="1.8" fill="none"/>`;
  const dash = (x: number, y: number) =>
    `<path d="M${round(x - 9)},${y}h18" stroke="${colours.kept}" stroke-width="2" fill="none"/>`;
  const entries = [
    { text: 'running best', count: steps.length, sign: dash, wide: 18 },
    { text: `kept ${count('kept')}`, count: count('kept'), sign: circle(colours.kept, 'none'), wide: 10 },
    { text: `kept, no gain ${count('hollow')}`, count: count('hollow'), sign: circle('white', colours.kept), wide: 10 },
    {
      text: `discarded ${count('discarded')}`,
      count: count('discarded'),
      sign: circle(colours.discarded, 'none'),
      wide: 10,
    },
    { text: `other ${count('other')}`, count: count('other'), sign: circle('white', colours.other), wide: 10 },
    { text: `no metric ${crashes.length}`, count: crashes.length, sign: cross, wide: 10 },
  ].filter((entry) => entry.count > 0);
  const parts: string[] = [];
  let right = frame.right;
  for (const { text, sign, wide } of entries.reverse()) {
    const width = measureText(text, 12.5) + 2;
    parts.push(write(text, right, 58, { size: 12.5, anchor: 'end' }), sign(right - width - 4 - wide / 2, 54));
    right -= width + wide + 26;
  }
  return parts;
}

function describeOmissions(off: number, labels: number, keeps: number): string {
  return [
    ...(off > 0 ? [`${off} ${off === 1 ? 'row lies' : 'rows lie'} beyond the axis (triangles at its edge)`] : []),
    ...(labels < keeps ? [`labels: ${labels} of ${keeps} keeps, those that won most first`] : []),
  ].join('; ');
}

function shorten(text: string, most = longestLabel): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  const letters = [...line];
  return letters.length <= most
    ? line
    : `${letters
        .slice(0, most - 1)
        .join('')
        .trimEnd()}…`;
}

interface Writing {
  size: number;
  anchor?: 'start' | 'middle' | 'end';
  fill?: string;
  /** A white rim, so that it can be read over points. */
  halo?: boolean;
}

function write(text: string, x: number, y: number, { size, anchor = 'start', fill, halo = false }: Writing): string {
  const rim = halo ? ' stroke="white" stroke-width="3" stroke-linejoin="round" paint-order="stroke"' : '';
  return `<text x="${round(x)}" y="${round(y)}" font-size="${size}" text-anchor="${anchor}" fill="${fill ?? colours.ink}"${rim}>${escapeXml(text)}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

// Not allowed in XML 1.0, whatever way they are written.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out here
const unprintable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]/g;

function escapeXml(text: string): string {
  return text
    .replaceAll(/\p{Cs}/gu, '\ufffd')
    .replaceAll(unprintable, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
