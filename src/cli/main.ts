/** Entry point of `lab`: finds the command, runs it, turns what it threw into text and an exit code. The only place of the client that does. */
import { exitCodes, formatError, LabError } from '../errors/lab-error.ts';
import { commandGroups } from './commands.ts';
import { type CommandInput, type CommandSpec, parseCommand, renderCommandHelp } from './define.ts';

function renderHelp(): string {
  const lines = ['lab: a research lab that runs while its owner sleeps', '', 'Usage: lab <command> [options]'];
  for (const group of commandGroups) {
    lines.push('', `${group.title}:`);
    for (const command of group.commands) lines.push(`  ${command.name.padEnd(10)} ${command.summary}`);
  }
  lines.push(
    '',
    '`lab <command> --help` shows its options. Data goes to stdout, everything else to stderr; --json where a command shows something.',
  );
  lines.push(
    'Exit codes: 0 done, 1 user or config error, 2 wrong usage, 3 the awaited job failed, 4 agent or worker failure, 70 internal error.',
    '',
  );
  return lines.join('\n');
}

/** pueue's short names. */
const aliases: Readonly<Record<string, string>> = { rm: 'remove', fo: 'follow' };

async function findCommand(word: string): Promise<CommandSpec> {
  const name = aliases[word] ?? word;
  const all = commandGroups.flatMap((group) => group.commands);
  const found = all.find((command) => command.name === name);
  if (found) return await found.load();
  const near = all
    .filter((command) => command.name.startsWith(name.slice(0, 2)) || name.includes(command.name))
    .map((command) => command.name);
  throw new LabError(
    'usage',
    `"${name}" is no command, expected one of: ${all.map((command) => command.name).join(', ')}`,
    {
      hints: near.length > 0 ? near.map((word) => `did you mean \`lab ${word}\`?`) : ['`lab --help` shows them all'],
    },
  );
}

async function main(argv: string[]): Promise<number> {
  const [name, ...args] = argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(renderHelp());
    return 0;
  }
  if (name === '--version' || name === '-V') {
    const { buildId } = await import('../config/package-root.ts');
    process.stdout.write(`${buildId()}\n`);
    return 0;
  }
  const spec = await findCommand(name);
  const cut = args.indexOf('--');
  const own = cut === -1 ? args : args.slice(0, cut);
  if (own.includes('--help') || own.includes('-h')) {
    process.stdout.write(renderCommandHelp(spec));
    return 0;
  }
  return await spec.run(await parseWords(spec, args));
}

async function parseWords(spec: CommandSpec, args: string[]): Promise<CommandInput> {
  try {
    return parseCommand(spec, args);
  } catch (error) {
    // Loaded here: only a typing mistake needs it.
    const { hintNearOption } = await import('./near-option.ts');
    throw hintNearOption(error, spec);
  }
}

// A reader that went away (`lab status | head -1`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(formatError(error));
    process.exitCode = error instanceof LabError ? exitCodes[error.kind] : exitCodes.internal;
  },
);
