/** Reads what `lab tracks` shows: kept tracks, run folders, and the rows of every results table on main. No daemon is asked. */
import { readStoredJobs } from '../../../queue/job-store.ts';
import { resultsPath } from '../../../workers/recorder/append-records.ts';
import type { LabPaths } from '../../config/lab-paths.ts';
import type { LabConfig } from '../../config/schema.ts';
import { readBlob, resolveMainBranch } from '../../git/repository.ts';
import { runGit } from '../../git/run-git.ts';
import { type ParsedResult, parseResults } from '../../lab/results-tsv.ts';
import { readTracks, withoutSecrets } from '../../rules/track-store.ts';
import { describeTrack, hashTrack } from '../../rules/tracks.ts';
import type { TrackSources } from './track-list.ts';

/** Reads the sources of the list. Throws LabError where main or the data of the track cannot be read. */
export async function readTrackSources(paths: LabPaths, config: LabConfig): Promise<TrackSources> {
  const main = await resolveMainBranch(paths.root, config.main);
  const parts = await describeTrack(paths, config, main);
  return {
    present: { id: hashTrack(parts), parts: withoutSecrets(parts) },
    stored: readTracks(paths),
    jobs: readStoredJobs(paths.runs),
    rows: await readAllRows(paths, main),
    confidence: config.decision.confidence,
  };
}

/** Rows of results.tsv, and of the tables that were kept when the metric changed. */
async function readAllRows(paths: LabPaths, main: string): Promise<ParsedResult[]> {
  const names = (await runGit(paths.root, ['ls-tree', '-z', '--name-only', '--full-tree', main])).split('\0');
  const rows: ParsedResult[] = [];
  for (const name of names.filter((name) => name === resultsPath || /^results\.[^/]+\.tsv$/.test(name))) {
    const blob = await readBlob(paths.root, main, name);
    rows.push(...parseResults(blob?.toString('utf8') ?? '').rows);
  }
  return rows;
}
