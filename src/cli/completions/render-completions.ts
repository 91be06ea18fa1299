/**
 * Completion scripts for bash, zsh and fish, written from the command table: names and options. Pure text. Words that are no options are
 * completed as files; job numbers are not, because that would start a process, and perhaps a daemon, at each press of the key.
 */

/** A command as a completion script needs it. */
export interface CompletedCommand {
  name: string;
  summary: string;
  options: { name: string; short?: string; value?: string; description: string }[];
}

/** Shells that there is a script for. */
export const shells = ['bash', 'zsh', 'fish'] as const;

/** One of them. */
export type Shell = (typeof shells)[number];

/** The script for a shell. */
export function renderCompletions(shell: Shell, commands: readonly CompletedCommand[]): string {
  return { bash: renderBash, zsh: renderZsh, fish: renderFish }[shell](commands);
}

function renderBash(commands: readonly CompletedCommand[]): string {
  const cases = commands.map(({ name, options }) => {
    const words = options.flatMap((option) => [`--${option.name}`, ...(option.short ? [`-${option.short}`] : [])]);
    return `    ${name}) words="${[...words, '--help'].join(' ')}" ;;`;
  });
  return `# bash completion of lab; eval "$(lab completions bash)" in ~/.bashrc
_lab() {
  local word="\${COMP_WORDS[COMP_CWORD]}" words="" i
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(' ')} --help --version" -- "$word"))
    return
  fi
  COMPREPLY=()
  for ((i = 2; i < COMP_CWORD; i++)); do
    [ "\${COMP_WORDS[i]}" = -- ] && return
  done
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  case "$word" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$word")) ;;
  esac
}
complete -o default -F _lab lab
`;
}

const single = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function renderZsh(commands: readonly CompletedCommand[]): string {
  const plain = (text: string) => text.replace(/[[\]:\\]/g, (sign) => `\\${sign}`);
  const names = commands.map(({ name, summary }) => `    ${single(`${name}:${plain(summary)}`)}`);
  const cases = commands.map(({ name, options }) => {
    const specs = options.flatMap((option) => {
      const tail = `[${plain(option.description)}]${option.value ? `:${plain(option.value)}:` : ''}`;
      return [`--${option.name}`, ...(option.short ? [`-${option.short}`] : [])].map((word) =>
        single(`*${word}${tail}`),
      );
    });
    return `    ${name}) _arguments ${[...specs, single('--help[show the options]'), single('*::word:_default')].join(' ')} ;;`;
  });
  return `#compdef lab
# zsh completion of lab; eval "$(lab completions zsh)" after compinit in ~/.zshrc
_lab() {
  local -a commands
  commands=(
${names.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local name=\${words[2]}
  shift words
  (( CURRENT-- ))
  case $name in
${cases.join('\n')}
    *) _default ;;
  esac
}
compdef _lab lab
`;
}

function renderFish(commands: readonly CompletedCommand[]): string {
  // Inside single quotes fish reads a backslash before a quote or another backslash.
  const quoted = (text: string) => `'${text.replace(/['\\]/g, (sign) => `\\${sign}`)}'`;
  const lines = commands.flatMap(({ name, summary, options }) => [
    `complete -c lab -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`,
    ...options.map((option) => {
      const short = option.short ? ` -s ${option.short}` : '';
      const value = option.value ? ' -r' : '';
      return `complete -c lab -n '__fish_seen_subcommand_from ${name}' -l ${option.name}${short}${value} -d ${quoted(option.description)}`;
    }),
  ]);
  return `# fish completion of lab; lab completions fish > ~/.config/fish/completions/lab.fish\n${lines.join('\n')}\n`;
}
