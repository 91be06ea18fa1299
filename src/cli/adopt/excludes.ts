/**
 * The lab's lines in `.git/info/exclude`: names that git is to pass over in this clone and that the clone's own .gitignore does not list.
 * A block between two marks, so that it can be taken away again.
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { createGitError, runGit, runGitResult } from '../../git/run-git.ts';

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

/** Absolute path of the clone's exclude file, which need not exist. */
export async function findExcludeFile(root: string): Promise<string> {
  return resolve(root, (await runGit(root, ['rev-parse', '--git-path', 'info/exclude'])).trim());
}

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

/** Adds the block; gives what puts the file back as it was. */
export function addExcludes(file: string, patterns: readonly string[]): () => void {
  if (patterns.length === 0) return () => undefined;
  const before = existsSync(file) ? readFileSync(file) : null;
  const folder = dirname(file);
  const hadFolder = existsSync(folder);
  mkdirSync(folder, { recursive: true });
  const old = before?.toString('latin1') ?? '';
  const gap = old === '' || old.endsWith('\n') ? '' : '\n';
  writeFileSync(file, Buffer.concat([before ?? Buffer.alloc(0), Buffer.from(`${gap}${formatBlock(patterns)}`)]));
  return () => {
    if (before !== null) return writeFileSync(file, before);
    rmSync(file, { force: true });
    if (!hadFolder) rmdirSync(folder);
  };
}

const formatBlock = (patterns: readonly string[]): string => `${[begin, ...patterns, end].join('\n')}\n`;

/** A text without the lab's block; null where it has none. Pure. */
export function removeBlock(text: string): string | null {
  const from = text.indexOf(`${begin}\n`);
  if (from < 0) return null;
  const mark = `${end}\n`;
  const to = text.indexOf(mark, from);
  return to < 0 ? null : text.slice(0, from) + text.slice(to + mark.length);
}

/** Takes the lab's block out of the clone's exclude file; true where there was one. A file that held nothing else goes too. */
export async function removeExcludes(root: string): Promise<boolean> {
  const file = await findExcludeFile(root);
  if (!existsSync(file)) return false;
  // Bytes as they are, whatever they mean.
  const rest = removeBlock(readFileSync(file, 'latin1'));
  if (rest === null) return false;
  if (rest === '') rmSync(file);
  else writeFileSync(file, rest, 'latin1');
  return true;
}
