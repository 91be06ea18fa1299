/** What a verb of the queue prints about its jobs, and the exit code that follows from it. */
import type { Outcomes } from '../../daemon/routes.ts';
import type { CommandInput } from '../define.ts';

/** How outcomes are told. */
export interface OutcomeWords {
  /** Sentence for the case that no job and no group was met; null where that is no failure and needs no word. */
  none: string | null;
}

/**
 * Prints one line per job, notes on stderr; with --json the whole answer on one line. Returns 0, or 1 where a job failed or (unless
 * `none` is null) nothing was met at all.
 */
export function writeOutcomes(input: Pick<CommandInput, 'flag'>, answer: Outcomes, { none }: OutcomeWords): number {
  const { results, notes } = answer;
  if (input.flag('json')) process.stdout.write(`${JSON.stringify(answer)}\n`);
  else {
    for (const { outcome, ok } of results) (ok ? process.stdout : process.stderr).write(`${outcome}\n`);
    for (const note of notes) process.stderr.write(`${note}\n`);
  }
  if (results.length === 0 && notes.length === 0 && none !== null) {
    process.stderr.write(`${none}\n`);
    return 1;
  }
  return results.every(({ ok }) => ok) ? 0 : 1;
}
