/**
 * Figures and how they are shown: medians, ratios taken inside each round, a plain table. Covers no measuring of its own but the
 * clock and the machine's load; which rounds are run is the business of cli-start.ts and queue-gap.ts.
 */
import { spawnSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';

/** Milliseconds per round of each system; a round's values stand at the same place in every list. Null: not measured in that round. */
export type Rounds = Map<string, (number | null)[]>;

/** The middle value, of two middle ones the mean; null for an empty list. */
export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  return upper === undefined || lower === undefined ? null : (lower + upper) / 2;
}

/** The value below which `share` (0 to 1) of the values lie, by nearest rank; null for an empty list. */
export function quantile(values: readonly number[], share: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}

/** Enters a value of a system's next round. */
export function addRound(rounds: Rounds, name: string, value: number | null): void {
  rounds.set(name, [...(rounds.get(name) ?? []), value]);
}

/** Each system's ratio to another one inside each round in which both were measured. */
export function ratios(rounds: Rounds, name: string, base: string): number[] {
  const own = rounds.get(name) ?? [];
  const others = rounds.get(base) ?? [];
  return own.flatMap((value, round) => {
    const other = others[round];
    return value === null || other === null || other === undefined ? [] : [value / other];
  });
}

/** "5.12 [4.90..7.31]"; "not measured" for an empty list. */
export function formatSpread(values: readonly number[], digits = 1): string {
  const middle = median(values);
  if (middle === null) return 'not measured';
  return `${middle.toFixed(digits)} [${Math.min(...values).toFixed(digits)}..${Math.max(...values).toFixed(digits)}]`;
}

/** A table in Markdown, columns padded, so that it reads the same on a terminal and in README.md. */
export function renderTable(header: string[], rows: string[][]): string {
  const widths = header.map((name, column) => Math.max(name.length, ...rows.map((row) => (row[column] ?? '').length)));
  const line = (cells: string[]) =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return `${[line(header), rule, ...rows.map(line)].join('\n')}\n`;
}

/** One row per system: median with its range, then the ratio to each base, taken inside each round. */
export function renderRounds(rounds: Rounds, bases: string[]): string {
  const rows = [...rounds].map(([name, values]) => [
    name,
    formatSpread(values.filter((value) => value !== null)),
    ...bases.map((base) => (base === name ? '1' : formatSpread(ratios(rounds, name, base), 2))),
  ]);
  return renderTable(['', 'ms, median [min..max]', ...bases.map((base) => `x ${base}`)], rows);
}

/** Runs a program to its end and returns milliseconds. Throws with its stderr where it does not exit with 0. */
export function timeProcess(command: string, args: string[], options: { cwd: string; env: NodeJS.ProcessEnv }): number {
  const beganNs = process.hrtime.bigint();
  const { status, error, stderr } = spawnSync(command, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
  const tookMs = Number(process.hrtime.bigint() - beganNs) / 1e6;
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr.toString()}`);
  return tookMs;
}

/** Runs a program to its end and returns milliseconds and what it printed. Throws with its stderr where it does not exit with 0. */
export function timeOutput(
  command: string,
  args: string[],
  options: { cwd: string; env: NodeJS.ProcessEnv },
): { ms: number; stdout: string } {
  const beganNs = process.hrtime.bigint();
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const ms = Number(process.hrtime.bigint() - beganNs) / 1e6;
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr}`);
  return { ms, stdout };
}

/** The 1-minute load and the number of cores, as one phrase. */
export function describeLoad(): string {
  return `load ${(loadavg()[0] ?? 0).toFixed(2)} on ${cpus().length} cores`;
}
