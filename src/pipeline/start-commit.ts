/**
 * The commit that an experiment's branch starts from. A champion from before the evaluator changed still has the old one; an agent that reads
 * it would work against a scorer that nobody uses any more. So main's frozen files are laid over in a merge of champion and main: the merge
 * makes main's present state the point that "changed since its base" is told from.
 */
import { resolveCommit } from '../git/repository.ts';
import { runGit } from '../git/run-git.ts';
import { useTemporaryIndex } from '../git/temporary-index.ts';
import { listFrozenFiles } from '../rules/frozen.ts';
import type { PipelineContext } from './context.ts';

/** Full hash of the start for a base: the base itself where its frozen files are main's. Writes objects and no ref; the branch keeps them. */
export async function createStart({ paths, main, config }: PipelineContext, base: string): Promise<string> {
  const { root } = paths;
  const tip = await resolveCommit(root, main);
  const own = new Map((await listFrozenFiles(root, base, config.rules)).map((file) => [file.path, file]));
  const newer = (await listFrozenFiles(root, tip, config.rules)).filter(({ path, blob, mode }) => {
    const found = own.get(path);
    return found?.blob !== blob || found.mode !== mode;
  });
  if (newer.length === 0) return base;
  const tree = await useTemporaryIndex(async (indexPath) => {
    const env = { GIT_INDEX_FILE: indexPath };
    await runGit(root, ['read-tree', base], { env });
    const input = newer.map(({ mode, blob, path }) => `${mode} ${blob}\t${path}\0`).join('');
    await runGit(root, ['update-index', '-z', '--index-info'], { env, input });
    return (await runGit(root, ['write-tree'], { env })).trim();
  });
  const names = newer.map(({ path }) => path).join(', ');
  const message = `nightlab: ${main}'s frozen files on ${base.slice(0, 7)}\n\n${names}\n`;
  return (await runGit(root, ['commit-tree', tree, '-p', base, '-p', tip, '-F', '-'], { input: message })).trim();
}
