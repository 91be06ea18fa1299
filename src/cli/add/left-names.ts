/**
 * Which of the caller's variables that a job does not take along are worth a line: one that the command names, each time; any other the
 * first time that this lab meets it, because a shell has dozens that no run cares for.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabPaths } from '../../config/lab-paths.ts';

/** How many names are shown. */
const shownNames = 6;

/** The line for these names; null where nothing is to be said. `told` were told before. Pure. */
export function renderLeft(
  left: readonly string[],
  commands: readonly string[],
  told: ReadonlySet<string>,
): string | null {
  const words = new Set(commands.flatMap((command) => command.match(/\w+/g) ?? []));
  const named = left.filter((name) => words.has(name));
  const fresh = left.filter((name) => !words.has(name) && !told.has(name));
  const names = [...named, ...fresh];
  if (names.length === 0) return null;
  const more = names.length > shownNames ? ` and ${names.length - shownNames} more` : '';
  const once = fresh.length > 0 ? '; told once' : '';
  return `not taken along: ${names.slice(0, shownNames).join(' ')}${more} (env.pass and env.secret in lab.yaml take names${once})`;
}

/** Tells on stderr, in one line at most, and remembers in the lab what was told. */
export function tellLeft(
  { state }: Pick<LabPaths, 'state'>,
  left: readonly string[],
  commands: readonly string[],
): void {
  if (left.length === 0) return;
  const file = join(state, 'told-names');
  const told = readTold(file);
  const line = renderLeft(left, commands, told);
  if (line !== null) process.stderr.write(`${line}\n`);
  if (left.every((name) => told.has(name))) return;
  try {
    writeFileSync(file, `${[...new Set([...told, ...left])].sort().join('\n')}\n`);
  } catch {
    // The job is queued; a lab that takes no file is told of by whatever needs it, and this line then comes again.
  }
}

function readTold(file: string): ReadonlySet<string> {
  try {
    return new Set(
      readFileSync(file, 'utf8')
        .split('\n')
        .filter((name) => name !== ''),
    );
  } catch {
    // Not there before the first line; unreadable, the line comes again.
    return new Set();
  }
}
