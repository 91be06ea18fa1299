/** What a verb of the queue prints about its jobs, and the exit code that follows from it. */
import { formatNumbers } from '../../daemon/control/number-ranges.ts';
import type { Outcomes } from '../../daemon/routes.ts';
import type { CommandInput } from '../define.ts';

/** How outcomes are told. */
export interface OutcomeWords {
  /** Sentence for the case that no job and no group was met; null where that needs no word and is no failure. */
  none: string | null;
  /** Present where `none` is told and is no failure all the same. */
  isNoneFine?: true;
  /** Present where jobs with the same outcome share a line. */
  isFolded?: true;
}

/**
 * Prints one line per job, or per outcome where it is folded, notes on stderr; with --json the whole answer on one line. Returns 0, or 1
 * where a job failed or (unless `none` is null or fine) nothing was met at all.
 */
export function writeOutcomes(input: Pick<CommandInput, 'flag'>, answer: Outcomes, words: OutcomeWords): number {
  const { results, notes } = answer;
  const { none, isNoneFine = false, isFolded = false } = words;
  if (input.flag('json')) process.stdout.write(`${JSON.stringify(answer)}\n`);
  else {
    for (const { outcome, ok } of isFolded ? foldOutcomes(results) : results)
      (ok ? process.stdout : process.stderr).write(`${outcome}\n`);
    for (const note of notes) process.stderr.write(`${note}\n`);
  }
  if (results.length === 0 && notes.length === 0 && none !== null) {
    process.stderr.write(`${none}\n`);
    return isNoneFine ? 0 : 1;
  }
  return results.every(({ ok }) => ok) ? 0 : 1;
}

/** One line for all jobs with the same outcome: "5 jobs (3-6, 9): out of sight"; what went wrong stays a line for each. Pure. */
export function foldOutcomes(results: Outcomes['results']): { outcome: string; ok: boolean }[] {
  const alike = new Map<string, Outcomes['results']>();
  for (const result of results) {
    const own = `job ${result.number}: `;
    const isFoldable = result.ok && result.outcome.startsWith(own);
    const key = isFoldable ? result.outcome.slice(own.length) : `${result.number} ${result.outcome}`;
    const known = alike.get(key);
    if (known === undefined) alike.set(key, [result]);
    else known.push(result);
  }
  return [...alike].map(([text, [first, ...others]]) => {
    if (first === undefined || others.length === 0) return { outcome: first?.outcome ?? text, ok: first?.ok ?? true };
    const numbers = [first, ...others].map(({ number }) => number);
    return { outcome: `${numbers.length} jobs (${formatNumbers(numbers)}): ${text}`, ok: true };
  });
}
