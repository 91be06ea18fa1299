/**
 * A commit, on no branch, of what lies in a checkout at named paths. It touches neither index nor branch nor files. Which paths, and whether
 * they are fit to be committed, is for the caller to say (snapshot.ts commits everything that is dirty).
 */
import { switchOffFiltersIn } from './filter-settings.ts';
import { runGit } from './run-git.ts';
import { useTemporaryIndex } from './temporary-index.ts';

/**
 * Commits `paths` (relative to the checkout's top, UTF-8) as they lie in the checkout on top of `base`; a missing one is removed. Gives `base`
 * itself where nothing differs. `isAgents`: an agent wrote there, and no filter that would run what it wrote is run. Throws LabError where git cannot read a path or knows no `base`.
 */
export async function commitPathsOf(
  checkout: string,
  base: string,
  paths: readonly string[],
  message: string,
  isAgents = false,
): Promise<string> {
  const config = isAgents ? (await switchOffFiltersIn(checkout)).config : [];
  const tree = await useTemporaryIndex(async (indexPath) => {
    const env = { GIT_INDEX_FILE: indexPath };
    await runGit(checkout, ['read-tree', base], { env });
    const input = paths.map((path) => `${path}\0`).join('');
    await runGit(checkout, ['update-index', '--add', '--remove', '--replace', '-z', '--stdin'], { env, input, config });
    // It may look into files again whose times are as young as the index.
    return (await runGit(checkout, ['write-tree', '--missing-ok'], { env, config })).trim();
  });
  if (tree === (await runGit(checkout, ['rev-parse', '--verify', `${base}^{tree}`])).trim()) return base;
  return (await runGit(checkout, ['commit-tree', tree, '-p', base, '-F', '-'], { input: message })).trim();
}

/** The difference between two commits at `paths` as a patch that `git apply` takes, binary files included; "" where there is none. */
export async function readPatch(root: string, base: string, commit: string, paths: readonly string[]): Promise<string> {
  if (paths.length === 0) return '';
  const options = ['-r', '-p', '--binary', '--full-index', '--no-renames', '--no-ext-diff', '--no-textconv'];
  return await runGit(root, ['diff-tree', ...options, base, commit, '--', ...paths]);
}
