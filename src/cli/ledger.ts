/** What the results views show: the rows of main's results.tsv and what the track knows of its noise. Reads git and run folders, no daemon. */
import { readStoredJobs } from '../../queue/job-store.ts';
import { resultsPath } from '../../workers/recorder/append-records.ts';
import { listScoredRuns } from '../../workers/recorder/decide-job.ts';
import type { LabPaths } from '../config/lab-paths.ts';
import type { LabConfig } from '../config/schema.ts';
import { readBlob, resolveMainBranch } from '../git/repository.ts';
import { type ParsedResult, parseResults } from '../lab/results-tsv.ts';
import { computeTrack } from '../rules/tracks.ts';
import { type ScoredRun, type TrackView, viewTrack } from '../stats/track-view.ts';

/** The record as the views need it. */
export interface Ledger {
  track: string;
  rows: ParsedResult[];
  /** Lines of results.tsv that could not be read fully. */
  problems: { line: number; message: string }[];
  runs: ScoredRun[];
  view: TrackView;
}

/** Reads the ledger from main's own blob, so that it is right whatever branch is checked out. */
export async function readLedger(paths: LabPaths, config: LabConfig): Promise<Ledger> {
  const main = await resolveMainBranch(paths.root, config.main);
  const blob = await readBlob(paths.root, main, resultsPath);
  const parsed = parseResults(blob?.toString('utf8') ?? '');
  const track = await computeTrack(paths, config, main);
  const runs = listScoredRuns(readStoredJobs(paths.runs));
  return { track, rows: parsed.rows, problems: parsed.problems, runs, view: viewTrack(runs, track, null) };
}

/** The baseline in one line. */
export function formatBaseline({ view }: Ledger, config: LabConfig): string {
  const { baseline } = view;
  if (baseline === null) return 'no baseline yet: `lab baseline` measures mean and noise of the unchanged code';
  const { mean, std, n } = baseline.noise;
  const noise =
    std === null
      ? 'noise unknown with one run'
      : `noise ${std.toFixed(6)} (sd of one run, ${((100 * std) / Math.abs(mean)).toFixed(3)} %)`;
  return `baseline ${baseline.commit.slice(0, 7)}: ${config.metric.name} ${mean.toFixed(6)} over ${n} ${n === 1 ? 'seed' : 'seeds'}, ${noise}`;
}
