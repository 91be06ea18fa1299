/** `lab send`: writes to the standard input of a running job that was queued with --stdin. */
import { findQueueLab } from '../../config/own-lab.ts';
import { LabError } from '../../errors/lab-error.ts';
import { call } from '../client.ts';
import type { CommandSpec } from '../define.ts';
import { writeOutcomes } from '../queue/outcomes.ts';
import { parseOneJob } from '../queue/selection.ts';

const longestText = 65_536;

/** Sends text. */
export const send: CommandSpec = {
  name: 'send',
  summary: 'Write to the standard input of a running job',
  usage: '<number> <text>',
  options: [
    { name: 'raw', description: 'Send the text as it is, without a line end after it' },
    { name: 'json', description: 'Print as JSON' },
  ],
  examples: ['lab send 3 yes', 'lab send 3 -- -1'],
  async run(input) {
    const [word, ...others] = input.words;
    const texts = [...others, ...(input.rest ?? [])];
    const number = parseOneJob('send', word === undefined ? [] : [word]);
    if (texts.length === 0)
      throw new LabError('usage', 'there is no text to send, expected it after the number', {
        hints: [`\`lab send ${number} ""\` sends an empty line`],
      });
    const text = `${texts.join(' ')}${input.flag('raw') ? '' : '\n'}`;
    if (text === '') throw new LabError('usage', '--raw with an empty text sends nothing, expected a text');
    if (text.length > longestText)
      throw new LabError('usage', `the text has ${text.length} characters, expected at most ${longestText} at once`);
    const answer = await call(findQueueLab(process.cwd()), 'send', { number, text });
    return writeOutcomes(input, answer, { none: `job ${number} took nothing` });
  },
};
