/**
 * What the repository around a folder is to the ratchet: which of the files of a training repository it has, how its tree stands, whether
 * it is a lab, what program.md lacks, whether environment and data are there. Reads only.
 */
import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { findCheckoutRoot } from '../../config/repository-root.ts';
import type { LabConfig } from '../../config/schema.ts';
import type { RatchetState } from '../../domain/ratchet.ts';
import { errnoOf, messageOf } from '../../errors/lab-error.ts';
import { runGitResult } from '../../git/run-git.ts';
import { checkProgram, type Section } from '../program/check-program.ts';
import { parseDataPaths } from './data-folder.ts';

/** Files by which a training repository is known, and those that its environment follows from. */
export const knownFiles = [
  'train.py',
  'prepare.py',
  'program.md',
  'pyproject.toml',
  'uv.lock',
  'requirements.txt',
  'results.tsv',
] as const;

/** The repository state of the packet. */
export interface RepositoryState {
  /** Absolute path of the folder that was looked at: the top of the checkout, or the folder itself where there is none. */
  root: string;
  isGit: boolean;
  /** Null where HEAD is detached, and outside git. */
  branch: string | null;
  /** 7 hex digits; null where there is no commit yet. */
  commit: string | null;
  /** Tracked files that differ from HEAD, and untracked ones that git does not ignore; null outside git. */
  dirty: number | null;
  /** Those of knownFiles that are there. */
  files: string[];
  /** train.py and prepare.py are there. */
  isTraining: boolean;
  isLab: boolean;
  program: RatchetState['program'];
  /** Sections that program.md lacks; all five where there is none. */
  missingSections: Section[];
  /** `uv sync` was done here, or the lab does it for each run, or plain python3 is enough. */
  environment: 'ready' | 'missing';
  /** What the environment rests on, or lacks, in a few words. */
  environmentNote: string;
  /** `unknown`: prepare.py does not say where it puts anything. */
  data: 'ready' | 'missing' | 'unknown';
  /** Absolute paths that prepare.py names for data. */
  dataPaths: string[];
}

/** What the reading of a repository rests on besides its folder. */
export interface RepositoryOptions {
  /** Null where the folder is in no lab, or its configuration cannot be read. */
  config: LabConfig | null;
  isLab: boolean;
  env?: Readonly<Record<string, string | undefined>>;
  home?: string;
}

/** Reads the repository state. What could not be read is told in `notes`. */
export async function readRepository(
  folder: string,
  options: RepositoryOptions,
  notes: string[],
): Promise<RepositoryState> {
  const checkout = findCheckoutRoot(folder);
  const root = checkout ?? folder;
  const env = options.env ?? process.env;
  const files = knownFiles.filter((name) => existsSync(join(root, name)));
  const has = (name: (typeof knownFiles)[number]) => files.includes(name);
  const prepare = has('prepare.py') ? readText(join(root, 'prepare.py'), notes) : null;
  const dataPaths = Object.values(nameDataPaths(root, prepare, env, options.home ?? env.HOME ?? homedir()));
  const git = checkout === null ? null : await readGitState(root, notes);
  return {
    root,
    isGit: git !== null,
    branch: git?.branch ?? null,
    commit: git?.commit ?? null,
    dirty: git?.dirty ?? null,
    files,
    isTraining: has('train.py') && has('prepare.py'),
    isLab: options.isLab,
    ...readProgram(has('program.md') ? readText(join(root, 'program.md'), notes) : null),
    ...readEnvironment(root, files, options.config, env.PATH ?? ''),
    data: dataPaths.length === 0 ? 'unknown' : dataPaths.every(isFilled) ? 'ready' : 'missing',
    dataPaths,
  };
}

/** Absolute paths that the prepare.py of a folder names for data and tokenizer, by constant; {} where there is none, or it does not say. */
export function readDataPaths(root: string, notes: string[]): Record<string, string> {
  const file = join(root, 'prepare.py');
  const prepare = existsSync(file) ? readText(file, notes) : null;
  return nameDataPaths(root, prepare, process.env, process.env.HOME ?? homedir());
}

function nameDataPaths(
  root: string,
  prepare: string | null,
  env: Readonly<Record<string, string | undefined>>,
  home: string,
): Record<string, string> {
  return prepare === null ? {} : parseDataPaths(prepare, { folder: root, home, env });
}

function readText(path: string, notes: string[]): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    notes.push(`${path} cannot be read: ${messageOf(error)}`);
    return null;
  }
}

async function readGitState(root: string, notes: string[]) {
  const ask = async (...args: string[]): Promise<string | null> => {
    const { exitCode, stdout, stderr } = await runGitResult(root, args);
    if (exitCode === 0) return stdout.toString('utf8');
    // A branch without a commit and a detached HEAD are answers; anything else is told.
    if (stderr.trim() !== '') notes.push(`git ${args[0]}: ${stderr.trim().split('\n')[0]}`);
    return null;
  };
  const [branch, commit, status] = [
    await ask('symbolic-ref', '--quiet', '--short', 'HEAD'),
    await ask('rev-parse', '--quiet', '--verify', '--short=7', 'HEAD'),
    await ask('status', '--porcelain', '-z', '--no-renames'),
  ];
  const dirty = status === null ? null : status.split('\0').filter((line) => line !== '').length;
  return { branch: branch?.trim() || null, commit: commit?.trim() || null, dirty };
}

function readProgram(text: string | null): Pick<RepositoryState, 'program' | 'missingSections'> {
  const { missing } = checkProgram(text ?? '');
  if (text === null) return { program: 'missing', missingSections: missing };
  return { program: missing.length === 0 ? 'whole' : 'incomplete', missingSections: missing };
}

/** A lab with a set-up command makes the environment in each checkout by itself, so the root needs none of its own. */
function readEnvironment(
  root: string,
  files: readonly string[],
  config: LabConfig | null,
  path: string,
): Pick<RepositoryState, 'environment' | 'environmentNote'> {
  const wantsUv = files.includes('uv.lock') || (config?.checkout.setup ?? '').startsWith('uv ');
  if (existsSync(join(root, '.venv'))) return { environment: 'ready', environmentNote: '.venv is there' };
  if (wantsUv && !isOnPath('uv', path)) return { environment: 'missing', environmentNote: 'uv is not on PATH' };
  if (config?.checkout.setup != null)
    return { environment: 'ready', environmentNote: `each run does \`${config.checkout.setup}\`` };
  if (wantsUv || files.includes('pyproject.toml') || files.includes('requirements.txt'))
    return { environment: 'missing', environmentNote: 'no .venv yet' };
  return isOnPath('python3', path)
    ? { environment: 'ready', environmentNote: 'python3, no packages named' }
    : { environment: 'missing', environmentNote: 'python3 is not on PATH' };
}

function isOnPath(program: string, path: string): boolean {
  return path.split(delimiter).some((folder) => {
    if (folder === '') return false;
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Whether a path is a file with something in it, or a folder that is not empty. */
export function isFilled(path: string): boolean {
  return findLack(path) === null;
}

/** Why a path is no file with something in it and no folder that is not empty, in a few words; null where it is one. Never throws. */
export function findLack(path: string): string | null {
  const lack = 'missing or empty';
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return lack;
    if (!stats.isDirectory()) return stats.size > 0 ? null : lack;
  } catch (error) {
    // A folder above it that may not be entered, or is a file: a run would not get further.
    return `cannot be looked at (${errnoOf(error) ?? messageOf(error)})`;
  }
  try {
    return readdirSync(path).length > 0 ? null : lack;
  } catch {
    // A folder that may not be listed may still be full.
    return null;
  }
}
