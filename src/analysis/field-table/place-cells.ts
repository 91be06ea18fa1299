/** The cells of a line put under the columns of its table, also where there are more or fewer of them. Pure. */
import { plainName } from './column-roles.ts';
import type { FieldLayout } from './field-columns.ts';
import { quote } from './field-lines.ts';
import { isNothing, readNumber } from './field-numbers.ts';
import { isStatusWord } from './field-status.ts';

/** Cells of a line, one for each column. */
export interface Placed {
  cells: string[];
  /** Cells that no column takes, by a name made for them. */
  surplus: [string, string][];
  /** What had to be done for it, as a sentence; null where the cells were one for one. */
  remark: string | null;
}

/** True where a column's cell can only be a status. */
export function isStatusAt(cells: string[], index: number, name: string): boolean {
  return isStatusWord(cells[index] ?? '', name);
}

/** Puts the cells of a line under the columns of the header, also where there are more or fewer of them. */
export function placeCells(cells: string[], layout: FieldLayout): Placed {
  const { width } = layout;
  if (cells.length === width) return { cells, surplus: [], remark: null };
  const counts = `${cells.length} ${cells.length === 1 ? 'cell' : 'cells'} where the header has ${width}`;
  const status = layout.roles.get('status') ?? -1;
  const statusName = plainName(layout.names[status] ?? '');
  const isStatusInPlace = status === -1 || isStatusAt(cells, status, statusName);
  if (cells.length > width && cells.slice(width).every((cell) => cell === ''))
    return {
      cells: cells.slice(0, width),
      surplus: [],
      remark: `${counts}: the empty ones at the end were left out`,
    };
  if (!isStatusInPlace) {
    const shifted = placeAroundStatus(cells, layout, status, statusName, counts);
    if (shifted !== null) return shifted;
  }
  if (cells.length < width)
    return {
      cells,
      surplus: [],
      remark: `${counts}: the last ${width - cells.length === 1 ? 'is' : `${width - cells.length} are`} missing`,
    };
  const last = joinCells(cells.slice(width - 1), layout);
  return {
    cells: [...cells.slice(0, width - 1), last],
    surplus: [],
    remark: `${counts}: the surplus was joined to the last column`,
  };
}

function joinCells(cells: string[], { separator }: FieldLayout): string {
  return cells.join(separator === 'comma' ? ', ' : separator === 'semicolon' ? '; ' : ' ').trim();
}

/** A status word in another place tells where cells are missing or were put in: left of it they are counted from the left, right of it from the status. */
function placeAroundStatus(
  cells: string[],
  layout: FieldLayout,
  status: number,
  statusName: string,
  counts: string,
): Placed | null {
  const isMore = cells.length > layout.width;
  const order = [...Array(Math.min(cells.length, layout.width + 20)).keys()].filter((index) =>
    isMore ? index > status : index < status && index > 0,
  );
  const found = (isMore ? order : order.reverse()).find((index) => isStatusAt(cells, index, statusName));
  if (found === undefined) return null;
  const placed: string[] = Array(layout.width).fill('');
  const surplus: [string, string][] = [];
  const commit = layout.roles.get('commit') ?? -1;
  for (let index = 0; index < found; index++) {
    const cell = cells[index] ?? '';
    // Where cells are missing nobody knows which: only what is plainly a commit or a metric is taken from the left.
    const isTaken = isMore
      ? index < status
      : index === commit || (index === layout.metric && (readNumber(cell).value !== null || isNothing(cell)));
    if (isTaken) placed[index] = cell;
    else surplus.push([`cell ${index + 1}`, cell]);
  }
  placed[status] = cells[found] ?? '';
  const right = cells.slice(found + 1);
  const room = layout.width - status - 1;
  for (let index = 0; index < room; index++) {
    const isLast = index === room - 1;
    placed[status + 1 + index] = isLast ? joinCells(right.slice(index), layout) : (right[index] ?? '');
  }
  const rest = surplus.length === 0 ? '' : `; unnamed: ${surplus.map(([, cell]) => quote(cell)).join(', ')}`;
  return {
    cells: placed,
    surplus,
    remark: `${counts}: placed by the status in cell ${found + 1}${rest}`,
  };
}
