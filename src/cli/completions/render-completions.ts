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
      const tail = `[${plain(option.description)}]${option.value ? `:${plain(option.value)}:${option.value === 'file' ? '_files' : ''}` : ''}`;
      return [`--${option.name}`, ...(option.short ? [`-${option.short}`] : [])].map((word) =>
        single(`*${word}${tail}`),
      );
    });
    return `    ${name}) _arguments -s -S ${[...specs, single('--help[show the options]'), single('*:word:_files')].join(' ')} ;;`;
  });
  return `#compdef lab
# zsh completion of lab; eval "$(lab completions zsh)" after compinit in ~/.zshrc
_lab() {
  local -a commands
  commands=(
${names.join('\n')}
  )
  if (( CURRENT == 2 )); then
    if [[ $words[2] == -* ]]; then
      _arguments '--help[show the commands]' '--version[show the version]'
    else
      _describe command commands
    fi
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
    `complete -c lab -n __lab_first -f -a ${name} -d ${quoted(summary)}`,
    ...options.map((option) => {
      const short = option.short ? ` -s ${option.short}` : '';
      const value = option.value ? ' -r' : '';
      return `complete -c lab -n '__lab_verb ${name}' -l ${option.name}${short}${value} -d ${quoted(option.description)}`;
    }),
  ]);
  return `# fish completion of lab; lab completions fish > ~/.config/fish/completions/lab.fish
function __lab_first
  test (count (commandline -opc)) -eq 1
end
# The first word alone is the command: "add" in "lab group add" is not. What comes after "--" is another program's.
function __lab_verb
  set -l words (commandline -opc)
  test (count $words) -ge 2; and test $words[2] = $argv[1]; and not contains -- -- $words
end
complete -c lab -n __lab_first -l help -d 'Show the commands'
complete -c lab -n __lab_first -l version -d 'Show the version'
${lines.join('\n')}
`;
}
