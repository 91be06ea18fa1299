/**
 * Which files of a commit Python would load in place of frozen code or before any code. Looks at what the commit added or changed since it
 * left main; what main itself has is nobody's attack.
 */
import type { FileRule } from '../domain/file-rule.ts';
import { readBlobSizes, readBlobs } from '../git/blob-content.ts';
import { mergeBase } from '../git/repository.ts';
import { readTreeChanges, type TreeChange } from '../git/tree-diff.ts';
import { listTree } from '../git/tree-listing.ts';
import { explainShadow, listImportedModules, listScriptFolders, type WatchedImport } from './shadow.ts';
import { rulesOf } from './taxonomy.ts';

/** A file that would be loaded, with the reason in words to put behind the path. */
export interface ShadowingFile {
  path: string;
  reason: string;
}

/** What to look at. */
export interface ShadowInput {
  root: string;
  main: string;
  commit: string;
  rules: Readonly<Record<string, readonly FileRule[]>>;
  /** Commands of lab.yaml: where their scripts lie Python looks first. */
  commands: Readonly<Record<string, string | null>>;
}

interface MainFile {
  mode: string;
  blob: string;
}

// A frozen file above this is data and no program.
const maxSourceBytes = 2_000_000;

/** Files of the commit that would be loaded in place of frozen code, in git's order. Throws LabError where a commit is unknown. */
export async function checkShadows(input: ShadowInput): Promise<ShadowingFile[]> {
  const { root, main, commit } = input;
  const base = (await mergeBase(root, main, commit)) ?? main;
  const changes = (await readTreeChanges(root, base, commit)).filter(mayBeLoaded);
  if (changes.length === 0) return [];
  const mains = await readMainFiles(root, main);
  const frozen = [...mains.keys()].filter((path) => rulesOf(path, input.rules).includes('FROZEN'));
  const fresh = changes.filter(({ path, newMode, newBlob }) => {
    const own = mains.get(path);
    return own === undefined || own.mode !== newMode || own.blob !== newBlob;
  });
  const hasNewName = fresh.some(({ path }) => !mains.has(path));
  const folders = new Set([...mains.keys()].flatMap(foldersAbove));
  const imports = hasNewName ? await readImports(input, frozen, mains, folders) : [];
  const found = fresh.flatMap((change) => {
    const reason = judge(change, frozen, imports, mains, folders);
    return reason === null ? [] : [{ path: change.path, reason, change }];
  });
  const weights = await findWeights(
    root,
    found.map(({ change }) => change),
  );
  return found.filter(({ path }) => !weights.has(path)).map(({ path, reason }) => ({ path, reason }));
}

/** Cheap first look: most experiments change a program that is there already, and then git is asked no more. */
function mayBeLoaded({ newMode, oldMode, path }: TreeChange): boolean {
  if (newMode === null) return false;
  return (
    oldMode === null || newMode === '120000' || newMode === '160000' || explainShadow(path, [])?.kind === 'start-up'
  );
}

function judge(
  { path, newMode }: TreeChange,
  frozen: readonly string[],
  imports: readonly WatchedImport[],
  mains: ReadonlyMap<string, MainFile>,
  folders: ReadonlySet<string>,
): string | null {
  // A link or a submodule can be a folder with anything in it.
  const asFolder = newMode === '120000' || newMode === '160000';
  for (const name of asFolder ? [path, `${path}/__init__.py`] : [path]) {
    const shadow = explainShadow(name, frozen, imports);
    if (shadow === null) continue;
    if (shadow.kind === 'start-up') return shadow.reason;
    if (mains.has(path) && !asFolder) continue;
    // A new file in a folder that main has already is main's layout, unless it is what makes the folder a package.
    const isOfMain = shadow.packageFolder !== null && folders.has(shadow.packageFolder.toLowerCase());
    if (isOfMain && !/(?:^|\/)__init__\.[^/]*$/i.test(name)) continue;
    return shadow.reason;
  }
  return null;
}

/** Every file of main with its blob, links and submodules among them. */
async function readMainFiles(root: string, main: string): Promise<Map<string, MainFile>> {
  return new Map((await listTree(root, main)).map(({ path, mode, hash }) => [path, { mode, blob: hash }]));
}

/** What main's frozen Python files import, for each folder in which Python would look before it finds the real one. */
async function readImports(
  { root, commands }: ShadowInput,
  frozen: readonly string[],
  mains: ReadonlyMap<string, MainFile>,
  folders: ReadonlySet<string>,
): Promise<WatchedImport[]> {
  const sources = frozen.flatMap((path) => {
    const file = mains.get(path);
    return file !== undefined && /\.py$/i.test(path) && file.mode.startsWith('100') ? [{ path, blob: file.blob }] : [];
  });
  const sizes = await readBlobSizes(root, [...new Set(sources.map(({ blob }) => blob))]);
  const small = sources.filter(({ blob }) => (sizes.get(blob) ?? 0) <= maxSourceBytes);
  const blobs = await readBlobs(root, [...new Set(small.map(({ blob }) => blob))]);
  const scripts = Object.values(commands).flatMap((command) => (command === null ? [] : listScriptFolders(command)));
  const imports: WatchedImport[] = [];
  for (const { path, blob } of small) {
    const places = [...new Set([path.split('/').slice(0, -1).join('/'), ...scripts])];
    for (const module of listImportedModules(blobs.get(blob)?.toString('utf8') ?? '')) {
      // Frozen code that imports a program which experiments may change leaves it to them, as a file or as a package.
      const own = places.map((folder) => (folder === '' ? module : `${folder}/${module}`));
      const isOpen = (at: string) =>
        (mains.has(`${at}.py`) && !frozen.includes(`${at}.py`)) || folders.has(at.toLowerCase());
      if (own.some(isOpen)) continue;
      for (const folder of places) imports.push({ module, folder, importer: path });
    }
  }
  return imports;
}

function foldersAbove(path: string): string[] {
  const parts = path.toLowerCase().split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** Weights of a model are called .pth as well: a binary outside of a folder of packages is no path file. */
async function findWeights(root: string, changes: readonly TreeChange[]): Promise<Set<string>> {
  const candidates = changes.flatMap(({ path, newMode, newBlob }) => {
    const parts = path.toLowerCase().split('/');
    const isPlain = newMode !== '120000' && newMode !== '160000' && newBlob !== null;
    const isPlace = parts.some((part) => part === '__pycache__' || /^(?:site|dist)-packages$/.test(part));
    return isPlain && parts.at(-1)?.endsWith('.pth') && !isPlace ? [{ path, blob: newBlob }] : [];
  });
  const blobs = await readBlobs(root, [...new Set(candidates.map(({ blob }) => blob))]);
  return new Set(candidates.filter(({ blob }) => blobs.get(blob)?.includes(0) === true).map(({ path }) => path));
}
