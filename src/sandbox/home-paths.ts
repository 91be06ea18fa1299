/**
 * Which parts of a hidden home must stay readable so that the programs on PATH work: interpreters, tool chains, virtual
 * environments. Keys, tokens and settings never are, also where PATH leads into them.
 */
import { accessSync, constants, existsSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { errnoOf } from '../errors/lab-error.ts';
import { isInside } from './sandbox.ts';

// First component below the home that is never shown.
const neverVisible = new Set([
  ...[
    '.ssh',
    '.aws',
    '.azure',
    '.config',
    '.gnupg',
    '.kube',
    '.docker',
    '.netrc',
    '.npmrc',
    '.pypirc',
    '.git-credentials',
    '.gitconfig',
  ],
  ...[
    '.password-store',
    '.mozilla',
    '.claude',
    '.claude.json',
    '.codex',
    '.gemini',
    '.huggingface',
    '.wandb',
    '.cache',
    '.history',
  ],
]);

// Programs that a step is likely to start; where they are links to elsewhere in the home, that place is needed too.
const commonPrograms = ['python3', 'python', 'uv', 'node', 'git', 'just', 'pip', 'conda'];

/** Existing folders below `home`, links resolved, that the entries of a PATH variable need in order to work. Each is to be shown read-only. */
export function visibleHomePaths(pathVariable: string, home: string): string[] {
  const realHome = realOrNull(home);
  if (realHome === null) return [];
  const found = new Set<string>();
  const seen = new Set<string>();
  const add = (entry: string): void => {
    const real = realOrNull(entry);
    if (real === null || seen.has(real) || !isInside(real, realHome) || real === realHome) return;
    seen.add(real);
    for (const path of toolPaths(real, realHome)) {
      const wanted = realOrNull(path);
      if (wanted !== null && wanted !== realHome && isInside(wanted, realHome) && isVisible(wanted, realHome))
        found.add(wanted);
    }
    // A virtual environment borrows the interpreter that it was made with, and that one can be another such environment.
    const base = readBaseInterpreter(dirname(real));
    if (base !== null) add(base);
  };
  for (const entry of pathVariable.split(':')) if (entry.startsWith('/')) add(entry);
  for (const program of commonPrograms) {
    const file = findOnPath(program, pathVariable);
    const real = file === null ? null : realOrNull(file);
    if (real !== null) add(dirname(real));
  }
  const all = [...found];
  return all.filter((path) => !all.some((other) => other !== path && isInside(path, other))).sort();
}

/** What belongs to one PATH entry. Both are real paths, the entry below the home. */
function toolPaths(entry: string, home: string): string[] {
  const first = relative(home, entry).split(sep)[0] ?? '';
  const parent = dirname(entry);
  switch (first) {
    case '.pyenv':
    case '.rustup':
      return [join(home, first)];
    case '.nvm':
      return [join(home, '.nvm', 'versions')];
    case '.cargo':
      // Never the whole folder: it holds credentials.toml.
      return [join(home, '.cargo', 'bin'), join(home, '.rustup')];
    case '.local':
      return [
        entry,
        ...['lib', 'share/uv', 'share/pipx', 'share/mise', 'share/fnm'].map((name) => join(home, '.local', name)),
      ];
  }
  for (let folder = entry; folder !== home && isInside(folder, home); folder = dirname(folder)) {
    if (existsSync(join(folder, 'pyvenv.cfg'))) return [folder];
    if (existsSync(join(folder, 'conda-meta'))) {
      // An environment below <base>/envs uses files of its base.
      return basename(dirname(folder)) === 'envs' ? [folder, dirname(dirname(folder))] : [folder];
    }
  }
  if (basename(entry) !== 'bin') return [entry];
  return [entry, ...['lib', 'lib64', 'libexec', 'share', 'include'].map((name) => join(parent, name))];
}

function isVisible(path: string, home: string): boolean {
  const parts = relative(home, path).split(sep);
  // `.local/share` and `.local` as a whole hold keyrings and histories.
  if (parts[0] === '.local' && (parts.length === 1 || (parts[1] === 'share' && parts.length === 2))) return false;
  return !neverVisible.has(parts[0] ?? '');
}

function readBaseInterpreter(environment: string): string | null {
  const file = join(environment, 'pyvenv.cfg');
  if (!existsSync(file)) return null;
  return /^home\s*=\s*(.+)$/m.exec(readFileSync(file, 'utf8'))?.[1]?.trim() ?? null;
}

function findOnPath(program: string, pathVariable: string): string | null {
  for (const folder of pathVariable.split(':')) {
    if (!folder.startsWith('/')) continue;
    const file = join(folder, program);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch (error) {
      const code = errnoOf(error);
      if (code !== 'ENOENT' && code !== 'EACCES' && code !== 'ENOTDIR') throw error;
    }
  }
  return null;
}

function realOrNull(path: string): string | null {
  try {
    return realpathSync(path);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'EACCES' || code === 'ENOTDIR' || code === 'ELOOP') return null;
    throw error;
  }
}
