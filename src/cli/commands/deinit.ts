/** `lab deinit`: takes away what the lab put beside the user's own files: git hooks, worktrees, private refs, the daemon, and with --purge its state. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findLab } from '../../config/lab-paths.ts';
import { LabError } from '../../errors/lab-error.ts';
import { callRunning } from '../client.ts';
import type { CommandSpec } from '../define.ts';

/** Takes the lab's machinery out of a repository. Files in git stay. */
export const deinit: CommandSpec = {
  name: 'deinit',
  summary: 'Take hooks, refs and worktrees of the lab away again',
  usage: '',
  options: [
    { name: 'yes', short: 'y', description: 'Do it; without it only say what would go' },
    { name: 'purge', description: 'Also delete .lab/ with all run folders' },
  ],
  examples: ['lab deinit', 'lab deinit --yes'],
  async run(input) {
    const paths = findLab(process.cwd());
    const { runGit } = await import('../../git/run-git.ts');
    const { listWorktrees, removeWorktree } = await import('../../git/worktree.ts');
    const { readHooks, uninstallHooks } = await import('../../rules/hooks.ts');
    const status = await callRunning(paths, 'status', { numbers: [] });
    const running = status?.jobs.filter((view) => view.state.kind === 'running').map((view) => view.job.number) ?? [];
    if (running.length > 0)
      throw new LabError('user', `job ${running.join(', ')} runs, expected an idle lab`, {
        hints: [`\`lab kill ${running.join(' ')}\` or \`lab wait\` first`],
      });
    const refs = (await runGit(paths.root, ['for-each-ref', '--format=%(refname)', 'refs/nightlab/']))
      .split('\n')
      .filter((ref) => ref !== '');
    const trees = existsSync(paths.trees) ? readdirSync(paths.trees).map((name) => join(paths.trees, name)) : [];
    const experiments = (await listWorktrees(paths.root)).filter((tree) => tree.path.startsWith(`${paths.worktrees}/`));
    const dirty: string[] = [];
    for (const tree of experiments)
      if (existsSync(tree.path) && (await runGit(tree.path, ['status', '--porcelain'])) !== '') dirty.push(tree.path);
    const hooks = (await readHooks(paths.root)).filter(({ kind }) => kind === 'lab');
    const plan = [
      status === null ? null : 'end the daemon',
      hooks.length === 0
        ? null
        : `git hooks ${hooks.map(({ name }) => name).join(', ')}${hooks.some(({ isChained }) => isChained) ? ' (your own are put back)' : ''}`,
      `${trees.length} run checkouts in .lab/trees/`,
      `${experiments.length - dirty.length} worktrees in 5_worktrees/ (their branches stay)`,
      `${refs.length} refs below refs/nightlab/ (snapshots of jobs)`,
      input.flag('purge') ? '.lab/ with all run folders, logs and the score seed' : null,
    ].filter((line) => line !== null);
    if (!input.flag('yes')) {
      process.stdout.write(
        `\`lab deinit --yes\` would remove:\n${plan.map((line) => `  ${line}\n`).join('')}files in git stay as they are\n`,
      );
      return 0;
    }
    if (status !== null) {
      await callRunning(paths, 'down', {});
      while ((await callRunning(paths, 'hello', {})) !== null) await new Promise((resume) => setTimeout(resume, 20));
    }
    for (const tree of trees) await removeWorktree(paths.root, tree, paths.trees);
    for (const tree of experiments)
      if (!dirty.includes(tree.path)) await removeWorktree(paths.root, tree.path, paths.worktrees);
    await uninstallHooks(paths.root);
    for (const ref of refs) await runGit(paths.root, ['update-ref', '-d', ref]);
    if (input.flag('purge')) rmSync(paths.state, { recursive: true, force: true });
    process.stdout.write(`removed:\n${plan.map((line) => `  ${line}\n`).join('')}`);
    for (const path of dirty) process.stdout.write(`kept ${path}: it has uncommitted changes\n`);
    return 0;
  },
};
