/**
 * The one file that knows cac. A command is a value (CommandSpec); cac matches it and writes its help. Values are read by node's own
 * strict parser, because cac turns `--commit 0012345` into a number and passes unknown flags silently.
 */
import { parseArgs } from 'node:util';
import { cac } from 'cac';
import { LabError } from '../errors/lab-error.ts';

/** One option of a command. */
export interface OptionSpec {
  /** Long name without dashes. */
  name: string;
  /** One letter; absent: none. */
  short?: string;
  /** Placeholder of its value, for example "text"; absent: a switch. */
  value?: string;
  /** May be given several times; `text` then gives the last. */
  isRepeatable?: true;
  description: string;
}

/** What a command is given. */
export interface CommandInput {
  /** Words that are no options, before `--`. */
  words: string[];
  /** Words after `--`, untouched; null where there was no `--`. */
  rest: string[] | null;
  text(name: string): string | null;
  /** Every value of a repeatable option, in their order; [] where it is absent. */
  texts(name: string): string[];
  flag(name: string): boolean;
  /** A whole number of at least `least`; throws LabError (usage) on anything else. Null where the option is absent. */
  wholeNumber(name: string, least: number): number | null;
  /** A number; throws LabError (usage) on anything else. Null where the option is absent. */
  number(name: string): number | null;
  /** Configuration keys given as flags ("run.wall-seconds"); only where the command takes them. */
  config: Record<string, string>;
}

/** A command of the lab. */
export interface CommandSpec {
  name: string;
  /** Imperative, no full stop. */
  summary: string;
  /** Words after the name, for example "<number>". */
  usage: string;
  options: OptionSpec[];
  examples: string[];
  /** Whether `--run.wall-seconds 60` and the like are taken. */
  takesConfig?: boolean;
  /** Does the work and returns the exit code. */
  run(input: CommandInput): Promise<number>;
}

/** The help of one command. */
export function renderCommandHelp(spec: CommandSpec): string {
  const program = cac('lab');
  // The name alone: brackets and dashes of a usage line mean something to cac.
  const command = program.command(spec.name, spec.summary).usage(`${spec.name} ${spec.usage}`.trim());
  for (const option of spec.options) {
    const long = option.value ? `--${option.name} <${option.value}>` : `--${option.name}`;
    command.option(option.short ? `-${option.short}, ${long}` : long, option.description);
  }
  for (const example of spec.examples) command.example(`  $ ${example}`);
  program.help();
  // cac prints to the console by itself; its text is taken from there, so that one place decides where output goes.
  const printed: string[] = [];
  const log = console.log;
  const info = console.info;
  console.log = (...parts: unknown[]) => void printed.push(parts.join(' '));
  console.info = console.log;
  try {
    program.parse(['node', 'lab', spec.name, '--help'], { run: false });
  } finally {
    console.log = log;
    console.info = info;
  }
  const extra = spec.takesConfig
    ? '\nEvery key of lab.yaml is a flag too, for example --run.wall-seconds 60 (0_docs/guide/configuration.md)'
    : '';
  const body = printed
    .join('\n')
    .replace(/^lab\s*\n+/, '')
    .replace(/ {2}-h, --help.*\n?/, '')
    // cac takes a switch that begins with "no-" for one that is on unless it is given.
    .replaceAll(/ \(default: true\)$/gm, '')
    .replace(/Options:\n\s*\n/, '')
    .replaceAll(/[ \t]+$/gm, '')
    .trim();
  return `${spec.summary}${extra}\n\n${body}\n`;
}

/** Reads the words of a command. Throws LabError (usage) that names the wrong word and the valid ones. */
export function parseCommand(spec: CommandSpec, argv: string[]): CommandInput {
  const cut = argv.indexOf('--');
  const own = cut === -1 ? argv : argv.slice(0, cut);
  const rest = cut === -1 ? null : argv.slice(cut + 1);
  const config: Record<string, string> = {};
  const words = spec.takesConfig ? takeConfigFlags(own, config) : own;
  const options = Object.fromEntries(
    spec.options.map((option) => [
      option.name,
      {
        type: option.value ? ('string' as const) : ('boolean' as const),
        ...(option.isRepeatable ? { multiple: true } : {}),
        ...(option.short ? { short: option.short } : {}),
      },
    ]),
  );
  const parsed = parseStrictly(spec, joinSignedValues(spec, words), options);
  if (spec.usage === '' && parsed.positionals.length > 0) {
    throw new LabError(
      'usage',
      `lab ${spec.name} takes no words, got ${parsed.positionals.map((word) => `"${word}"`).join(' ')}`,
      {
        hints: [`\`lab ${spec.name} --help\` shows what it takes`],
      },
    );
  }
  const texts = (name: string): string[] =>
    [parsed.values[name] ?? []].flat().filter((value) => typeof value === 'string');
  const text = (name: string): string | null => texts(name).at(-1) ?? null;
  const readNumber = (name: string): number | null => {
    const value = text(name);
    if (value === null) return null;
    if (value.trim() === '' || !Number.isFinite(Number(value)))
      throw new LabError('usage', `--${name} got "${value}", expected a number`);
    return Number(value);
  };
  return {
    words: parsed.positionals,
    rest,
    text,
    texts,
    flag: (name) => parsed.values[name] === true,
    number: readNumber,
    wholeNumber(name, least) {
      const value = readNumber(name);
      if (value !== null && (!Number.isInteger(value) || value < least)) {
        throw new LabError('usage', `--${name} got "${text(name)}", expected a whole number of at least ${least}`);
      }
      return value;
    },
    config,
  };
}

/** Writes `--expected "-0.2 bpb"` as `--expected=-0.2 bpb`: a word that begins with a signed figure is a value, no option is named so. */
function joinSignedValues(spec: CommandSpec, words: string[]): string[] {
  const takers = new Set(spec.options.filter((option) => option.value).map((option) => `--${option.name}`));
  const joined: string[] = [];
  for (const word of words) {
    const before = joined.at(-1);
    if (before !== undefined && takers.has(before) && /^-\.?\d/.test(word))
      joined[joined.length - 1] = `${before}=${word}`;
    else joined.push(word);
  }
  return joined;
}

function parseStrictly(
  spec: CommandSpec,
  args: string[],
  options: Record<string, { type: 'string' | 'boolean'; short?: string; multiple?: boolean }>,
) {
  try {
    return parseArgs({ args, options, strict: true, allowPositionals: true });
  } catch (error) {
    const message = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    const unknown = /Unknown option '([^']+)'/.exec(message)?.[1];
    const ambiguous = /Option '(?:-\w, )?(--[\w-]+)[^']*' argument is ambiguous/.exec(message)?.[1];
    if (ambiguous)
      throw new LabError(
        'usage',
        `${ambiguous} is followed by a word with a dash, expected its value; write ${ambiguous}=VALUE`,
      );
    if (unknown !== undefined && /^-\d/.test(unknown)) {
      const word = args.find((one) => one.startsWith(unknown)) ?? unknown;
      throw new LabError('usage', `lab ${spec.name} got "${word}", expected no number below 0`, {
        hints: [`\`lab ${spec.name} --help\` shows what it takes`],
      });
    }
    const valid = spec.options.map((option) => `--${option.name}`).join(' ');
    throw new LabError(
      'usage',
      unknown ? `lab ${spec.name} has no option ${unknown}, expected one of: ${valid}` : message,
      {
        hints: [`\`lab ${spec.name} --help\` shows its options`],
      },
    );
  }
}

/** Takes `--a.b value` and `--a.b=value` out of the words. */
function takeConfigFlags(words: string[], config: Record<string, string>): string[] {
  const left: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    const match = /^--([a-z][\w-]*(?:\.[\w-]+)+|sandbox-read|sandboxRead|sandbox|network|main|data)(?:=(.*))?$/s.exec(
      word,
    );
    if (!match) {
      left.push(word);
      continue;
    }
    const [, name = '', inline] = match;
    const next = words[i + 1];
    if (inline !== undefined) config[name] = inline;
    else if (next !== undefined && !next.startsWith('--')) {
      config[name] = next;
      i++;
    } else throw new LabError('usage', `--${name} needs a value`);
  }
  return left;
}

/** Throws LabError (usage) where a command that takes options alone was given words. */
export function ensureNoWords(command: string, input: Pick<CommandInput, 'words'>): void {
  if (input.words.length === 0) return;
  throw new LabError(
    'usage',
    `lab ${command} takes no words, got ${input.words.map((word) => `"${word}"`).join(' ')}`,
    {
      hints: [`\`lab ${command} --help\` shows what it takes`],
    },
  );
}

/** How many jobs one range may name. */
const mostNumbers = 10_000;

/** Job numbers from words such as "3" "j4" "5-7". Throws LabError (usage) on anything else. */
export function parseJobNumbers(words: string[]): number[] {
  return words.flatMap((word) => {
    const match = /^j?(\d+)(?:-j?(\d+))?$/.exec(word);
    const first = Number(match?.[1]);
    const last = match?.[2] === undefined ? first : Number(match[2]);
    if (match && first >= 1 && last - first >= mostNumbers)
      throw new LabError(
        'usage',
        `"${word}" names ${last - first + 1} jobs, expected a range of at most ${mostNumbers}`,
      );
    if (!match || first < 1 || last < first)
      throw new LabError('usage', `"${word}" is no job number, expected one such as 3 or 5-7`);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** Words as one shell line in which each stays one word. */
export function quoteWords(words: string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}
