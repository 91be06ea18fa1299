/**
 * What the numbers of a session are comparable by: training budget, constants of the evaluation, frozen files, command, hard limit. Fixed when
 * the session begins; a difference later is told in words. Python is read as far as plain constants go, it is not run.
 */
import type { LabConfig } from '../config/schema.ts';
import type { RatchetBudget } from '../domain/ratchet.ts';
import { readBlobs } from '../git/blob-content.ts';
import { listFrozenFiles } from '../rules/frozen.ts';

/** The constant that says how long training may take, in seconds. */
export const budgetConstant = 'TIME_BUDGET';

/** Constants that the evaluation depends on: another value makes numbers that cannot be compared. */
export const evaluationConstants: readonly string[] = ['MAX_SEQ_LEN', 'EVAL_TOKENS'];

/**
 * Constants at the top level of Python text whose value is a number or plain arithmetic with numbers and constants before it (`5 * 60`,
 * `40 * 524_288`, `2**11`). Of two assignments the last counts, as in Python. Anything else is passed over. Pure.
 */
export function readConstants(text: string): Record<string, number> {
  const found: Record<string, number> = {};
  for (const line of text.split(/\r\n|\r|\n/)) {
    const match = /^([A-Za-z_]\w*)(?:[ \t]*:[ \t]*\w+)?[ \t]*=[ \t]*([^=#][^#]*)(?:#.*)?$/.exec(line);
    if (match?.[1] === undefined || match[2] === undefined) continue;
    const value = evaluate(match[2].trim().replace(/;$/, ''), found);
    if (value !== null) found[match[1]] = value;
    else delete found[match[1]];
  }
  return found;
}

/** The value of a sum of products of powers; null where it is anything else. */
function evaluate(text: string, known: Readonly<Record<string, number>>): number | null {
  if (text.length > 200) return null;
  const tokens = text.match(/\d[\d_]*(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+|\*\*|\/\/|[-+*/()]|[A-Za-z_]\w*|\S/g) ?? [];
  let at = 0;
  const atom = (): number | null => {
    const token = tokens[at];
    at += 1;
    if (token === undefined) return null;
    if (token === '(') {
      const inner = sum();
      if (tokens[at] !== ')') return null;
      at += 1;
      return inner;
    }
    if (token === '-' || token === '+') {
      const value = power();
      return value === null ? null : token === '-' ? -value : value;
    }
    if (/^[\d.]/.test(token)) return Number(token.replaceAll('_', ''));
    return Object.hasOwn(known, token) ? (known[token] ?? null) : null;
  };
  const power = (): number | null => {
    const base = atom();
    if (base === null || tokens[at] !== '**') return base;
    at += 1;
    const exponent = power();
    return exponent === null ? null : base ** exponent;
  };
  const product = (): number | null => {
    let value = power();
    for (let sign = tokens[at]; value !== null && (sign === '*' || sign === '/' || sign === '//'); sign = tokens[at]) {
      at += 1;
      const next = power();
      if (next === null) return null;
      value = sign === '*' ? value * next : sign === '/' ? value / next : Math.floor(value / next);
    }
    return value;
  };
  function sum(): number | null {
    let value = product();
    for (let sign = tokens[at]; value !== null && (sign === '+' || sign === '-'); sign = tokens[at]) {
      at += 1;
      const next = product();
      if (next === null) return null;
      value = sign === '+' ? value + next : value - next;
    }
    return value;
  }
  const value = sum();
  return at === tokens.length && value !== null && Number.isFinite(value) ? value : null;
}

/** The budget as main's files have it now. `edits`: files that experiments change, which are no part of it. */
export async function createBudget(
  root: string,
  main: string,
  config: LabConfig,
  edits: readonly string[],
): Promise<RatchetBudget> {
  // What is written for people and agents rests no number on itself; lab.yaml counts by the keys below.
  const isProse = (path: string): boolean => path === 'lab.yaml' || /\.md$/i.test(path);
  const files = (await listFrozenFiles(root, main, config.rules)).filter(
    ({ path }) => !isProse(path) && !edits.includes(path),
  );
  const code = files.filter(({ path }) => path.endsWith('.py')).map(({ blob }) => blob);
  const texts = await readBlobs(root, [...new Set(code)]);
  const constants: Record<string, number> = {};
  for (const { blob } of files) Object.assign(constants, readConstants(texts.get(blob)?.toString('utf8') ?? ''));
  const wanted = evaluationConstants.flatMap((name) =>
    constants[name] === undefined ? [] : [[name, constants[name]]],
  );
  return {
    trainingSeconds: constants[budgetConstant] ?? null,
    wallSeconds: config.run.wallSeconds,
    constants: Object.fromEntries(wanted) as Record<string, number>,
    command: config.commands.train,
    frozen: Object.fromEntries(files.map(({ path, blob }) => [path, blob])),
  };
}

/** What differs between two budgets, a sentence each; empty where numbers stay comparable. Pure. */
export function compareBudgets(before: RatchetBudget, now: RatchetBudget): string[] {
  const said: string[] = [];
  const tell = (what: string, old: unknown, fresh: unknown): void => {
    if (old !== fresh) said.push(`${what} was ${old ?? 'not there'}, and is ${fresh ?? 'not there'}`);
  };
  tell(`the training budget (${budgetConstant})`, before.trainingSeconds, now.trainingSeconds);
  tell('the hard limit (run.wallSeconds)', before.wallSeconds, now.wallSeconds);
  tell('the command', before.command, now.command);
  for (const name of new Set([...Object.keys(before.constants), ...Object.keys(now.constants)]))
    tell(name, before.constants[name], now.constants[name]);
  for (const path of new Set([...Object.keys(before.frozen), ...Object.keys(now.frozen)]).values()) {
    const [old, fresh] = [before.frozen[path], now.frozen[path]];
    if (old === fresh) continue;
    said.push(`${path} ${old === undefined ? 'is new' : fresh === undefined ? 'is gone' : 'was changed'}`);
  }
  return said;
}

/** Constants of the budget and the evaluation that a new text of an editable file gives another value, or a value of its own. Pure. */
export function findBudgetEdits(before: string, after: string): string[] {
  const [old, fresh] = [readAssigned(before), readAssigned(after)];
  return [budgetConstant, ...evaluationConstants].filter((name) => (old.get(name) ?? '') !== (fresh.get(name) ?? ''));
}

/**
 * Every assignment to a name of the budget, wherever it stands, as text: `x.TIME_BUDGET = 1` and `g["TIME_BUDGET"] = 1` count, an argument that
 * comes after it (`f(MAX_SEQ_LEN, size=2)`) does not.
 */
function readAssigned(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of [budgetConstant, ...evaluationConstants]) {
    const assigned = `\\b${name}\\b["'\\])]*[ \\t]*(?::[ \\t]*\\w+[ \\t]*)?(?:[-+*/%&|^]|//|\\*\\*)?=(?!=)[^\\n]*`;
    const pattern = new RegExp(`${assigned}|setattr\\([^\\n]*\\b${name}\\b[^\\n]*|import[^\\n]*\\bas +${name}\\b`, 'g');
    const lines = [...text.matchAll(pattern)].map(([line]) => line.trim());
    if (lines.length > 0) found.set(name, lines.join('\n'));
  }
  return found;
}
