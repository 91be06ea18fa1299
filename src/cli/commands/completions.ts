/** `lab completions`: prints the completion script of a shell. */
import { LabError } from '../../errors/lab-error.ts';
import { shells } from '../completions/render-completions.ts';
import type { CommandSpec } from '../define.ts';

/** A command of the table, as far as completions need it. */
export interface CompletedCommand {
  name: string;
  summary: string;
  load(): Promise<CommandSpec>;
}

/** Prints a completion script. The table comes from the caller: it loads this command, so it cannot be imported here. */
export const createCompletions = (entries: () => readonly CompletedCommand[]): CommandSpec => ({
  name: 'completions',
  summary: 'Print the completion script of a shell',
  usage: 'bash|zsh|fish',
  options: [],
  examples: ['eval "$(lab completions bash)"', 'lab completions fish > ~/.config/fish/completions/lab.fish'],
  async run(input) {
    const [word, ...others] = input.words;
    const shell = shells.find((name) => name === word);
    if (shell === undefined || others.length > 0)
      throw new LabError('usage', `got "${input.words.join(' ')}", expected one of: ${shells.join(', ')}`);
    const { renderCompletions } = await import('../completions/render-completions.ts');
    const specs = await Promise.all(
      entries().map(async ({ name, summary, load }) => ({ name, summary, options: (await load()).options })),
    );
    process.stdout.write(renderCompletions(shell, specs));
    return 0;
  },
});
