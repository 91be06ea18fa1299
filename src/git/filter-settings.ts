/**
 * Git's filters (smudge, clean, process) are commands of the user's settings, and git runs them in the checkout: one that names a file of the
 * repository would run that file as the commit has it, outside of every sandbox. This finds such filters and the settings that switch them off.
 */
import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { runGitResult } from './run-git.ts';
import { listTree } from './tree-listing.ts';

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

/** What the user's and the repository's settings say about a new checkout. */
export interface CheckoutSettings {
  /** The commands of every filter that is set, by the filter's name; trusted ones are left out. */
  commands: Map<string, string[]>;
  /** True where no setting asks for another kind of worktree than git has always made. */
  isPlain: boolean;
}

const asked =
  /^(?:filter\..*\.(?:smudge|clean|process)|extensions\..*|core\.(?:bare|worktree|sparsecheckout|sharedrepository)|worktree\..*)$/;
const isOff = /^(?:|0|no|off|false|umask)$/i;
// Of objects, and not of worktrees.
const harmlessExtension = /^extensions\.(?:objectformat|partialclone|preciousobjects|noop)$/;

/** Reads the settings, in one git call. Throws LabError where git could not be started. */
export async function readCheckoutSettings(root: string): Promise<CheckoutSettings> {
  const found = await runGitResult(root, ['config', '-z', '--get-regexp', asked.source.replaceAll('(?:', '(')]);
  const commands = new Map<string, string[]>();
  // One is where nothing is set; anything else is for the commands that follow to say.
  let isPlain = found.exitCode === 0 || found.exitCode === 1;
  for (const entry of found.stdout.toString('utf8').split('\0')) {
    if (entry === '') continue;
    const end = entry.indexOf('\n');
    // A name without a value is git's short form of true.
    const [key, value] = end === -1 ? [entry, 'true'] : [entry.slice(0, end), entry.slice(end + 1)];
    const name = /^filter\.([\s\S]*)\.\w+$/.exec(key)?.[1];
    if (name === undefined) isPlain &&= harmlessExtension.test(key) || isOff.test(value);
    else if (end !== -1 && value !== '' && !trusted.has(name))
      commands.set(name, [...(commands.get(name) ?? []), value]);
  }
  return { commands, isPlain };
}

function switchOff(names: string[]): SwitchedFilters {
  const keys = ['smudge=', 'clean=', 'process=', 'required=false'];
  return { names, config: names.flatMap((name) => keys.map((key) => `filter.${name}.${key}`)) };
}

/**
 * The filters whose commands name a file of `commit` or run a Python module. Costs one git call where no filter is set, none where the caller
 * has read the settings. Throws LabError where the commit is unknown.
 */
export async function switchOffFilters(
  root: string,
  commit: string,
  settings: CheckoutSettings | null = null,
): Promise<SwitchedFilters> {
  const { commands } = settings ?? (await readCheckoutSettings(root));
  if (commands.size === 0) return switchOff([]);
  const known = new Set((await listTree(root, commit)).map(({ path }) => path));
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
  const { commands } = await readCheckoutSettings(folder);
  return switchOff([...commands].filter(([, texts]) => texts.some(isRisky)).map(([name]) => name));
}
