/** What claims since have said of the changes that reports are about. Reads run folders and git, no daemon; reports stay as they were written. */
import { readStoredJobs } from '../../../queue/job-store.ts';
import { resultsPath } from '../../../workers/recorder/append-records.ts';
import { describeEvidence, type EvidenceBook, studyEvidence } from '../../analysis/change-evidence.ts';
import { readBlob } from '../../git/repository.ts';
import type { Report } from '../../lab/report-parse.ts';
import { parseResults } from '../../lab/results-tsv.ts';
import type { OpenLab } from '../open-lab.ts';

/** Reads what is known of every change. A job folder that cannot be read tells nothing: `lab audit` names it. */
export async function readEvidence({ paths, main }: Pick<OpenLab, 'paths' | 'main'>): Promise<EvidenceBook> {
  const blob = await readBlob(paths.root, `refs/heads/${main}`, resultsPath);
  return studyEvidence(
    readStoredJobs(paths.runs, () => {}),
    parseResults(blob?.toString('utf8') ?? '').rows,
  );
}

/** "confirmed with the champion abc1234": what has become of a kept change since its report; null where nothing has, and for what was not kept. */
export function readSince(
  book: EvidenceBook,
  { decision, commit }: Pick<Report, 'decision' | 'commit'>,
): string | null {
  const known = decision === 'keep' && commit !== '' ? book.ofChange.get(commit.slice(0, 7)) : undefined;
  return known === undefined ? null : describeEvidence(known);
}
