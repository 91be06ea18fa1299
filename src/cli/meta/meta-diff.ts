/**
 * The diff that a human is shown before anything of META_MODE is committed: every line of every file, whatever .gitattributes calls
 * binary. Reads git only.
 */
import { readBlobs } from '../../git/blob-content.ts';
import { readTreeEntry } from '../../git/repository.ts';
import { runGit } from '../../git/run-git.ts';

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
