/**
 * Keeps installed skills out of git's sight, by lines of our own in `.git/info/exclude`: a job that is queued from the checkout then runs
 * the commit, not a snapshot with the skills in it. What git tracks already stays tracked.
 */
import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { listWorktrees } from '../../git/worktree.ts';
import { findExcludeFile, readExcludeText, writeExcludeText } from '../../lab/exclude-file.ts';

const firstLine = '# skills installed by lab (`lab skills install`)';
const lastLine = '# end of the skills';

/** The lines that hide skills: one per folder. `folders` are relative to the checkout's root. */
export function listExcluded(text: string): string[] {
  return splitExclude(text).own;
}

/** The exclude file with our part replaced; the user's lines stay byte for byte. No folders: our part goes. */
export function replaceExcluded(text: string, folders: readonly string[]): string {
  const { before, after } = splitExclude(text);
  if (folders.length === 0) return before + after;
  const gap = before === '' || before.endsWith('\n') ? '' : '\n';
  return `${before}${gap}${[firstLine, ...folders.map((folder) => `/${folder}/`), lastLine].join('\n')}\n${after}`;
}

/**
 * Hides some folders and shows others again, but for those that another worktree of the repository has too, because they share the file.
 * True where the file changed. Needs a git repository.
 */
export async function writeExcluded(
  root: string,
  { hidden, shown }: { hidden: readonly string[]; shown: readonly string[] },
): Promise<boolean> {
  const others =
    shown.length === 0 ? [] : (await listWorktrees(root)).filter((tree) => tree.path !== realpathSync(root));
  const isElsewhere = (folder: string) => others.some((tree) => existsSync(join(tree.path, folder)));
  const file = await findExcludeFile(root);
  const text = readExcludeText(file) ?? '';
  const folders = new Set(
    [...listExcluded(text), ...hidden].filter((folder) => !shown.includes(folder) || isElsewhere(folder)),
  );
  const next = replaceExcluded(text, [...folders].sort());
  if (next === text) return false;
  await writeExcludeText(file, next);
  return true;
}

function splitExclude(text: string): { before: string; own: string[]; after: string } {
  const begin = text.indexOf(`${firstLine}\n`);
  const end = begin === -1 ? -1 : text.indexOf(`${lastLine}\n`, begin);
  if (begin === -1 || end === -1) return { before: text, own: [], after: '' };
  const own = text
    .slice(begin + firstLine.length + 1, end)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(/^\//, '').replace(/\/$/, ''));
  return { before: text.slice(0, begin), own, after: text.slice(end + lastLine.length + 1) };
}
