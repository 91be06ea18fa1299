/**
 * The diff that a human is shown before anything of META_MODE is committed: every line of every file, whatever .gitattributes calls
 * binary; and the refusal of keys in it. Reads git only.
 */

import { LabError } from '../../errors/lab-error.ts';
import { readBlobs } from '../../git/blob-content.ts';
import { readBlob, readTreeEntry } from '../../git/repository.ts';
import { runGit } from '../../git/run-git.ts';
import { findKeys } from '../../rules/key-text.ts';

/** Whether any version of the path holds a zero byte: then it is no text, and told by its size. */
async function readOpaque(root: string, revisions: readonly string[], path: string): Promise<number[] | null> {
  const entries = await Promise.all(revisions.map((revision) => readTreeEntry(root, revision, path)));
  const blobs = entries.flatMap((entry) => (entry?.type === 'blob' ? [entry.hash] : []));
  const contents = await readBlobs(root, [...new Set(blobs)]);
  if (![...contents.values()].some((content) => content.includes(0))) return null;
  return entries.map((entry) => contents.get(entry?.hash ?? '')?.length ?? 0);
}

/** The difference of two trees at these paths as a unified diff; a file that is no text gives one line with its sizes. "" without paths. */
export async function renderMetaDiff(
  root: string,
  from: string,
  to: string,
  paths: readonly string[],
): Promise<string> {
  const texts: string[] = [];
  const lines: string[] = [];
  for (const path of paths) {
    const sizes = await readOpaque(root, [from, to], path);
    if (sizes === null) texts.push(path);
    else lines.push(`not text: ${JSON.stringify(path)}, ${sizes[0]} bytes before, ${sizes[1]} after\n`);
  }
  if (texts.length === 0) return lines.join('');
  const form = ['--no-renames', '--no-ext-diff', '--no-textconv', '--no-color', '--src-prefix=a/', '--dst-prefix=b/'];
  const diff = await runGit(root, ['diff-tree', '-r', '-p', '--text', ...form, from, to, '--', ...texts]);
  return `${diff}${lines.join('')}`;
}

/**
 * Throws LabError (refused) where a file of `tree` holds text that looks like a key and `from` did not have it there: what is committed is
 * read by every agent, and goes wherever main goes. The key itself is not shown.
 */
export async function ensureNoNewKeys(
  root: string,
  from: string,
  tree: string,
  paths: readonly string[],
): Promise<void> {
  for (const path of paths) {
    const [before, after] = await Promise.all([from, tree].map((revision) => readBlob(root, revision, path)));
    const known = new Set(findKeys(before?.toString('latin1') ?? '').map(({ value }) => value));
    const [key] = findKeys(after?.toString('latin1') ?? '').filter(({ value }) => !known.has(value));
    if (key === undefined) continue;
    throw new LabError(
      'refused',
      `${path}:${key.line} holds what looks like ${key.kind} (${key.shown}), expected none`,
      {
        hints: [
          'take it out, and pass it by the environment: `env.secret` in lab.local.yaml names the variable',
          'where it is none, commit that file by hand (`git commit`), then `lab meta off`; META_MODE stays open',
        ],
      },
    );
  }
}
