/** What is odd about the rows of a table seen together: rows and commits that stand twice, a best that is out of all proportion. Pure. */
import type { FieldNote, FieldRow } from '../../domain/field-table.ts';
import { isHashLike } from './commit-cells.ts';
import type { Direction } from './field-direction.ts';
import { quote } from './field-lines.ts';

/** Notes on rows and commits that stand twice. All rows are kept. */
export function remarkRepeats(rows: readonly FieldRow[]): FieldNote[] {
  const notes: FieldNote[] = [];
  const lineOfCommit = new Map<string, number>();
  const lineOfRow = new Map<string, number>();
  for (const row of rows) {
    const { line, commit } = row;
    const key = JSON.stringify([commit, row.metric, row.statusWord, row.description, row.extra]);
    const same = lineOfRow.get(key);
    if (same !== undefined)
      notes.push({ line, kind: 'interpreted', text: `the same row as on line ${same}: counted again` });
    else lineOfRow.set(key, line);
    if (commit === null || !isHashLike(commit)) continue;
    const before = lineOfCommit.get(commit);
    if (before === undefined) lineOfCommit.set(commit, line);
    else if (same === undefined)
      notes.push({
        line,
        kind: 'interpreted',
        text: `commit ${quote(commit)} stands on line ${before} too: taken as another run`,
      });
  }
  return notes;
}

/** How many times better than the next the best may be before it is pointed at. */
const outOfProportion = 5;

/** A best kept metric that is many times better than the next: another measure, or an artefact. */
export function remarkOutlier(rows: readonly FieldRow[], direction: Direction): FieldNote[] {
  const keeps = rows.filter((row) => row.status === 'keep' && row.metric !== null && row.metric > 0);
  if (keeps.length < 4) return [];
  const sorted = keeps
    .map(({ line, metric }) => ({ line, metric: metric ?? 0 }))
    .sort((left, right) => (direction === 'lower' ? left.metric - right.metric : right.metric - left.metric));
  const [best, next] = sorted;
  if (best === undefined || next === undefined) return [];
  const times = direction === 'lower' ? next.metric / best.metric : best.metric / next.metric;
  if (times < outOfProportion) return [];
  const text = `the best kept metric is ${times.toFixed(1)} times better than the next: another measure, or an artefact?`;
  return [{ line: best.line, kind: 'interpreted', text }];
}

/** Said where the kept rows go the other way than the direction says: a name is no proof of it. `line`: where it is said. */
export function remarkDirection(rows: readonly FieldRow[], direction: Direction, line: number): FieldNote[] {
  const values = rows.flatMap(({ status, metric }) =>
    metric !== null && (status === 'keep' || status === 'baseline') ? [metric] : [],
  );
  let rises = 0;
  let falls = 0;
  for (let i = 1; i < values.length; i++) {
    const step = (values[i] ?? 0) - (values[i - 1] ?? 0);
    if (step > 0) rises++;
    else if (step < 0) falls++;
  }
  const [along, against] = direction === 'lower' ? [falls, rises] : [rises, falls];
  if (against < 2 || against <= along * 2) return [];
  const [way, other] = direction === 'lower' ? ['up', 'higher'] : ['down', 'lower'];
  const text = `${direction} is better was taken, but of ${rises + falls} steps between kept rows ${against} go ${way}: --direction ${other}?`;
  return [{ line, kind: 'interpreted', text }];
}
