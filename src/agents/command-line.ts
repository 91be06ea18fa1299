/**
 * Turns a shell template into a command: `{promptFile}` and the like become quoted values, whatever quotes they stand in. Everything else is
 * the shell's own. It understands quotes, `$(…)` and backticks; comments and here-documents are read as ordinary text.
 */
import { LabError } from '../errors/lab-error.ts';

/** What stands for a placeholder; null: it has no value now, and using it is an error. */
export type PlaceholderValues = Readonly<Record<string, string | null>>;

/** Quotes a word for /bin/sh. */
export function quoteWord(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** The program that a template starts: its first word, assignments before it left out; null where it starts with something else. */
export function programOf(template: string): string | null {
  const rest = template.trim().replace(/^(?:exec\s+)?(?:[A-Za-z_]\w*=\S*\s+)*/, '');
  return /^[^\s;|&<>(){}"'`$#]+/.exec(rest)?.[0] ?? null;
}

/**
 * The command of `agent` (its name, for errors) with every placeholder filled in. Braces of the shell (`${NAME}`) and words in braces inside single quotes (awk, jq) stay.
 * Throws LabError (config) for an unknown placeholder and for one without a value.
 */
export function formatCommand(agent: string, template: string, values: PlaceholderValues): string {
  // What the text is inside of, the innermost last: the ends that are still to come.
  const open: ('"' | "'" | ')' | '`')[] = [];
  let result = '';
  for (let at = 0; at < template.length; ) {
    const char = template[at] ?? '';
    const inside = open.at(-1);
    const name = template[at - 1] === '$' ? undefined : /^\{([A-Za-z]\w*)\}/.exec(template.slice(at, at + 64))?.[1];
    if (name !== undefined && (Object.hasOwn(values, name) || inside !== "'")) {
      result += quoteInside(readValue(agent, name, values), inside);
      at += name.length + 2;
      continue;
    }
    if (char === '\\' && inside !== "'") {
      result += template.slice(at, at + 2);
      at += 2;
      continue;
    }
    if (char === inside) open.pop();
    else if (inside !== "'") {
      const next = template[at + 1];
      if (char === '"' || char === '`' || (char === "'" && inside !== '"')) open.push(char);
      else if (char === '(' && (inside !== '"' || template[at - 1] === '$')) open.push(')');
      else if (char === '$' && next === '{') {
        // As a whole, so that the brace's end is no placeholder's.
        result += '${';
        at += 2;
        continue;
      }
    }
    result += char;
    at += 1;
  }
  return result;
}

function readValue(agent: string, name: string, values: PlaceholderValues): string {
  const value = values[name];
  if (typeof value === 'string') return value;
  const valid = Object.keys(values)
    .map((known) => `{${known}}`)
    .join(' ');
  if (value === null) {
    throw new LabError('config', `the command of the agent "${agent}" uses {${name}}, but agents.${name} is not set`, {
      hints: [`set \`agents: {${name}: …}\` in lab.local.yaml, or take {${name}} out of the command`],
    });
  }
  throw new LabError('config', `the command of the agent "${agent}" uses {${name}}, expected one of ${valid}`, {
    hints: [
      'correct it under agents.commands in lab.local.yaml; braces that are no placeholder belong in single quotes',
    ],
  });
}

function quoteInside(value: string, inside: string | undefined): string {
  if (inside === "'") return value.replaceAll("'", "'\\''");
  if (inside === '"') return value.replace(/[\\"$`]/g, '\\$&');
  return quoteWord(value);
}
