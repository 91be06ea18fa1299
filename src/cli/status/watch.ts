/** Redraws a screen when the queue changes, and every two seconds for progress; off a terminal it prints again only where something changed. */
import { setTimeout as delay } from 'node:timers/promises';
import type { LabPaths } from '../../config/lab-paths.ts';
import { call } from '../client.ts';
import { terminalWidth, visibleLength } from '../render.ts';

const redrawMs = 2000;

/** Shortest time between two drawings: a night's queue can change a hundred times a second. */
const leastMs = 200;

/** Draws until Ctrl-C or SIGTERM, then leaves the terminal as it was. Returns 0. */
export async function watchQueue(paths: LabPaths, draw: () => Promise<string>): Promise<number> {
  const isTerminal = process.stdout.isTTY === true;
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  // The other screen of the terminal, without a cursor: what was there before comes back at the end.
  if (isTerminal) process.stdout.write('\u001b[?1049h\u001b[?25l');
  try {
    await redraw(paths, draw, stop.signal, isTerminal);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    if (isTerminal) process.stdout.write('\u001b[?25h\u001b[?1049l');
    process.removeListener('SIGINT', onSignal);
    process.removeListener('SIGTERM', onSignal);
  }
  return 0;
}

async function redraw(
  paths: LabPaths,
  draw: () => Promise<string>,
  signal: AbortSignal,
  isTerminal: boolean,
): Promise<void> {
  let seen = 0;
  let shown = '';
  let change: Promise<void> | null = null;
  const waitForChange = async () => {
    const answer = await call(paths, 'wait', { numbers: [], seen }, signal);
    seen = answer.seen;
    change = null;
  };
  while (!signal.aborted) {
    const text = await draw();
    if (isTerminal)
      process.stdout.write(`\u001b[H\u001b[J${fitRows(text, process.stdout.rows || 24, terminalWidth())}`);
    else if (text !== shown) process.stdout.write(shown === '' ? text : `\n${text}`);
    shown = text;
    change ??= waitForChange();
    await Promise.race([change, delay(redrawMs, undefined, { signal })]);
    await delay(leastMs, undefined, { signal });
  }
}

/** As much of the text as a terminal has rows for: the head down to the titles, and of the jobs the last ones. Pure. */
export function fitRows(text: string, rows: number, columns: number): string {
  const lines = text.trimEnd().split('\n');
  // A line that is too long takes several rows.
  const rowsOf = (some: readonly string[]) =>
    some.reduce((sum, line) => sum + Math.max(1, Math.ceil(visibleLength(line) / columns)), 0);
  // The cursor needs the last row.
  if (rowsOf(lines) < rows) return `${lines.join('\n')}\n`;
  const blank = lines.indexOf('');
  const top = lines.slice(0, blank + 2);
  // The page of one job has no head.
  const head = blank === -1 || rowsOf(top) > rows / 2 ? [] : top;
  const tail = lines.slice(head.length);
  while (tail.length > 1 && rowsOf(head) + rowsOf(tail) >= rows) tail.shift();
  return `${[...head, ...tail].join('\n')}\n`;
}
