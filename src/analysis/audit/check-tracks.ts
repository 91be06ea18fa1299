/** Check `tracks`: the tracks that rows name are tracks of this lab. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseOwnHeader } from '../../lab/results-tsv.ts';
import { type AuditSources, isTable, trackOfJob } from './audit-sources.ts';
import { listRows } from './check-rows.ts';
import { type CheckResult, type Finding, note } from './finding.ts';
import { readCells } from './rebuild-row.ts';

/** The check. */
export function checkTracks(sources: AuditSources): CheckResult {
  const folder = join(sources.paths.state, 'tracks');
  const stored = existsSync(folder) ? readdirSync(folder).map((name) => name.replace(/\.json$/, '')) : [];
  const known = new Set([
    ...stored,
    ...[...sources.jobs.values()].flatMap((job) => [job.run?.track ?? '', job.job?.track ?? '', trackOfJob(job)]),
  ]);
  const findings: Finding[] = [];
  const tracks = new Set<string>();
  for (const file of sources.files.filter(({ path }) => isTable(path))) {
    const metric = parseOwnHeader(file.text) ?? '';
    for (const row of listRows(file)) {
      const track = readCells(row.text, metric).get('track') ?? '';
      if (track === '') continue;
      tracks.add(track);
      if (!known.has(track))
        findings.push(
          note(`${row.path}:${row.line}`, `its track ${track.slice(0, 40)} is that of no job here, nor in .lab/tracks`),
        );
    }
  }
  return { name: 'tracks', checked: tracks.size, findings };
}
