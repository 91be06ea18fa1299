/**
 * Job numbers that main's records name. A clone has the records and not the run folders: there a number must not be given a second time, or
 * the new job's row would be taken for one that is written already. Reads main; what is only in the checkout does not count.
 */
import { readBlob } from '../../src/git/repository.ts';
import { runGit } from '../../src/git/run-git.ts';
import { parseJournalJobs } from '../../src/lab/journal.ts';
import { parseOwnHeader, parseResults } from '../../src/lab/results-tsv.ts';
import { journalPath } from './append-records.ts';

/** The highest job number in the lab's own tables and the journal on `branch`; 0 where they name none. Tables of other tools do not count. */
export async function findHighestRecordedJob(root: string, branch: string): Promise<number> {
  const ref = `refs/heads/${branch}`;
  const names = (await runGit(root, ['ls-tree', '-z', '--name-only', '--full-tree', ref])).split('\0');
  let highest = 0;
  for (const name of names.filter((path) => path === journalPath || /^results(\..+)?\.tsv$/.test(path))) {
    const text = (await readBlob(root, ref, name))?.toString('utf8') ?? '';
    const numbers =
      name === journalPath
        ? [...parseJournalJobs(text)]
        : parseOwnHeader(text) === null
          ? []
          : parseResults(text).rows.flatMap((row) => row.jobs);
    for (const number of numbers) highest = Math.max(highest, number);
  }
  return highest;
}
