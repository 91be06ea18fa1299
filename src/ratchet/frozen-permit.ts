/** How a change of a frozen file on main comes to count at this moment: by hand, through an open META_MODE, or not before one is opened. */
import type { LabPaths } from '../config/lab-paths.ts';
import { permitFrozen } from '../rules/commit-check.ts';
import { readTables } from '../rules/frozen-permission.ts';
import { checkMeta, readHumanJournal } from '../rules/meta-state.ts';

/** `setup`: main has no result yet, a commit by hand passes. `open`: META_MODE is open. `frozen`: neither. */
export type FrozenWay = 'setup' | 'open' | 'frozen';

/** Finds the way. */
export async function findFrozenWay(paths: LabPaths, main: string, now: Date): Promise<FrozenWay> {
  if ((await checkMeta(paths, now)).kind === 'open') return 'open';
  const results = await readTables(paths.root, main);
  const journal = readHumanJournal(paths.root);
  return permitFrozen({ results, journal, at: now, offset: null }).kind === 'setup' ? 'setup' : 'frozen';
}

/** What a human does for a changed file to count, a line each. */
export function explainFrozenWay(way: FrozenWay, main: string, file: string, message: string): string[] {
  if (way === 'open') return ['META_MODE is open: `lab meta off` shows it once more and commits it'];
  if (way === 'setup')
    return [
      `it counts once ${main} has it; there is no result on ${main} yet, so you commit it by hand:`,
      `  git add ${file} && git commit -m "${message}" -- ${file}`,
    ];
  return [
    `${file} is frozen, and ${main} has results; a human opens META_MODE for it (0_docs/guide/meta-mode.md):`,
    '  an entry with the line META_MODE=1 on top of human_journal.md',
    `  META_MODE=1 lab meta on --reason "${message}"`,
    '  META_MODE=1 lab meta off',
  ];
}
