/**
 * Names that the lines of a jobs file have for each other: `"name": "prep"` in one, `"after": ["prep"]` in another, above or below it.
 * They live in that file alone; a job that is queued has a number. Pure.
 */
import { LabError } from '../../errors/lab-error.ts';

/** What a line says of others. */
export interface NamedLine {
  /** What other lines of the file call it. */
  name?: string;
  /** Jobs that must succeed first: numbers, or names of lines. */
  after?: (number | string)[];
  /** Jobs that must end first, however. */
  afterAny?: (number | string)[];
}

/** Whether a value can be a line's name: a word that nobody takes for a job's number. */
export function isJobName(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z_][\w.-]{0,59}$/.test(value) && !/^j\d/.test(value);
}

/** The names that a line comes after. */
export function listNames({ after = [], afterAny = [] }: NamedLine): string[] {
  return [...after, ...afterAny].filter((one) => typeof one === 'string');
}

/**
 * Throws LabError (usage) where a name is given twice or to no line, or where lines wait for each other. `places` says where each line
 * stands, for the message.
 */
export function ensureJobNames(lines: readonly NamedLine[], places: readonly string[]): void {
  const byName = new Map<string, number>();
  for (const [index, { name }] of lines.entries()) {
    if (name === undefined) continue;
    const first = byName.get(name);
    if (first !== undefined)
      throw new LabError('usage', `${places[index]}: the name "${name}" is given to ${places[first]} too`);
    byName.set(name, index);
  }
  for (const [index, line] of lines.entries()) {
    const unknown = listNames(line).find((name) => !byName.has(name));
    if (unknown !== undefined)
      throw new LabError('usage', `${places[index]}: no line has the name "${unknown}", expected ${tellNames(byName)}`);
    const twice = (line.after ?? []).find((one) => line.afterAny?.includes(one));
    if (twice !== undefined)
      throw new LabError('usage', `${places[index]}: "${twice}" stands in after and afterAny, expected one of them`);
  }
  const circle = findCircle(lines, byName);
  if (circle === null) return;
  const [first = 0] = circle;
  const way = [...circle, first].map((index) => `"${lines[index]?.name ?? ''}"`).join(' → ');
  throw new LabError('usage', `${places[first]}: the job would wait for itself: ${way} ("→": comes after)`);
}

function tellNames(byName: ReadonlyMap<string, number>): string {
  const names = [...byName.keys()];
  if (names.length === 0) return '"name": "…" in the line that it comes after, or a job\'s number';
  return `one of: ${names.slice(0, 8).join(', ')}${names.length > 8 ? ', …' : ''}`;
}

/** Lines that wait for each other, in that order; null where none do. */
function findCircle(lines: readonly NamedLine[], byName: ReadonlyMap<string, number>): number[] | null {
  const over = new Set<number>();
  for (const start of lines.keys()) {
    // The way to the line that is looked at, each with the names that are still to be followed; no recursion: chains can be long.
    const way: { index: number; names: string[] }[] = [];
    const places = new Map<number, number>();
    const enter = (index: number) => {
      places.set(index, way.length);
      way.push({ index, names: listNames(lines[index] ?? {}) });
    };
    if (!over.has(start)) enter(start);
    for (let last = way.at(-1); last !== undefined; last = way.at(-1)) {
      const name = last.names.pop();
      if (name === undefined) {
        over.add(last.index);
        places.delete(last.index);
        way.pop();
        continue;
      }
      const index = byName.get(name) ?? -1;
      if (over.has(index)) continue;
      const from = places.get(index);
      if (from !== undefined) return way.slice(from).map((step) => step.index);
      enter(index);
    }
  }
  return null;
}
