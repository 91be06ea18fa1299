/**
 * What a training repository shows: its files and how they stand in git, the constants of prepare.py, where its data lies, whether it needs a
 * GPU and whether there is one. Reads only, runs nothing of the repository, and decides nothing.
 */
import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join, relative } from 'node:path';
import { probeDevices } from '../../../workers/device-probe.ts';
import { runGit } from '../../git/run-git.ts';
import { listTree } from '../../git/tree-listing.ts';
import { budgetConstant, evaluationConstants, readConstants } from '../../ratchet/budget.ts';
import { parseDataPaths } from '../../ratchet/intake/data-folder.ts';
import { isInside } from '../../sandbox/sandbox.ts';
import type { AdoptablePlace } from './check-place.ts';

/** The three files by which a repository of autoresearch's shape is known. */
export const trainingFiles = ['program.md', 'prepare.py', 'train.py'] as const;

/** One file that means something. */
export interface RecognisedFile {
  path: string;
  /** `changed`: committed, and edited since. `uncommitted`: runs do not see it. */
  state: 'committed' | 'changed' | 'uncommitted';
}

/** What was found. */
export interface Recognised {
  place: AdoptablePlace;
  files: RecognisedFile[];
  /** Those of trainingFiles that are not there. */
  missing: string[];
  /** TIME_BUDGET, MAX_SEQ_LEN and EVAL_TOKENS as far as prepare.py has them. */
  constants: Record<string, number>;
  /** Absolute paths that prepare.py names for data, none of them below another. */
  dataFolders: string[];
  /** Those of dataFolders that lie in the repository and of which git has nothing. */
  untrackedData: string[];
  /** File that asks for torch; null where none does. */
  torchFrom: string | null;
  /** train.py names CUDA and no other device. */
  isCudaOnly: boolean;
  /** Model of this machine's first GPU; null where it shows none. */
  gpu: string | null;
  /** train.py reads LAB_SEED, so that seeds are seeds and no repeats. */
  readsSeed: boolean;
  /** train.py and prepare.py as text; "" where there is none. */
  trainText: string;
  prepareText: string;
  hasUv: boolean;
  /** Paths of main's newest commit. */
  tracked: ReadonlySet<string>;
  /** Paths that differ from main's commit or that git does not know, without ignored ones. */
  dirty: string[];
}

/** Looks at the repository and the machine. */
export async function recognise(place: AdoptablePlace): Promise<Recognised> {
  const { root, head } = place;
  const tracked = new Set((await listTree(root, head)).map(({ path }) => path));
  const dirty = await listDirty(root);
  const isFile = (name: string) => statSync(join(root, name), { throwIfNoEntry: false })?.isFile() === true;
  const names = readdirSync(root).filter((name) => isOfInterest(name) && isFile(name));
  const files = names.sort(inOrder).map((path): RecognisedFile => {
    if (!tracked.has(path)) return { path, state: 'uncommitted' };
    return { path, state: dirty.includes(path) ? 'changed' : 'committed' };
  });
  const read = (name: string) => (names.includes(name) ? readFileSync(join(root, name), 'utf8') : '');
  const [prepareText, trainText] = [read('prepare.py'), read('train.py')];
  const found = readConstants(prepareText);
  const { devices } = await probeDevices();
  const dataFolders = listDataFolders(root, prepareText);
  return {
    place,
    files,
    missing: trainingFiles.filter((name) => !names.includes(name)),
    constants: Object.fromEntries(
      [budgetConstant, ...evaluationConstants].flatMap((name) => {
        const value = found[name];
        return value === undefined ? [] : [[name, value]];
      }),
    ),
    dataFolders,
    untrackedData: dataFolders.filter((path) => {
      const below = `${relative(root, path)}/`;
      return isInside(path, root) && path !== root && ![...tracked].some((other) => `${other}/`.startsWith(below));
    }),
    torchFrom: names.find((name) => isDependencyFile(name) && namesTorch(read(name))) ?? null,
    isCudaOnly: /["']cuda(?::\d+)?["']|\.cuda\(/.test(trainText) && !/["'](?:cpu|mps)["']/.test(trainText),
    gpu: devices.find((device) => device.class === 'gpu')?.model ?? null,
    readsSeed: trainText.includes('LAB_SEED'),
    trainText,
    prepareText,
    hasUv: isOnPath('uv'),
    tracked,
    dirty,
  };
}

const dependencyFiles = ['pyproject.toml', 'uv.lock', '.python-version', 'uv.toml'];
const isRequirements = (name: string): boolean => /^requirements[^/]*\.txt$/.test(name);
const isDependencyFile = (name: string): boolean => name === 'pyproject.toml' || isRequirements(name);
const isOfInterest = (name: string): boolean =>
  trainingFiles.some((file) => file === name) || dependencyFiles.includes(name) || isRequirements(name);

function inOrder(left: string, right: string): number {
  const order: string[] = [...trainingFiles, ...dependencyFiles];
  const rank = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length);
  return rank(left) - rank(right) || left.localeCompare(right);
}

/** A requirement, not a word in a description: at the start of a line or of a quoted entry. */
function namesTorch(text: string): boolean {
  return /^\s*["']?torch(?:\s*[["'<>=!~;@,]|\s*$)|["']torch(?:\s*[["'<>=!~;@,])/m.test(text);
}

async function listDirty(root: string): Promise<string[]> {
  const words = ['--no-optional-locks', 'status', '--porcelain=v1', '-z', '--untracked-files=normal', '--no-renames'];
  const records = (await runGit(root, words)).split('\0');
  return records.filter((record) => record !== '').map((record) => record.slice(3));
}

/** Data that is beside prepare.py counts only where it is there: the text may mean something else. */
function listDataFolders(root: string, prepareText: string): string[] {
  const home = process.env.HOME ?? homedir();
  const named = Object.values(parseDataPaths(prepareText, { folder: root, home, env: process.env }));
  const wanted = named.filter((path) => !path.startsWith(`${root}/`) || existsSync(path));
  return [...new Set(wanted)].filter((path) => !wanted.some((other) => path.startsWith(`${other}/`)));
}

function isOnPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      // Not there, or nothing that can be started: the next folder may have it.
      return false;
    }
  });
}
