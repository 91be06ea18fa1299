/**
 * `lab deinit --files`: takes what the lab itself wrote out of git again, in one commit on main: lab.yaml, and the templates where nobody
 * changed them. What holds anybody's words or numbers (ideas, reports, journals, results) is never among them.
 */
import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../config/package-root.ts';
import { commitByPlumbing, removed } from '../../git/plumbing-commit.ts';
import { findCommit, readBlob } from '../../git/repository.ts';
import { runGit, runGitResult } from '../../git/run-git.ts';
import { papersText } from '../adopt/plan-adoption.ts';

/** What the commit would take away, and whether the making of the lab is main's newest commit. */
export interface LabFiles {
  /** Relative to the root. */
  paths: string[];
  /** Commit before the lab was made, full hash, where nothing came after and no remote has it; null else. */
  before: string | null;
}

/** Looks at main; changes nothing. */
export async function findLabFiles(root: string, main: string): Promise<LabFiles> {
  const tip = await findCommit(root, `refs/heads/${main}`);
  if (tip === null) return { paths: [], before: null };
  const own = (folder: string) => readFileSync(join(packageRoot(), folder, '_TEMPLATE.md'), 'utf8');
  const written: readonly (readonly [string, string | null])[] = [
    ['lab.yaml', null],
    ['1_ideas/_TEMPLATE.md', own('1_ideas')],
    ['9_reports/_TEMPLATE.md', own('9_reports')],
    ['0_docs/papers/README.md', papersText],
  ];
  const paths: string[] = [];
  for (const [path, text] of written) {
    const found = (await readBlob(root, tip, path))?.toString('utf8');
    if (found !== undefined && (text === null || found === text)) paths.push(path);
  }
  return { paths, before: await findBefore(root, tip) };
}

async function findBefore(root: string, tip: string): Promise<string | null> {
  const subject = (await runGit(root, ['log', '-1', '--format=%s', tip])).trim();
  const parent = await findCommit(root, `${tip}^`);
  const remotes = await runGitResult(root, ['branch', '--remotes', '--contains', tip]);
  const isPushed = remotes.exitCode !== 0 || remotes.stdout.toString('utf8').trim() !== '';
  return /^nightlab: adopt /.test(subject) && !isPushed ? parent : null;
}

/** Makes the commit; gives its hash and the files that stay in the checkout because somebody changed them; null where there was nothing to take. Throws LabError where git is at work there. */
export async function takeLabFiles(
  root: string,
  main: string,
  paths: readonly string[],
): Promise<{ commit: string; left: string[] } | { delayed: string } | null> {
  if (paths.length === 0) return null;
  const outcome = await commitByPlumbing(root, {
    branch: main,
    message: 'nightlab: take the lab out\n',
    edits: paths.map((path) => ({ path, edit: () => removed })),
  });
  if (outcome.kind === 'delayed') return { delayed: outcome.reason };
  if (outcome.kind === 'unchanged') return null;
  // Git knows no empty folders, and a clone would not have them.
  for (const folder of ['1_ideas', '9_reports', '0_docs/papers', '0_docs']) removeEmptyFolder(join(root, folder));
  return { commit: outcome.commit, left: outcome.checkoutLeft };
}

/**
 * Whether `git reset --keep <before>` in the main checkout would drop exactly two commits, the one that made the lab and the one that took it
 * out: main is checked out there, and `before` lies two commits back.
 */
export async function canDropBoth(root: string, main: string, before: string): Promise<boolean> {
  const head = await runGitResult(root, ['symbolic-ref', '--quiet', 'HEAD']);
  if (head.stdout.toString('utf8').trim() !== `refs/heads/${main}`) return false;
  return (await findCommit(root, `refs/heads/${main}~2`)) === before;
}

/** Removes a folder in which nothing lies, or nothing but folders of that kind. */
export function removeEmptyFolder(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeEmptyFolder(join(folder, entry.name));
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}
