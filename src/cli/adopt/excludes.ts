/**
 * The lab's lines in `.git/info/exclude`: names that git is to pass over in this clone and that the clone's own .gitignore does not list.
 * A block between two marks, so that it can be taken away again.
 */
import { existsSync, lstatSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { createGitError, runGitResult } from '../../git/run-git.ts';
import { findExcludeFile, readExcludeText, writeExcludeText } from '../../lab/exclude-file.ts';

const begin = '# nightlab: what a lab keeps beside the code (`lab deinit` takes these lines away)';
const end = '# nightlab: end';

// A pattern and a path that it has to catch.
const wanted: readonly (readonly [string, string])[] = [
  ['/.lab/', '.lab/x'],
  ['/5_worktrees/', '5_worktrees/x'],
  ['/lab.local.yaml', 'lab.local.yaml'],
  ['/results.tsv', 'results.tsv'],
  ['__pycache__/', '__pycache__/x'],
];

/** Patterns that nothing ignores yet. */
export async function listMissingExcludes(root: string): Promise<string[]> {
  const missing: string[] = [];
  for (const [pattern, path] of wanted) {
    const words = ['check-ignore', '--quiet', '--no-index', '--', path];
    // check-ignore refuses the pathspecs that the lab's git otherwise takes literally.
    const asked = await runGitResult(root, words, { env: { GIT_LITERAL_PATHSPECS: '0' } });
    if (asked.exitCode === 1) missing.push(pattern);
    else if (asked.exitCode !== 0) throw createGitError(root, words, asked);
  }
  return missing;
}

/**
 * Adds the block; gives what takes it away again: the file is then as it was, but for what others wrote into it meanwhile. Throws LabError
 * (user) where the file cannot be written.
 */
export async function addExcludes(file: string, patterns: readonly string[]): Promise<() => Promise<void>> {
  if (patterns.length === 0) return async () => undefined;
  const before = readExcludeText(file);
  const hadFolder = existsSync(dirname(file));
  const old = before ?? '';
  const gap = old === '' || old.endsWith('\n') ? '' : '\n';
  const written = `${old}${gap}${formatBlock(patterns)}`;
  await writeExcludeText(file, written);
  return async () => {
    const now = readExcludeText(file);
    const rest = now === written ? old : removeBlock(now ?? '');
    if (now === null || rest === null) return;
    if (before !== null || rest !== '') return await writeExcludeText(file, rest);
    rmSync(file);
    if (!hadFolder && readdirSync(dirname(file)).length === 0) rmdirSync(dirname(file));
  };
}

const formatBlock = (patterns: readonly string[]): string => `${[begin, ...patterns, end].join('\n')}\n`;

/** A text without the lab's blocks, of which a mended adoption may have written a second; null where it has none. Pure. */
export function removeBlock(text: string): string | null {
  const from = text.indexOf(`${begin}\n`);
  if (from < 0) return null;
  const mark = `${end}\n`;
  const to = text.indexOf(mark, from);
  if (to < 0) return null;
  const rest = text.slice(0, from) + text.slice(to + mark.length);
  return removeBlock(rest) ?? rest;
}

/** Takes the lab's block out of the clone's exclude file; true where there was one. A file that held nothing else goes too. */
export async function removeExcludes(root: string): Promise<boolean> {
  const file = await findExcludeFile(root);
  const rest = removeBlock(readExcludeText(file) ?? '');
  if (rest === null) return false;
  // A link of the user's stays, to an empty file.
  if (rest === '' && lstatSync(file).isFile()) rmSync(file);
  else await writeExcludeText(file, rest);
  return true;
}
