/**
 * `lab deinit`: takes away what the lab put beside the user's own files: git hooks, worktrees, private refs, the daemon; with --purge its state
 * and its lines in .git/info/exclude, with --files what it wrote into git. What exists nowhere else (uncommitted work, tables of sessions) stays.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { findLab, type LabPaths } from '../../config/lab-paths.ts';
import { LabError } from '../../errors/lab-error.ts';
import { callRunning } from '../client.ts';
import type { CommandSpec } from '../define.ts';

/** Takes the lab's machinery out of a repository. Files in git stay, unless --files is given. */
export const deinit: CommandSpec = {
  name: 'deinit',
  summary: 'Take hooks, refs and worktrees of the lab away again',
  usage: '',
  options: [
    { name: 'yes', short: 'y', description: 'Do it; without it only say what would go' },
    { name: 'purge', description: 'Also delete .lab/ with all run folders, and the lines in .git/info/exclude' },
    { name: 'files', description: 'Also commit the removal of lab.yaml and of templates that nobody changed' },
  ],
  examples: ['lab deinit', 'lab deinit --yes', 'lab deinit --yes --purge --files'],
  async run(input) {
    const paths = findLab(process.cwd());
    const { runGit } = await import('../../git/run-git.ts');
    const { listWorktrees, removeWorktree } = await import('../../git/worktree.ts');
    const { readHooks, uninstallHooks } = await import('../../rules/hooks.ts');
    const { holdsTable, listTables, removeState } = await import('../deinit/session-tables.ts');
    const { findLabFiles, removeEmptyFolder, takeLabFiles } = await import('../deinit/take-files.ts');
    const { removeExcludes } = await import('../adopt/excludes.ts');
    const status = await callRunning(paths, 'status', { numbers: [] });
    const running = status?.jobs.filter((view) => view.state.kind === 'running').map((view) => view.job.number) ?? [];
    if (running.length > 0)
      throw new LabError('user', `job ${running.join(', ')} runs, expected an idle lab`, {
        hints: [`\`lab kill ${running.join(' ')}\` or \`lab wait\` first`],
      });
    await ensureNoSession(paths);
    const refs = (await runGit(paths.root, ['for-each-ref', '--format=%(refname)', 'refs/nightlab/']))
      .split('\n')
      .filter((ref) => ref !== '');
    const trees = existsSync(paths.trees) ? readdirSync(paths.trees).map((name) => join(paths.trees, name)) : [];
    const experiments = (await listWorktrees(paths.root)).filter((tree) => tree.path.startsWith(`${paths.worktrees}/`));
    const kept = new Map<string, string>();
    for (const { path } of experiments) {
      if (!existsSync(path)) continue;
      if ((await runGit(path, ['status', '--porcelain'])) !== '') kept.set(path, 'it has uncommitted changes');
      else if (await holdsTable(path)) kept.set(path, 'the results.tsv of its session is in no commit');
    }
    const hooks = (await readHooks(paths.root)).filter(({ kind }) => kind === 'lab');
    const main = input.flag('files') ? await findMain(paths) : null;
    const files = main === null ? null : await findLabFiles(paths.root, main);
    const tables = input.flag('purge') ? listTables(paths) : [];
    const plan = [
      status === null ? null : 'end the daemon',
      hooks.length === 0
        ? null
        : `git hooks ${hooks.map(({ name }) => name).join(', ')}${hooks.some(({ isChained }) => isChained) ? ' (your own are put back)' : ''}`,
      `${trees.length} run checkouts in .lab/trees/`,
      `${experiments.length - kept.size} worktrees in 5_worktrees/ (their branches stay)`,
      `${refs.length} refs below refs/nightlab/ (snapshots of jobs)`,
      input.flag('purge')
        ? `.lab/ with all run folders, logs and the score seed${tables.length === 0 ? '' : ' (tables of sessions stay)'}`
        : null,
      files === null || files.paths.length === 0 ? null : `from ${main}, in one commit: ${files.paths.join(', ')}`,
    ].filter((line) => line !== null);
    const filesNote =
      files === null ? 'files in git stay as they are\n' : 'ideas, reports, journals and results in git stay\n';
    if (!input.flag('yes')) {
      process.stdout.write(
        `\`lab deinit --yes\` would remove:\n${plan.map((line) => `  ${line}\n`).join('')}${filesNote}`,
      );
      return 0;
    }
    if (status !== null) {
      await callRunning(paths, 'down', {});
      while ((await callRunning(paths, 'hello', {})) !== null) await new Promise((resume) => setTimeout(resume, 20));
    }
    for (const tree of trees) await removeWorktree(paths.root, tree, paths.trees);
    for (const tree of experiments)
      if (!kept.has(tree.path)) await removeWorktree(paths.root, tree.path, paths.worktrees);
    removeEmptyFolder(paths.worktrees);
    removeEmptyFolder(join(paths.root, '.git', 'worktrees'));
    await uninstallHooks(paths.root);
    for (const ref of refs) await runGit(paths.root, ['update-ref', '-d', ref]);
    removeEmptyFolder(join(paths.root, '.git', 'refs', 'nightlab'));
    if (input.flag('purge')) {
      removeState(paths, tables);
      // What stays would be untracked files without them.
      if (kept.size === 0 && tables.length === 0) await removeExcludes(paths.root);
    }
    const taken = main === null || files === null ? null : await takeLabFiles(paths.root, main, files.paths);
    process.stdout.write(`removed:\n${plan.map((line) => `  ${line}\n`).join('')}`);
    for (const [path, reason] of kept) process.stdout.write(`kept ${path}: ${reason}\n`);
    for (const path of tables) process.stdout.write(`kept ${path}: it is in no commit\n`);
    if (input.flag('purge') && existsSync(join(paths.root, 'lab.local.yaml')))
      process.stdout.write('kept lab.local.yaml: your settings of this machine\n');
    if (taken !== null && 'delayed' in taken)
      throw new LabError('user', `the files are still in git: ${taken.delayed}`, {
        hints: ['`lab deinit --yes --files` again'],
      });
    for (const path of taken?.left ?? [])
      process.stdout.write(`kept ${path}: it has changes of yours that are not committed\n`);
    if (taken !== null && files !== null && files.before !== null)
      process.stdout.write(
        `nothing came after the lab was made: \`git reset --keep ${files.before.slice(0, 12)}\` takes its two commits away as well\n`,
      );
    return 0;
  },
};

async function findMain(paths: LabPaths): Promise<string> {
  const { openConfig } = await import('../open-config.ts');
  const { resolveMainBranch } = await import('../../git/repository.ts');
  return await resolveMainBranch(paths.root, openConfig(paths).main);
}

async function ensureNoSession(paths: LabPaths): Promise<void> {
  const { isSessionRunning, readSessions } = await import('../../ratchet/session.ts');
  for (const { tag } of readSessions(paths)) {
    if (!(await isSessionRunning(paths, tag))) continue;
    throw new LabError('user', `session ${tag} is running, expected an idle lab`, {
      hints: ['end it with Ctrl-C in its terminal first'],
    });
  }
}
