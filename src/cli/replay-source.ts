/** What `lab replay` is asked to run again: a job's number, or the commit of a row in results.tsv. Reads the record, no daemon. */
import { listJobNumbers, readStoredJob, type StoredJob } from '../../queue/job-store.ts';
import type { LabPaths } from '../config/lab-paths.ts';
import { LabError } from '../errors/lab-error.ts';
import type { Ledger } from './ledger.ts';

/** Finds the job. Throws LabError (user) where nothing or more than one job has that name, (usage) where it is neither number nor hash. */
export function findNamedJob(paths: LabPaths, ledger: Pick<Ledger, 'rows'>, word: string): StoredJob {
  const numbers = new Set(listJobNumbers(paths.runs));
  const digits = /^j?([1-9]\d*)$/.exec(word)?.[1];
  // A job's number comes first: a commit of digits alone can be given with more of its characters.
  if (digits !== undefined && numbers.has(Number(digits))) return readStoredJob(paths.runs, Number(digits));
  const prefix = word.toLowerCase();
  if (!/^[0-9a-f]{4,64}$/.test(prefix)) {
    if (digits !== undefined) return readStoredJob(paths.runs, Number(digits));
    throw new LabError('usage', `"${word}" is neither a job's number nor a commit of results.tsv`, {
      hints: ['`lab results` shows commits and jobs, `lab status --all` all jobs'],
    });
  }
  const rows = ledger.rows.filter(({ commit }) => commit.startsWith(prefix) || prefix.startsWith(commit));
  const named = [...new Set(rows.flatMap((row) => row.jobs))].sort((a, b) => a - b);
  const found = named
    .filter((number) => numbers.has(number))
    .map((number) => readStoredJob(paths.runs, number))
    .filter(({ job }) => job.commit.startsWith(prefix));
  const [only, ...others] = found;
  if (only === undefined) {
    const what = named.length > 0 ? `this machine has no run folder of job ${named.join(', ')}` : `no row has it`;
    throw new LabError('user', `there is neither a job nor a result "${word}": ${what}`, {
      hints: ['`lab results --all-tracks` shows commits and jobs, `lab status --all` all jobs'],
    });
  }
  if (others.length > 0) {
    const jobs = found.map(({ job }) => job.number);
    throw new LabError('user', `"${word}" is the commit of several jobs: ${jobs.join(', ')}; expected one of them`, {
      hints: [`\`lab replay ${jobs.at(-1) ?? ''}\` runs the newest again`],
    });
  }
  return only;
}

/** The secrets that a job was given, from the present environment. Throws LabError (user) that names what is not set. */
export function readSecrets(
  job: StoredJob['job'],
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const secrets: Record<string, string> = {};
  const missing: string[] = [];
  for (const name of job.secretNames) {
    const value = environment[name];
    if (value === undefined) missing.push(name);
    else secrets[name] = value;
  }
  if (missing.length === 0) return secrets;
  throw new LabError(
    'user',
    `job ${job.number} was given ${missing.join(', ')}, which is stored nowhere and not set in this environment`,
    { hints: [`set it, then \`lab replay ${job.number}\` again`] },
  );
}
