/**
 * The program whose starts and ends are measured: a shell script that prints "stamp <index> <start> <end>" in seconds since 1970; its arguments are
 * the index and for how many seconds it sleeps in between (none: 0). It prints instead of writing a file, because a sandboxed job may write
 * only where the lab says, and every queue keeps output.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';

/** One execution of the stamp program; milliseconds since 1970. */
export interface Stamp {
  index: number;
  startMs: number;
  endMs: number;
}

/** Text of the stamp program. bash 5 knows the time without starting another program; perl starts faster than anything else. */
export function renderStampProgram(): string {
  const { stdout } = spawnSync('bash', ['-c', 'printf %s "$EPOCHREALTIME"'], { encoding: 'utf8' });
  if (/^\d+[.,]\d{6}$/.test(stdout ?? ''))
    return '#!/usr/bin/env bash\nbegan=$EPOCHREALTIME\n[ -z "$2" ] || [ "$2" = 0 ] || sleep "$2"\nended=$EPOCHREALTIME\necho "stamp $1 $began $ended"\n';
  return '#!/usr/bin/env perl\nuse Time::HiRes qw(time sleep);\nmy $began = time;\nsleep $ARGV[1] if $ARGV[1];\nprintf "stamp %d %.6f %.6f\\n", $ARGV[0], $began, time;\n';
}

/** Writes the stamp program, executable. */
export function writeStampProgram(path: string): void {
  writeFileSync(path, renderStampProgram());
  chmodSync(path, 0o755);
}

/** Every stamp in a text, by index. */
export function parseStamps(text: string): Stamp[] {
  return [...text.matchAll(/^stamp (\d+) (\d+[.,]\d+) (\d+[.,]\d+)$/gm)]
    .map(([, index, start, end]) => ({
      index: Number(index),
      startMs: parseSeconds(start) * 1000,
      endMs: parseSeconds(end) * 1000,
    }))
    .sort((a, b) => a.index - b.index);
}

/** Milliseconds from the end of each stamp to the start of the next one. Throws where one is missing, since a gap would be made up. */
export function gapsMs(stamps: Stamp[], expected: number): number[] {
  if (stamps.length !== expected) throw new Error(`${stamps.length} stamps, expected ${expected}`);
  return stamps.slice(1).map((stamp, i) => stamp.startMs - (stamps[i]?.endMs ?? Number.NaN));
}

// bash writes the decimal mark of the locale.
function parseSeconds(text: string | undefined): number {
  return Number(text?.replace(',', '.'));
}
