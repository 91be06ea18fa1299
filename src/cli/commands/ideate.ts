/** `lab ideate`: agents think up ideas and criticise them until there are enough. */
import { exitCodes } from '../../errors/lab-error.ts';
import { ideate as fillIdeas } from '../../pipeline/ideate.ts';
import { type CommandSpec, ensureNoWords } from '../define.ts';
import { withPipeline } from '../with-pipeline.ts';

/** How many ideas there are to be where nobody says. */
const wantedIdeas = 30;

/** Fills 1_ideas. */
export const ideate: CommandSpec = {
  name: 'ideate',
  summary: 'Have agents think up ideas and criticise them',
  usage: '[--until <number>]',
  options: [
    {
      name: 'until',
      short: 'n',
      value: 'number',
      description: `Ideas that there are to be, rejected ones not counted (default: ${wantedIdeas})`,
    },
    {
      name: 'agent',
      value: 'name',
      description: 'Agent in place of the configured one, for example claude or recorded',
    },
    { name: 'json', description: 'Print as JSON' },
  ],
  examples: ['lab ideate --until 30', 'lab ideate --until 5 --agent claude'],
  takesConfig: true,
  run(input) {
    ensureNoWords('ideate', input);
    const until = input.wholeNumber('until', 1) ?? wantedIdeas;
    return withPipeline(input, ['ideator', 'critic'], async (context) => {
      const summary = await fillIdeas(context, until);
      const { count, added, rejected, shortfall } = summary;
      if (input.flag('json')) process.stdout.write(`${JSON.stringify(summary)}\n`);
      else
        process.stdout.write(
          `${count} ideas, ${added} of them new, ${rejected} turned away (1_ideas/rejected/); \`lab ideas\` lists them\n`,
        );
      if (shortfall === null) return 0;
      process.stderr.write(`ended early: ${shortfall}\n`);
      return exitCodes.agent;
    });
  },
};
