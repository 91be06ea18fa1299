/**
 * A grid of values (`--grid lr=1e-3,3e-4 --grid seed=0..4`) and what it makes of one command: every combination, with `{lr}` replaced.
 * Pure. A name is replaced where it stands in braces; other braces stay as they are.
 */
import { createHash } from 'node:crypto';
import { LabError } from '../../errors/lab-error.ts';

/** How many jobs one submission may have. */
export const mostJobs = 10_000;

/** One name of the grid with its values as they were typed. */
export interface GridAxis {
  name: string;
  values: string[];
}

/** One combination: value by name. */
export type GridPoint = ReadonlyMap<string, string>;

const shape = 'expected one such as lr=1e-3,3e-4 or seed=0..4';

/** Reads the axes. Throws LabError (usage) on a text that is none, a name given twice and a range that runs backwards. */
export function parseGrid(texts: string[]): GridAxis[] {
  const axes: GridAxis[] = [];
  for (const text of texts) {
    const match = /^([A-Za-z_]\w*)=(.+)$/s.exec(text);
    const [, name = '', list = ''] = match ?? [];
    if (!match) throw new LabError('usage', `--grid got "${text}", ${shape}`);
    if (axes.some((axis) => axis.name === name))
      throw new LabError('usage', `--grid names ${name} twice, expected all its values in one list`);
    axes.push({ name, values: parseValues(text, list) });
  }
  return axes;
}

function parseValues(text: string, list: string): string[] {
  const values = list.split(',').flatMap((value) => {
    const range = /^(-?\d+)\.\.(-?\d+)$/.exec(value.trim());
    if (!range) return [value.trim()];
    const [first, last] = [Number(range[1]), Number(range[2])];
    if (last < first || last - first >= mostJobs)
      throw new LabError(
        'usage',
        `--grid got the range ${value.trim()}, expected it to go up by less than ${mostJobs}`,
      );
    return Array.from({ length: last - first + 1 }, (_, place) => String(first + place));
  });
  if (values.includes('')) throw new LabError('usage', `--grid got "${text}" with an empty value, ${shape}`);
  const twice = values.find((value, place) => values.indexOf(value) !== place);
  if (twice !== undefined) throw new LabError('usage', `--grid got "${text}", which has ${twice} twice`);
  return values;
}

/** Every combination, the last axis changing first; one empty point where there are no axes. Throws LabError (usage) where they are too many. */
export function listGridPoints(axes: GridAxis[]): GridPoint[] {
  const count = axes.reduce((product, { values }) => product * values.length, 1);
  if (count > mostJobs)
    throw new LabError('usage', `the grid has ${count} combinations, expected at most ${mostJobs} in one submission`);
  let points: GridPoint[] = [new Map()];
  for (const { name, values } of axes)
    points = points.flatMap((point) => values.map((value) => new Map([...point, [name, value]])));
  return points;
}

/**
 * Throws LabError (usage) where a name of the grid is nowhere in `texts` in braces: its jobs would all be the same. `seed` need not be
 * there, because it sets LAB_SEED too.
 */
export function ensureUsedNames(axes: GridAxis[], texts: (string | null)[]): void {
  const unused = axes.filter(
    ({ name }) => name !== 'seed' && !texts.some((text) => text?.includes(`{${name}}`) === true),
  );
  const [first] = unused;
  if (first === undefined) return;
  throw new LabError('usage', `the grid's ${first.name} is used nowhere, expected {${first.name}} in the command`, {
    hints: [
      `lab add … --grid ${first.name}=${first.values.slice(0, 2).join(',')} -- python3 train.py --${first.name} {${first.name}}`,
    ],
  });
}

/** The text with each name of the point in braces replaced by its value. */
export function fillIn(text: string, point: GridPoint): string {
  return text.replaceAll(/\{([A-Za-z_]\w*)\}/g, (braces, name: string) => point.get(name) ?? braces);
}

/** How long a point may be as a text in a key; a longer one is told by its digest. */
const longestPoint = 200;

/** A point as a part of a key ("lr=3e-4,seed=1"): the same in every grid that has it, wider ones and those with other orders of names. */
export function formatPoint(point: GridPoint): string {
  const names = [...point.keys()].sort();
  const text = names.map((name) => `${name}=${point.get(name) ?? ''}`).join(',');
  return text.length <= longestPoint ? text : createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** LAB_SEED of a point: its `seed`; null where it has none. Throws LabError (usage) where that is no whole number. */
export function seedOf(point: GridPoint): number | null {
  const text = point.get('seed');
  if (text === undefined) return null;
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(Number(text)))
    throw new LabError('usage', `--grid got seed=${text}, expected whole numbers of at least 0`);
  return Number(text);
}
