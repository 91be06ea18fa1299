/** `lab env`: shows and changes the environment of a job that has not begun. Values that look secret are neither shown nor stored. */
import { findQueueLab } from '../../config/own-lab.ts';
import { LabError } from '../../errors/lab-error.ts';
import { call } from '../client.ts';
import type { CommandInput, CommandSpec } from '../define.ts';
import { readJobFacts } from '../queue/job-facts.ts';
import { ensureNotLabs } from '../queue/lab-names.ts';
import { writeOutcomes } from '../queue/outcomes.ts';
import { ensureNoSecret, hideSecrets } from '../queue/secret-names.ts';
import { parseOneJob } from '../queue/selection.ts';

/** What is asked of a job's environment. */
export type EnvRequest =
  | { verb: 'list'; number: number }
  | { verb: 'set'; number: number; name: string; value: string }
  | { verb: 'unset'; number: number; name: string };

/** Shows or changes an environment. */
export const env: CommandSpec = {
  name: 'env',
  summary: 'Show or change the environment of a queued job',
  usage: 'list <number> | set <number> <name> <value> | unset <number> <name>',
  options: [{ name: 'json', description: 'Print as JSON' }],
  examples: ['lab env list 3', 'lab env set 3 OMP_NUM_THREADS 4', 'lab env unset 3 OMP_NUM_THREADS'],
  async run(input) {
    const request = parseEnvRequest(input);
    const paths = findQueueLab(process.cwd());
    if (request.verb === 'list') {
      const shown = hideSecrets((await readJobFacts(paths, request.number)).env);
      if (input.flag('json')) process.stdout.write(`${JSON.stringify(shown)}\n`);
      else for (const [name, value] of Object.entries(shown)) process.stdout.write(`${name}=${value}\n`);
      return 0;
    }
    const { number, name } = request;
    if (request.verb === 'unset' && !Object.hasOwn((await readJobFacts(paths, number)).env, name))
      throw new LabError('user', `job ${number} has no variable ${name}`, {
        hints: [`\`lab env list ${number}\` shows what it has`],
      });
    const value = request.verb === 'set' ? request.value : null;
    const answer = await call(paths, 'edit', { number, edits: { env: { [name]: value } } });
    return writeOutcomes(input, answer, { none: `there is no job ${number}` });
  },
};

/** What the words ask for. Throws LabError (usage) where they do not say it, would store a secret, or set what the lab sets itself. */
export function parseEnvRequest({ words, rest }: Pick<CommandInput, 'words' | 'rest'>): EnvRequest {
  const [verb, job, name, ...values] = [...words, ...(rest ?? [])];
  if (verb !== 'list' && verb !== 'set' && verb !== 'unset')
    throw new LabError('usage', `lab env got "${verb ?? ''}", expected list, set or unset`, {
      hints: ['lab env set 3 OMP_NUM_THREADS 4'],
    });
  const number = parseOneJob('env', job === undefined ? [] : [job]);
  const [value] = values;
  const expected = { list: 0, unset: 1, set: 2 }[verb];
  const count = (name === undefined ? 0 : 1) + values.length;
  if (count !== expected)
    throw new LabError('usage', `lab env ${verb} ${number} got ${count} more words, expected ${expected}`, {
      hints: ['`lab env --help` shows how'],
    });
  if (name === undefined) return { verb: 'list', number };
  if (!/^[A-Za-z_]\w*$/.test(name)) throw new LabError('usage', `"${name}" is no name of a variable`);
  if (value === undefined) return { verb: 'unset', number, name };
  ensureNotLabs(name);
  ensureNoSecret(name);
  return { verb: 'set', number, name, value };
}
