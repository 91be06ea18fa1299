/**
 * Where a prepare.py keeps its data: read from its text, from assignments such as `CACHE = os.path.join(os.path.expanduser("~"), ".cache",
 * "x")` or `DATA = CACHE / "data"`. It runs no python, and says nothing of a path that is made in another way. Pure.
 */
import { isAbsolute, join } from 'node:path';

/** What the paths in the text are relative to. */
export interface DataFolderContext {
  /** Folder of prepare.py. */
  folder: string;
  home: string;
  env: Readonly<Record<string, string | undefined>>;
}

const assignment = /^([A-Z][A-Z0-9_]*)(?:\s*:\s*[\w.[\]| ]+)?\s*=\s*(\S[^\n]*)$/gm;
const ofData = /CACHE|DATA|TOKENI[SZ]ER|TRAIN_FILE|VAL_FILE/;
const text = /(?:\b[rR])?(?:"([^"\n]*)"|'([^'\n]*)')/g;

/** Paths of the data by name, in the order of the text: those whose name says that they hold data. Relative ones lie beside prepare.py. */
export function parseDataPaths(prepare: string, context: DataFolderContext): Record<string, string> {
  const known = new Map<string, string>();
  for (const [, name = '', written = ''] of prepare.matchAll(assignment)) {
    const path = evaluatePath(written.replace(/\s+#.*$/, ''), known, context);
    if (path !== null) known.set(name, path);
  }
  return Object.fromEntries([...known].filter(([name]) => ofData.test(name)));
}

/** The path that an expression means; null where it is none of the forms that are understood. */
function evaluatePath(written: string, known: Map<string, string>, context: DataFolderContext): string | null {
  const expression = written.trim();
  const variable = /^(?:os\.path\.join\(|(?:pathlib\.)?Path\()?\s*([A-Z][A-Z0-9_]*)\b/.exec(expression)?.[1];
  if (variable !== undefined) {
    const base = known.get(variable);
    return base === undefined ? null : join(base, ...readTexts(expression));
  }
  if (!/^(?:os\.path\.(?:join|expanduser|expandvars)|os\.(?:environ|getenv)|(?:pathlib\.)?Path)\b/.test(expression))
    return null;
  const asked = /os\.(?:environ\.get\(|environ\[|getenv\()\s*["']([^"']+)["']/.exec(expression);
  const given = asked === null ? undefined : context.env[asked[1] ?? ''];
  if (asked !== null && given !== undefined && given !== '')
    return resolveText(join(given, ...readTexts(afterFirstGroup(expression))), context);
  // The name of the variable is no part of the path.
  const rest = asked === null ? expression : expression.replace(asked[0], '');
  const isOfHome = /Path\.home\(\)/.test(rest);
  const isOfFile = /__file__/.test(rest);
  const texts = readTexts(rest);
  if (isOfHome) return join(context.home, ...texts);
  if (isOfFile) return join(context.folder, ...texts);
  return texts.length === 0 ? null : resolveText(join(...texts), context);
}

function readTexts(expression: string): string[] {
  return [...expression.matchAll(text)].map((match) => match[1] ?? match[2] ?? '');
}

/** What stands behind the first bracket that closes what was opened first. */
function afterFirstGroup(expression: string): string {
  let depth = 0;
  for (let at = 0; at < expression.length; at++) {
    const letter = expression.charAt(at);
    if (letter === '(' || letter === '[') depth += 1;
    if ((letter === ')' || letter === ']') && --depth === 0) return expression.slice(at + 1);
  }
  return '';
}

function resolveText(path: string, { folder, home }: DataFolderContext): string {
  if (path === '~' || path.startsWith('~/')) return join(home, path.slice(1));
  return isAbsolute(path) ? path : join(folder, path);
}
