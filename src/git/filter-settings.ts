/**
 * Git's filters (smudge, clean, process) are commands of the user's settings, and git runs them in the checkout: one that names a file of the
 * repository would run that file as the commit has it, outside of every sandbox. This finds such filters and the settings that switch them off.
 */
import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { runGit, runGitResult } from './run-git.ts';

/** Filters that are switched off for a commit, and the settings (for `git -c`) that do it. */
export interface SwitchedFilters {
  names: string[];
  config: string[];
}

// Git LFS reads nothing of a checkout that it would run; without it there would be no data.
const trusted = new Set(['lfs']);

/** Paths that a filter's command may mean: its words as they are, without leading dots and slashes, and Python modules as files. */
function pathsOf(command: string): string[] {
  return command.split(/[\s'"`$(){}[\];|&<>=,]+/).flatMap((word) => {
    const path = posix.normalize(word).replace(/^(?:\.{0,2}\/)+/, '');
    if (path === '.' || path === '..' || path === '' || path.startsWith('-')) return [];
    const module = /^[A-Za-z_][\w.]*$/.test(path) ? path.replaceAll('.', '/') : null;
    return module === null ? [path] : [path, `${module}.py`, `${module}/__main__.py`];
  });
}

/** Whether a command runs a Python module: that looks in the checkout first, for the module and for all that it imports. */
function runsModule(command: string): boolean {
  return /(?:^|\s)-[A-Za-z]*m(?:\s|$)/.test(command);
}

/** The commands of every filter that is set, by the filter's name; trusted ones are left out. */
async function readCommands(root: string): Promise<Map<string, string[]>> {
  const found = await runGitResult(root, ['config', '-z', '--get-regexp', '^filter\\..*\\.(smudge|clean|process)$']);
  const commands = new Map<string, string[]>();
  for (const entry of found.stdout.toString('utf8').split('\0')) {
    const [, name, command] = /^filter\.(.*)\.\w+\n([\s\S]*)$/.exec(entry) ?? [];
    if (name !== undefined && command && !trusted.has(name))
      commands.set(name, [...(commands.get(name) ?? []), command]);
  }
  return commands;
}

function switchOff(names: string[]): SwitchedFilters {
  const keys = ['smudge=', 'clean=', 'process=', 'required=false'];
  return { names, config: names.flatMap((name) => keys.map((key) => `filter.${name}.${key}`)) };
}

/** The filters whose commands name a file of `commit` or run a Python module. Costs one git call where no filter is set. Throws LabError where the commit is unknown. */
export async function switchOffFilters(root: string, commit: string): Promise<SwitchedFilters> {
  const commands = await readCommands(root);
  if (commands.size === 0) return switchOff([]);
  const wanted = [...new Set([...commands.values()].flat().flatMap(pathsOf))];
  const listing = await runGit(root, ['ls-tree', '-r', '--name-only', '-z', '--full-tree', commit, '--', ...wanted]);
  const known = new Set(listing.split('\0').filter((path) => path !== ''));
  const isNamed = (command: string): boolean => runsModule(command) || pathsOf(command).some((path) => known.has(path));
  return switchOff([...commands].filter(([, texts]) => texts.some(isNamed)).map(([name]) => name));
}

/**
 * The filters that would run what lies in `folder`, a worktree that an agent wrote in, committed or not: commands that name a file there or
 * run a Python module. Costs one git call.
 */
export async function switchOffFiltersIn(folder: string): Promise<SwitchedFilters> {
  const isRisky = (command: string): boolean =>
    runsModule(command) || pathsOf(command).some((path) => existsSync(join(folder, path)));
  const commands = await readCommands(folder);
  return switchOff([...commands].filter(([, texts]) => texts.some(isRisky)).map(([name]) => name));
}
