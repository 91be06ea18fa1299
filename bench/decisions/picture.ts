/**
 * The picture of the guide: each simulated night as a point, by what its champion is really worth and what the rule claims for it, strict beside
 * ours. Plain SVG without a library, readable in black and white. `npm run bench decisions -- --picture` writes it; the figures are those of
 * the same nights as in the tables.
 */
import { mixSeed } from '../../src/stats/seeded-random.ts';
import type { Mix } from './mixes.ts';
import { openWorld, type Player } from './world.ts';

/** A night. Gains in noise widths; claimed null: it claims nothing. */
export interface NightPoint {
  true: number;
  claimed: number | null;
}

/** One part of the picture. */
export interface Panel {
  title: string;
  strict: NightPoint[];
  ours: NightPoint[];
}

const size = { width: 300, height: 300, gap: 64, left: 52, top: 62, bottom: 92 };

/** Plays the nights of a panel. */
export function playPanel(
  { title, mix, kind }: { title: string; mix: Mix; kind: number },
  players: { strict: Player; ours: Player },
  { nights, firstSeed }: { nights: number; firstSeed: number },
): Panel {
  const play = (player: Player): NightPoint[] =>
    Array.from({ length: nights }, (_, night) => {
      const world = openWorld(mix, mixSeed(firstSeed + night, kind));
      const ending = player(world);
      return { true: world.worth(ending.champion), claimed: ending.claimed };
    });
  return { title, strict: play(players.strict), ours: play(players.ours) };
}

/** Draws. */
export function renderPicture(panels: readonly Panel[]): string {
  const width = size.left + panels.length * (size.width + size.gap) - size.gap + 20;
  const height = size.top + size.height + size.bottom;
  const nights = panels[0]?.strict.length ?? 0;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="Helvetica, Arial, sans-serif" font-size="13">`,
    `<title>What ${nights} simulated nights of each kind claim, against what they are worth</title>`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    `<text x="${size.left}" y="24" font-size="15">What a night claims against what it is worth, in noise widths; each mark is one of ${nights} nights</text>`,
    ...panels.map((panel, place) => renderPanel(panel, size.left + place * (size.width + size.gap), size.top)),
    ...renderLegend(size.left, height - 20),
    '</svg>',
    '',
  ].join('\n');
}

function renderPanel({ title, strict, ours }: Panel, left: number, top: number): string {
  const values = [...strict, ...ours].flatMap((point) => [point.true, point.claimed ?? 0]);
  const step = chooseStep(Math.max(...values) - Math.min(0, ...values));
  // Where nothing is worth anything, all marks would lie on the edge.
  const isFlat = [...strict, ...ours].every((point) => point.true === 0);
  const low = isFlat ? -step : step * Math.floor(Math.min(0, ...values) / step);
  const high = step * Math.ceil(Math.max(...values) / step);
  const x = (value: number) => (left + ((value - low) / (high - low)) * size.width).toFixed(1);
  const y = (value: number) => (top + size.height - ((value - low) / (high - low)) * size.height).toFixed(1);
  const ticks = Array.from({ length: Math.round((high - low) / step) + 1 }, (_, place) => low + place * step);
  const bottom = top + size.height;
  return [
    `<text x="${left}" y="${top - 12}" font-weight="bold">${title}</text>`,
    `<rect x="${left}" y="${top}" width="${size.width}" height="${size.height}" fill="none" stroke="#999"/>`,
    `<line x1="${x(low)}" y1="${y(low)}" x2="${x(high)}" y2="${y(high)}" stroke="#777" stroke-dasharray="5 4"/>`,
    ...[`strict: ${countClaims(strict)}`, `posterior: ${countClaims(ours)}`].map(
      (text, line) =>
        `<text x="${left + size.width - 8}" y="${bottom - 34 + 16 * line}" text-anchor="end" font-size="12">${text}</text>`,
    ),
    // Elsewhere marks would lie on it.
    ...(isFlat
      ? [
          `<text transform="translate(${left + size.width - 110} ${top + 102}) rotate(-45)" fill="#555" font-size="11">as much as it is</text>`,
        ]
      : []),
    ...ticks.flatMap((tick) => [
      `<text x="${x(tick)}" y="${bottom + 16}" text-anchor="middle" font-size="11">${tick}</text>`,
      `<text x="${left - 6}" y="${Number(y(tick)) + 4}" text-anchor="end" font-size="11">${tick}</text>`,
    ]),
    `<text x="${left + size.width / 2}" y="${bottom + 36}" text-anchor="middle">true gain</text>`,
    `<text transform="translate(${left - 32} ${top + size.height / 2}) rotate(-90)" text-anchor="middle">claimed gain</text>`,
    ...strict.flatMap((point) =>
      point.claimed === null
        ? []
        : [`<circle cx="${x(point.true)}" cy="${y(point.claimed)}" r="3.4" fill="none" stroke="black"/>`],
    ),
    ...ours.map((point) =>
      point.claimed === null
        ? `<path d="M${x(point.true)} ${bottom - 7}v7" stroke="black" stroke-width="1.6"/>`
        : `<circle cx="${x(point.true)}" cy="${y(point.claimed)}" r="2.6" fill="black"/>`,
    ),
  ].join('\n');
}

function countClaims(nights: readonly NightPoint[]): string {
  const count = nights.filter(({ claimed }) => claimed !== null).length;
  return `${count} of ${nights.length} nights claim a gain`;
}

/** A round step that makes four to eight ticks. */
function chooseStep(range: number): number {
  const steps = [0.5, 1, 2, 5, 10, 20, 50];
  return steps.find((step) => range / step <= 7) ?? 100;
}

function renderLegend(left: number, y: number): string[] {
  return [
    `<circle cx="${left + 4}" cy="${y - 4}" r="3.4" fill="none" stroke="black"/><text x="${left + 14}" y="${y}">strict: the better number wins, and is claimed</text>`,
    `<circle cx="${left + 324}" cy="${y - 4}" r="2.6" fill="black"/><text x="${left + 334}" y="${y}">posterior: claimed after fresh seeds</text>`,
    `<path d="M${left + 584} ${y - 10}v9" stroke="black" stroke-width="1.6"/><text x="${left + 594}" y="${y}">posterior: claims nothing (on the lower edge)</text>`,
  ];
}
