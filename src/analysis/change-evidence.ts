/**
 * What the claims and bisections so far say of each kept change: borne out together with the champion that it is in, refuted with it, or taken
 * back. Derived from the records of this machine's jobs, and from the rows of a clone that has none. Pure; rows and reports stay as they were written.
 */
import type { StoredJob } from '../../queue/job-store.ts';
import type { ParsedResult } from '../lab/results-tsv.ts';

/** A claim that is over. */
export interface ClaimOutcome {
  test: number;
  state: 'confirmed' | 'refuted' | 'provisional';
  /** The champion under test, full hash. */
  commit: string;
  /** Commits of the changes in it. */
  changes: string[];
  /** Job whose record holds the verdict. */
  job: number;
}

/** The newest word on a change. */
export interface ChangeEvidence {
  word: 'confirmed' | 'refuted' | 'taken back';
  /** 7 characters of the champion that was tested; "" where a change was taken back. */
  champion: string;
  /** Number of the test; null where only a row tells of it. */
  test: number | null;
}

/** What is known of all changes. */
export interface EvidenceBook {
  /** In the order in which they ended. */
  claims: ClaimOutcome[];
  /** By the first 7 characters of the change's commit; a change without an entry rests on the run that chose it. */
  ofChange: ReadonlyMap<string, ChangeEvidence>;
  /** First 7 characters of an experiment's own commit, by its job: the commit of a row may have other changes mixed in. */
  changeOfJob: ReadonlyMap<number, string>;
}

const short = (commit: string): string => commit.slice(0, 7);

/** Reads the verdicts in their order; the newest word on a change counts. */
export function studyEvidence(
  jobs: readonly StoredJob[],
  rows: readonly Pick<ParsedResult, 'commit' | 'evidence'>[] = [],
): EvidenceBook {
  const ofChange = new Map<string, ChangeEvidence>();
  for (const { commit, evidence } of rows)
    if (evidence === 'confirmed' || evidence === 'refuted')
      ofChange.set(short(commit), { word: evidence, champion: short(commit), test: null });
  const claims: ClaimOutcome[] = [];
  for (const { job, verdict } of listVerdicts(jobs)) {
    const { test, state, revert } = verdict;
    const arms = jobs.filter((other) => other.job.test?.test === test).map(({ job: arm }) => arm);
    const tested = [...new Set(arms.flatMap((arm) => arm.test?.changes ?? []))];
    if (state === 'done') {
      // A bisection has found whom to blame: the others rest on what they rested on before.
      if (job.kind === 'confirm')
        for (const commit of tested)
          if (ofChange.get(short(commit))?.word === 'refuted') ofChange.delete(short(commit));
    } else {
      const champion = arms.find((arm) => arm.test?.changes.length === tested.length && tested.length > 0);
      if (champion !== undefined) {
        claims.push({ test, state, commit: champion.commit, changes: tested, job: job.number });
        if (state !== 'provisional')
          for (const commit of tested)
            ofChange.set(short(commit), { word: state, champion: short(champion.commit), test });
      }
    }
    for (const commit of revert) ofChange.set(short(commit), { word: 'taken back', champion: '', test });
  }
  const experiments = jobs.filter(({ job }) => job.kind === 'experiment');
  const changeOfJob = new Map(experiments.map(({ job }) => [job.number, short(job.variant?.of ?? job.commit)]));
  return { claims, ofChange, changeOfJob };
}

function listVerdicts(jobs: readonly StoredJob[]) {
  return jobs
    .flatMap(({ job, run, recorded }) => {
      const verdict = recorded?.verdict;
      return verdict === undefined ? [] : [{ job, verdict, endedMs: Date.parse(run?.endedAt ?? '') || 0 }];
    })
    .sort((a, b) => a.endedMs - b.endedMs || a.job.number - b.job.number);
}

/** The newest word on the change of a row; null where it rests on what the row itself says. */
export function findRowEvidence(book: EvidenceBook, row: Pick<ParsedResult, 'commit' | 'jobs'>): ChangeEvidence | null {
  const [job, ...others] = row.jobs;
  const own = job === undefined || others.length > 0 ? undefined : book.changeOfJob.get(job);
  return book.ofChange.get(own ?? short(row.commit)) ?? null;
}

/** "confirmed with the champion abc1234", as people read it beside what was written at the time. */
export function describeEvidence({ word, champion, test }: ChangeEvidence): string {
  if (word === 'taken back') return `taken back${test === null ? '' : ` after test ${test}`}`;
  return `${word} with the champion ${champion}`;
}
