/**
 * Names that Python would load in place of a frozen module, or before any code at all. Pure: by paths and by import lines alone, in small
 * letters, because some file systems fold case. Which of a commit's files are looked at, and what main itself has, is shadow-check.ts.
 */

/** A module that frozen code imports, and a folder in which Python would look for it first. */
export interface WatchedImport {
  /** First part of the name: "json". */
  module: string;
  /** Relative to the repository's root; "" is the root. */
  folder: string;
  /** Path of the frozen file that imports it. */
  importer: string;
}

/** What a path would be to Python. */
export interface Shadow {
  /** `start-up`: loaded by itself; `module`: loaded where somebody imports that name. */
  kind: 'start-up' | 'module';
  /** Folder of the package that the file belongs to; null where it is no package's. */
  packageFolder: string | null;
  /** What is wrong, to be put behind the path: "is loaded by Python before …". */
  reason: string;
}

const startUpModules = new Set(['sitecustomize', 'usercustomize']);
const sourceOrCompiled = /\.(?:py|pyc|pyo|so|pyd)$/;
const compiled = /\.(?:pyc|pyo|so|pyd)$/;

/**
 * Why Python would load this path in place of frozen code or before it, as words to put behind the path; null where it would not.
 * `frozenPaths` are main's frozen files. A link or a submodule can stand for a folder: ask for `<path>/__init__.py` as well.
 */
export function findShadow(
  path: string,
  frozenPaths: readonly string[],
  imports: readonly WatchedImport[] = [],
): string | null {
  return explainShadow(path, frozenPaths, imports)?.reason ?? null;
}

/** The same with what it takes to tell an attack from main's own layout. */
export function explainShadow(
  path: string,
  frozenPaths: readonly string[],
  imports: readonly WatchedImport[] = [],
): Shadow | null {
  const parts = path.toLowerCase().split('/');
  const startUp = findStartUp(parts);
  if (startUp !== null) return { kind: 'start-up', packageFolder: null, reason: startUp };
  return findFrozenStandIn(path, parts, frozenPaths) ?? findImportStandIn(path, parts, imports);
}

/** What Python loads without being asked. */
function findStartUp(parts: readonly string[]): string | null {
  const name = parts.at(-1) ?? '';
  if (parts.includes('__pycache__'))
    return 'is bytecode, which Python can load in place of the source that it is named after';
  const customize = parts.find((part) => startUpModules.has(part.split('.')[0] ?? ''));
  if (customize !== undefined && (sourceOrCompiled.test(name) || customize !== name)) {
    return 'is loaded by Python before any code of a run';
  }
  if (name.endsWith('.pth')) return 'has the name of a path file, whose lines Python runs when it starts';
  if (name === 'pyvenv.cfg') return 'makes the folder above it a Python environment of its own';
  return null;
}

/** "prepare" for prepare.py, "pkg" for pkg/__init__.py; null for what is no module. */
function moduleOf(frozenPath: string): string | null {
  const match = /(?:^|\/)([^/]+)\.py$/.exec(frozenPath.toLowerCase());
  if (match?.[1] !== '__init__') return match?.[1] ?? null;
  return frozenPath.toLowerCase().split('/').at(-2) ?? null;
}

function findFrozenStandIn(path: string, parts: readonly string[], frozenPaths: readonly string[]): Shadow | null {
  const name = parts.at(-1) ?? '';
  if (!sourceOrCompiled.test(name)) return null;
  for (const frozen of frozenPaths) {
    const module = moduleOf(frozen);
    if (module === null || path === frozen) continue;
    const at = parts.slice(0, -1).indexOf(module);
    // The folder of a frozen file itself may be called like it.
    if (at !== -1 && !frozen.toLowerCase().startsWith(`${parts.slice(0, at + 1).join('/')}/`)) {
      return {
        kind: 'module',
        packageFolder: folderAt(path, at),
        reason: `is in a package that Python loads in place of the frozen ${frozen}`,
      };
    }
    if (compiled.test(name) && name.split('.')[0] === module) {
      return { kind: 'module', packageFolder: null, reason: `is loaded by Python in place of the frozen ${frozen}` };
    }
  }
  return null;
}

function findImportStandIn(path: string, parts: readonly string[], imports: readonly WatchedImport[]): Shadow | null {
  const name = parts.at(-1) ?? '';
  if (!sourceOrCompiled.test(name)) return null;
  for (const { module, folder, importer } of imports) {
    const above = folder === '' ? [] : folder.toLowerCase().split('/');
    if (above.some((part, index) => parts[index] !== part) || parts.length <= above.length) continue;
    const first = parts[above.length] ?? '';
    const isPackage = parts.length > above.length + 1;
    if ((isPackage ? first : first.split('.')[0]) !== module.toLowerCase()) continue;
    return {
      kind: 'module',
      packageFolder: isPackage ? folderAt(path, above.length) : null,
      reason: `is loaded by Python in place of the module ${module}, which the frozen ${importer} imports`,
    };
  }
  return null;
}

/** The folder that ends with the path's part `index`. */
function folderAt(path: string, index: number): string {
  return path
    .split('/')
    .slice(0, index + 1)
    .join('/');
}

/** First parts of the names of the modules that a Python text imports, each once; relative imports are left out. Read line by line. */
export function listImportedModules(text: string): string[] {
  const found = new Set<string>();
  for (const statement of text.split(/[\n;]|:\s+(?=import\s|from\s)/)) {
    const from = /^\s*from\s+([A-Za-z_]\w*)[\w.]*\s+import\b/.exec(statement);
    if (from?.[1] !== undefined) found.add(from[1]);
    const list = /^\s*import\s+([^#]+)/.exec(statement)?.[1] ?? '';
    for (const item of list.split(',')) {
      const name = /^\s*([A-Za-z_]\w*)/.exec(item)?.[1];
      if (name !== undefined) found.add(name);
    }
  }
  return [...found];
}

/**
 * Folders that a command lets Python look in first, relative to where it starts: those of its scripts, the start folder for `-m` and `-c`, and
 * what it sets PYTHONPATH to. Words that a shell would make up are not known.
 */
export function listScriptFolders(command: string): string[] {
  const found = new Set<string>();
  const words = command.split(/[\s'"();&|]+/).filter((word) => word !== '');
  for (const [index, word] of words.entries()) {
    if (/\.py$/i.test(word) && !word.startsWith('/')) found.add(cleanFolder(word.split('/').slice(0, -1).join('/')));
    if (/^-[mc]$/.test(word) && isPython(words.slice(0, index).findLast((before) => !before.startsWith('-'))))
      found.add('');
    const search = /^PYTHONPATH=(.*)$/.exec(word)?.[1];
    for (const entry of search?.split(':') ?? []) if (!entry.startsWith('/')) found.add(cleanFolder(entry));
  }
  return [...found].filter((folder) => folder !== '..' && !folder.startsWith('../'));
}

/** Also "uv run -m", where the word before is the launcher's own. */
function isPython(word: string | undefined): boolean {
  return word !== undefined && /(?:^|\/)(?:python|pypy|run$)/i.test(word);
}

function cleanFolder(folder: string): string {
  return folder
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}
