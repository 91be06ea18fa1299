/**
 * Which file rules a path has: the built-in table and lab.yaml's own globs, added up. Pure; who enforces a rule is elsewhere
 * (frozen.ts checks commits, the worker overlays, the sandbox locks).
 */
import type { FileRule } from '../domain/file-rule.ts';

/** Built-in rules by glob. A glob without a slash matches a file name wherever it lies, as in .gitignore. */
export const builtInRules: Readonly<Record<string, readonly FileRule[]>> = {
  '/program.md': ['FROZEN'],
  '/lab.yaml': ['FROZEN'],
  'eval.py': ['FROZEN'],
  'prepare.py': ['FROZEN'],
  '/0_docs/problem.md': ['FROZEN'],
  '/meta_journal.md': ['FROZEN', 'APPEND-ONLY'],
  'uv.lock': ['FROZEN'],
  'poetry.lock': ['FROZEN'],
  'pdm.lock': ['FROZEN'],
  'Pipfile.lock': ['FROZEN'],
  'conda-lock.yml': ['FROZEN'],
  'requirements.lock': ['FROZEN'],
  '/human_journal.md': ['HUMAN', 'APPEND-ONLY'],
  '/RESEARCH_JOURNAL.md': ['GLOBAL', 'APPEND-ONLY'],
  '/results.tsv': ['GLOBAL', 'APPEND-ONLY'],
  '/results.*.tsv': ['GLOBAL', 'APPEND-ONLY'],
  '/1_ideas/**': ['RECORD'],
  '/9_reports/**': ['RECORD'],
  '/0_docs/papers/**': ['RECORD'],
};

/** The rules of one path (relative to the lab, forward slashes); an empty list means REGULAR. */
export function rulesOf(path: string, configured: Readonly<Record<string, readonly FileRule[]>>): FileRule[] {
  const rules = new Set<FileRule>();
  for (const table of [builtInRules, configured]) {
    for (const [glob, added] of Object.entries(table)) {
      if (matchesGlob(path, glob)) for (const rule of added) rules.add(rule);
    }
  }
  return [...rules];
}

/** One rule of a path and where it comes from. */
export interface RuleReason {
  rule: FileRule;
  /** The glob that matches the path. */
  glob: string;
  origin: 'built-in' | 'lab.yaml';
}

/** Every rule of one path with each glob that gives it, the built-in ones first; an empty list means REGULAR. */
export function explainRules(path: string, configured: Readonly<Record<string, readonly FileRule[]>>): RuleReason[] {
  return listRules(configured).filter(({ glob }) => matchesGlob(path, glob));
}

/** The whole table, one line for each rule of each glob, the built-in ones first. */
export function listRules(configured: Readonly<Record<string, readonly FileRule[]>>): RuleReason[] {
  const flatten = (table: typeof configured, origin: RuleReason['origin']): RuleReason[] =>
    Object.entries(table).flatMap(([glob, rules]) => rules.map((rule) => ({ rule, glob, origin })));
  return [...flatten(builtInRules, 'built-in'), ...flatten(configured, 'lab.yaml')];
}

/**
 * Whether a path matches a glob: `*` within a name, `**` across folders, `?` one character; a leading slash ties it to the root;
 * without any slash the file name alone is compared. Case is folded, because some file systems fold it.
 */
export function matchesGlob(path: string, glob: string): boolean {
  const tied = glob.startsWith('/') ? glob.slice(1) : glob;
  const target = glob.includes('/') ? path : path.slice(path.lastIndexOf('/') + 1);
  return globPattern(tied).test(target);
}

const patterns = new Map<string, RegExp>();

function globPattern(glob: string): RegExp {
  const known = patterns.get(glob);
  if (known) return known;
  let source = '';
  for (let i = 0; i < glob.length; i++) {
    const letter = glob.charAt(i);
    if (glob.startsWith('**/', i)) {
      source += '(?:.*/)?';
      i += 2;
    } else if (glob.startsWith('**', i)) {
      source += '.*';
      i += 1;
    } else if (letter === '*') source += '[^/]*';
    else if (letter === '?') source += '[^/]';
    else source += letter.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  }
  const pattern = new RegExp(`^${source}$`, 'is');
  patterns.set(glob, pattern);
  return pattern;
}
