/**
 * `lab deinit`: takes away what the lab put beside the user's own files: git hooks, worktrees, private refs, the daemon; with --purge its state
 * and its lines in .git/info/exclude, with --files what it wrote into git. Only an idle lab is taken apart. What is uncommitted in a worktree
 * and tables of sessions stay always, what sessions tried stays without --purge; the code of jobs that only a private ref holds goes.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findLab, type LabPaths } from '../../config/lab-paths.ts';
import { LabError } from '../../errors/lab-error.ts';
import type { KernelLock } from '../../lab/kernel-lock.ts';
import { callRunning } from '../client.ts';
import type { CommandSpec } from '../define.ts';
import type { Removal, RemovalOptions } from '../deinit/plan-removal.ts';

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
    const options = { isPurge: input.flag('purge'), takesFiles: input.flag('files') };
    const { ensureNoOpenJobs, holdCommands } = await import('../deinit/idle-lab.ts');
    const isUp = (await callRunning(paths, 'hello', {})) !== null;
    ensureNoOpenJobs(paths);
    if (input.flag('yes')) return await remove(paths, options, isUp);
    await holdCommands(paths, true);
    const { findRemoval, renderKept, renderRemoval } = await import('../deinit/plan-removal.ts');
    const removal = await findRemoval(paths, options, isUp);
    const filesNote = options.takesFiles
      ? 'ideas, reports, journals and results in git stay\n'
      : 'files in git stay as they are\n';
    process.stdout.write(`\`lab deinit --yes\` would remove:\n${indent(renderRemoval(removal))}${filesNote}`);
    const stays = renderKept(removal);
    if (stays.length > 0) process.stdout.write(`would keep:\n${indent(stays)}`);
    return 0;
  },
};

const indent = (lines: readonly string[]): string => lines.map((line) => `  ${line}\n`).join('');

async function remove(paths: LabPaths, options: RemovalOptions, isUp: boolean): Promise<number> {
  const { endDaemon, ensureNoOpenJobs, holdCommands } = await import('../deinit/idle-lab.ts');
  const { findRemoval } = await import('../deinit/plan-removal.ts');
  const { takeApart } = await import('../deinit/take-apart.ts');
  const hadState = existsSync(paths.state);
  const locks: KernelLock[] = [];
  try {
    locks.push(...(await holdCommands(paths)));
    locks.push(await endDaemon(paths));
    // Again: until now a job could be added, and a queued one begin.
    ensureNoOpenJobs(paths, isUp ? ['the daemon has ended; `lab up` starts it again'] : []);
    await tell(paths, await takeApart(paths, await findRemoval(paths, options, isUp)));
    return 0;
  } finally {
    if (!hadState) rmSync(paths.state, { recursive: true, force: true });
    for (const lock of locks) lock.release();
  }
}

/** Takes the files out of git where asked, and says what went and what stays. */
async function tell(paths: LabPaths, removal: Removal): Promise<void> {
  const { renderKept, renderRemoval } = await import('../deinit/plan-removal.ts');
  const { canDropBoth, takeLabFiles } = await import('../deinit/take-files.ts');
  const { files } = removal;
  const taken = files === null ? null : await takeLabFiles(paths.root, files.main, files.paths);
  process.stdout.write(`removed:\n${indent(renderRemoval(removal))}`);
  for (const line of renderKept(removal)) process.stdout.write(`kept ${line}\n`);
  if (removal.isPurge && existsSync(join(paths.root, 'lab.local.yaml')))
    process.stdout.write('kept lab.local.yaml: your settings of this machine\n');
  if (taken !== null && 'delayed' in taken)
    throw new LabError('user', `the files are still in git: ${taken.delayed}`, {
      hints: ['`lab deinit --yes --files` again'],
    });
  for (const path of taken?.left ?? [])
    process.stdout.write(`kept ${path}: it has changes of yours that are not committed\n`);
  const before = files?.before ?? null;
  if (taken === null || files === null || before === null) return;
  if (await canDropBoth(paths.root, files.main, before))
    process.stdout.write(
      `nothing came after the lab was made: \`git reset --keep ${before.slice(0, 12)}\` takes its two commits away as well\n`,
    );
}
