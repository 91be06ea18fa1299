/** Commands with verbs of their own (`lab idea new`, `lab reports review`): one table per command makes its usage, its options and its errors. */
import { editDistance } from '../config/check-config.ts';
import { LabError } from '../errors/lab-error.ts';
import type { CommandInput, OptionSpec } from './define.ts';

/** One verb of a command. */
export interface Verb {
  name: string;
  /** Words after the verb, for example "<slug>"; "" where it takes none. */
  usage: string;
  /** Imperative, no full stop. */
  summary: string;
  options: OptionSpec[];
  /** Gets the words after the verb. Returns the exit code. */
  run(input: CommandInput): Promise<number>;
}

/** The options of all verbs, each once; its description says which verbs take it and what it means there. */
export function mergeOptions(verbs: readonly Verb[]): OptionSpec[] {
  const merged = new Map<string, { option: OptionSpec; uses: Map<string, string[]> }>();
  for (const verb of verbs) {
    for (const option of verb.options) {
      const known = merged.get(option.name) ?? { option, uses: new Map<string, string[]>() };
      known.uses.set(option.description, [...(known.uses.get(option.description) ?? []), verb.name]);
      merged.set(option.name, known);
    }
  }
  return [...merged.values()].map(({ option, uses }) => ({
    ...option,
    description: [...uses]
      .map(([text, names]) => `${names.join(', ')}: ${text.charAt(0).toLowerCase()}${text.slice(1)}`)
      .join('; '),
  }));
}

/** The usage line of a command: every verb. */
export function renderVerbs(verbs: readonly Verb[]): string {
  return `<${verbs.map((verb) => verb.name).join('|')}> …`;
}

/**
 * Runs the verb that the first word names; without words the one called `fallback` where it is given. Throws LabError (usage) on an
 * unknown verb (lists them, names the nearest) and on an option that belongs to another verb.
 */
export async function runVerb(
  command: string,
  verbs: readonly Verb[],
  input: CommandInput,
  fallback: string | null = null,
): Promise<number> {
  const [word, ...words] = input.words;
  const name = word ?? fallback;
  const verb = verbs.find((candidate) => candidate.name === name);
  if (verb === undefined) throw createVerbError(command, verbs, word ?? null);
  const own = new Set(verb.options.map((option) => option.name));
  for (const { name: option } of mergeOptions(verbs)) {
    if (own.has(option) || (!input.flag(option) && input.text(option) === null)) continue;
    const takers = verbs.filter((candidate) => candidate.options.some((other) => other.name === option));
    throw new LabError(
      'usage',
      `lab ${command} ${verb.name} has no option --${option}, only ${takers.map((taker) => `lab ${command} ${taker.name}`).join(', ')} has it`,
      { hints: [`lab ${command} ${verb.name} ${verb.usage}`.trim()] },
    );
  }
  return await verb.run({ ...input, words });
}

function createVerbError(command: string, verbs: readonly Verb[], word: string | null): LabError {
  const names = verbs.map((verb) => verb.name);
  const near = word === null ? null : nearestWord(word, names);
  const calls = verbs.map((verb) => `lab ${command} ${verb.name} ${verb.usage}`.trim());
  const width = Math.max(...calls.map((text) => text.length));
  const list = verbs.map((verb, index) => `${(calls[index] ?? '').padEnd(width)}    ${verb.summary}`);
  return new LabError(
    'usage',
    word === null
      ? `lab ${command} needs a verb, expected one of: ${names.join(', ')}`
      : `"${word}" is no verb of lab ${command}, expected one of: ${names.join(', ')}`,
    { hints: near === null ? list : [`did you mean \`lab ${command} ${near}\`?`] },
  );
}

/** The candidate nearest to a word, at most two letters away or with the word as its beginning; null where none is near. */
export function nearestWord(word: string, candidates: readonly string[]): string | null {
  const plain = word.toLowerCase();
  const begun = candidates.filter((candidate) => plain.length > 1 && candidate.startsWith(plain));
  const [only] = begun;
  if (only !== undefined && begun.length === 1) return only;
  let best: string | null = null;
  // A word as short as the allowed distance would be near to everything.
  let least = Math.min(3, plain.length);
  for (const candidate of candidates) {
    const distance = editDistance(plain, candidate);
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/** The option's word where it is one of the valid ones; null where the option is absent. Throws LabError (usage) that lists them and names the nearest. */
export function parseChoice<Word extends string>(
  option: string,
  text: string | null,
  valid: readonly Word[],
): Word | null {
  if (text === null) return null;
  const found = valid.find((word) => word === text.toLowerCase());
  if (found !== undefined) return found;
  const near = nearestWord(text, valid);
  throw new LabError('usage', `--${option} got "${text}", expected one of: ${valid.join(', ')}`, {
    hints: near === null ? [] : [`did you mean --${option} ${near}?`],
  });
}
