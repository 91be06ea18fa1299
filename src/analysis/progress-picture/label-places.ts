/** Where the labels of the keeps go so that none covers another or a kept point. Pure; in pixels, y downwards. */

/** A point that wants a label. */
export interface LabelWish {
  x: number;
  y: number;
  text: string;
  /** Those that weigh more are placed first. */
  weight: number;
}

/** A label with its place. */
export interface PlacedLabel {
  /** Place of the wish in the list that was given. */
  wish: number;
  /** Where its text begins or ends, and the middle of its height. */
  x: number;
  y: number;
  anchor: 'start' | 'end';
  text: string;
}

/** A rectangle, y downwards. */
export interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Width of a letter of DejaVu Sans as a share of its size; a little more than the mean of lower-case English. */
const letterWidth = 0.59;

/** Roughly how wide a text is drawn, in pixels. Letters of East Asian scripts are about as wide as high. */
export function measureText(text: string, size: number): number {
  let width = 0;
  for (const letter of text) width += (letter.codePointAt(0) ?? 0) > 0x2e7f ? size : size * letterWidth;
  return width;
}

/**
 * Finds a place for as many labels as there is room for, the weightiest first. `side` is where the picture is empty: below the step line where
 * lower is better, above it where higher is. No label or leader crosses another; `others` (the points of discarded rows) are kept free too
 * where that can be had.
 */
export function placeLabels(
  wishes: readonly LabelWish[],
  others: readonly { x: number; y: number }[],
  room: Box,
  side: 'below' | 'above',
  size: number,
): PlacedLabel[] {
  const points = wishes.map((wish) => boxAround(wish, 5));
  const walls = [...points, ...listLines(wishes, room.right)];
  const soft = others.map((point) => boxAround(point, 4));
  const order = wishes.map((_, index) => index).sort((a, b) => (wishes[b]?.weight ?? 0) - (wishes[a]?.weight ?? 0));
  const found: Found[] = [];
  const opposite = side === 'below' ? 'above' : 'below';
  for (const index of order) {
    const wish = wishes[index];
    if (wish === undefined || wish.text === '') continue;
    if (found.length === mostLabels) break;
    const { text } = wish;
    const look = (obstacles: readonly Box[], to: 'below' | 'above') => {
      const most = to === side ? Number.POSITIVE_INFINITY : mostOpposite;
      for (const place of listPlaces(wish, to, most, size)) {
        const candidate = { ...place, label: { ...place.label, wish: index, text } };
        if (isFree(candidate, wish, obstacles, walls, found, room)) return candidate;
      }
      return null;
    };
    const place = look([...walls, ...soft], side) ?? look([...walls, ...soft], opposite) ?? look(walls, side);
    if (place !== null) found.push(place);
  }
  return found.map(({ label }) => label).sort((a, b) => a.wish - b.wish);
}

interface Found {
  label: PlacedLabel;
  box: Box;
  leader: Segment;
}

interface Segment {
  from: { x: number; y: number };
  to: { x: number; y: number };
}

function boxAround({ x, y }: { x: number; y: number }, by: number): Box {
  return { left: x - by, right: x + by, top: y - by, bottom: y + by };
}

/** The line runs from one keep to the next at the height of the first, then drops: no label may lie on it. */
function listLines(wishes: readonly LabelWish[], end: number): Box[] {
  return wishes.flatMap((wish, index) => {
    const next = wishes[index + 1];
    const level = { left: wish.x, right: next?.x ?? end, top: wish.y - 2, bottom: wish.y + 2 };
    if (next === undefined) return [level];
    const [top, bottom] = [Math.min(wish.y, next.y), Math.max(wish.y, next.y)];
    return [level, { left: next.x - 2, right: next.x + 2, top, bottom }];
  });
}

/** More than these would be a text and no picture. */
const mostLabels = 30;

const distances = [14, 28, 42, 58, 74, 92, 112, 134, 158, 184, 214, 246];
/** Among the discarded points a label must stay near what it names. */
const mostOpposite = 92;
const shifts = [0, 18, 40, 80, 130];

/** Places for one label, the nearest first. */
function* listPlaces(wish: LabelWish, side: 'below' | 'above', most: number, size: number): Generator<Found> {
  const width = measureText(wish.text, size);
  const half = size * 0.72;
  const away = side === 'below' ? 1 : -1;
  for (const distance of distances.filter((each) => each <= most)) {
    for (const shift of shifts) {
      if (shift > distance + 18) break;
      for (const anchor of ['end', 'start'] as const) {
        const x = wish.x + (anchor === 'end' ? -6 - shift : 6 + shift);
        const y = wish.y + away * distance;
        const left = anchor === 'end' ? x - width : x;
        yield {
          label: { wish: 0, text: wish.text, x, y, anchor },
          box: { left: left - 3, right: left + width + 3, top: y - half, bottom: y + half },
          leader: { from: { x: wish.x, y: wish.y }, to: { x: x + (anchor === 'end' ? 2 : -2), y } },
        };
      }
    }
  }
}

function isFree(
  { box, leader }: Found,
  wish: LabelWish,
  obstacles: readonly Box[],
  walls: readonly Box[],
  found: readonly Found[],
  room: Box,
): boolean {
  if (box.left < room.left || box.right > room.right || box.top < room.top || box.bottom > room.bottom) return false;
  if (obstacles.some((other) => overlaps(box, other))) return false;
  if (found.some((other) => overlaps(box, other.box) || crossesBox(other.leader, box))) return false;
  if (found.some((other) => crossesBox(leader, other.box) || crosses(leader, other.leader))) return false;
  // It begins at a point of the line; beyond that it crosses none.
  const own = boxAround(wish, 7);
  return !walls.some((wall) => !overlaps(own, wall) && crossesBox(leader, wall));
}

function overlaps(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

function crossesBox(segment: Segment, { left, right, top, bottom }: Box): boolean {
  const isInside = ({ x, y }: { x: number; y: number }) => x > left && x < right && y > top && y < bottom;
  if (isInside(segment.from) || isInside(segment.to)) return true;
  const corners = [
    { x: left, y: top },
    { x: right, y: top },
    { x: right, y: bottom },
    { x: left, y: bottom },
  ];
  return corners.some((from, index) => {
    const to = corners[(index + 1) % 4] ?? from;
    return crosses(segment, { from, to });
  });
}

function crosses(a: Segment, b: Segment): boolean {
  const side = ({ from, to }: Segment, { x, y }: { x: number; y: number }) =>
    Math.sign((to.x - from.x) * (y - from.y) - (to.y - from.y) * (x - from.x));
  return side(a, b.from) * side(a, b.to) < 0 && side(b, a.from) * side(b, a.to) < 0;
}
