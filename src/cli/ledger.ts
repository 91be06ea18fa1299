/** What the results views show: the rows of main's results.tsv and what the track knows of its noise. Reads git and run folders, no daemon. */
import { readStoredJobs } from '../../queue/job-store.ts';
import { resultsPath } from '../../workers/recorder/append-records.ts';
import { listScoredRuns } from '../../workers/recorder/decide-job.ts';
import { type EvidenceBook, studyEvidence } from '../analysis/change-evidence.ts';
import type { LabPaths } from '../config/lab-paths.ts';
import type { LabConfig } from '../config/schema.ts';
import { resolveDevice } from '../domain/device-choice.ts';
import { readBlob, resolveMainBranch } from '../git/repository.ts';
import { type ParsedResult, parseResults } from '../lab/results-tsv.ts';
import { computeTrack } from '../rules/tracks.ts';
import { judgingOf } from '../stats/against-baseline.ts';
import { chooseModel, type ScoredRun, type TrackView, viewTrack } from '../stats/track-view.ts';

/** The record as the views need it. */
export interface Ledger {
  track: string;
  /** Device model that the view is about; null where nothing was measured on any, or where all were asked for. */
  model: string | null;
  rows: ParsedResult[];
  /** Lines of results.tsv that could not be read fully. */
  problems: { line: number; message: string }[];
  runs: ScoredRun[];
  view: TrackView;
  /** What claims and bisections say of the kept changes. */
  evidence: EvidenceBook;
}

/**
 * Reads the ledger from main's own blob, so that it is right whatever branch is checked out. `device` is what the view is about: a model,
 * or "all"; null is the model that the configured device class last measured on.
 */
export async function readLedger(paths: LabPaths, config: LabConfig, device: string | null = null): Promise<Ledger> {
  const main = await resolveMainBranch(paths.root, config.main);
  const blob = await readBlob(paths.root, main, resultsPath);
  const parsed = parseResults(blob?.toString('utf8') ?? '');
  const track = await computeTrack(paths, config, main);
  const jobs = readStoredJobs(paths.runs);
  const runs = listScoredRuns(jobs);
  const model = device === 'all' ? null : (device ?? findModel(runs, parsed.rows, track, config));
  const view = viewTrack(runs, track, model, judgingOf(config));
  const evidence = studyEvidence(jobs, parsed.rows);
  return { track, model, rows: parsed.rows, problems: parsed.problems, runs, view, evidence };
}

/**
 * The model that the view is about: of the configured class, for `auto` of the class that the track was last measured on. In a clone, which
 * has rows and no run folders, the newest row says it. Pure.
 */
export function findModel(
  runs: ScoredRun[],
  rows: readonly Pick<ParsedResult, 'track' | 'device'>[],
  track: string,
  config: { run: Pick<LabConfig['run'], 'device'> },
): string | null {
  const ofRows = rows.findLast((row) => row.track === track && row.device !== '')?.device ?? null;
  // No machine is asked here. A GPU that ran long ago may be gone, and the daemon's view is then about the processor: the newest run tells.
  const newest = runs.findLast((run) => run.track === track);
  const classes = new Set(newest === undefined ? [] : [newest.deviceClass]);
  return chooseModel(runs, track, resolveDevice(config.run.device, classes), []) ?? ofRows;
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
