/** What somebody meant who wrote an option that a command does not have. */
import { LabError } from '../errors/lab-error.ts';
import type { CommandSpec } from './define.ts';
import { nearestWord } from './verbs.ts';

/** The error of a command's words, its hints led by the option that is nearest to an unknown one; any other error as it is. Pure. */
export function hintNearOption(error: unknown, spec: Pick<CommandSpec, 'options'>): unknown {
  if (!(error instanceof LabError)) return error;
  const word = / has no option --([\w-]+)/.exec(error.message)?.[1];
  const names = spec.options.map(({ name }) => name);
  const near = word === undefined ? null : nearestWord(word, names);
  if (near === null) return error;
  return new LabError(error.kind, error.message, {
    hints: [`did you mean --${near}?`, ...error.hints],
    cause: error.cause,
  });
}
