/** Check `records`: what the recorder wrote for a job is on main, and the commits in which it did so are in main's history. */
import { journalPath } from '../../../workers/recorder/append-records.ts';
import { type AuditSources, isTable } from './audit-sources.ts';
import { type AuditedJob, runsPlace } from './audited-job.ts';
import { listRows } from './check-rows.ts';
import { type CheckResult, type Finding, note, settled, wrong } from './finding.ts';
import { listEntries } from './journal-entries.ts';
import { readMainCommits } from './main-commits.ts';

/** A job that has ended for good, so that the recorder has to have looked at it. */
function isEnded({ run, attempts, entry }: AuditedJob): boolean {
  if (run === null || run.attempt !== attempts.at(-1)) return false;
  // One that the machine lost is tried once more.
  const isLost = run.fate.kind === 'failed' && run.fate.failure === 'interrupted';
  return !isLost || run.attempt > 1 || entry?.removedAt != null;
}

function checkOwnRecord(audited: AuditedJob): Finding[] {
  const { number, job, recorded } = audited;
  const place = runsPlace(number, 'record.json');
  if (recorded === null) {
    if (!isEnded(audited) || audited.problems.some((problem) => problem.place === place)) return [];
    return [note(place, `is missing: job ${number} has ended and is not recorded yet (\`lab up\` records it)`)];
  }
  if (recorded.job !== number) return [wrong(place, `is of job ${recorded.job}, expected ${number}`)];
  if (!recorded.isDone) return [note(place, `job ${number} is decided and not recorded yet (\`lab up\` records it)`)];
  const { decision } = recorded;
  const isScored = job?.kind === 'plain' || job?.kind === 'experiment';
  const addsRow = job?.kind === 'experiment' || (job?.kind === 'plain' && decision?.status !== 'crash');
  if (isScored && decision === null) return [wrong(place, `has no decision, expected one for a ${job.kind} job`)];
  if (addsRow && recorded.row === null) return [wrong(place, `has no row, expected one for a ${job?.kind ?? ''} job`)];
  return [];
}

/** The check. */
export async function checkRecords(sources: AuditSources): Promise<CheckResult> {
  const { files, jobs, main, paths } = sources;
  const commits = await readMainCommits(paths.root, main);
  const rows = files.filter(({ path }) => isTable(path)).flatMap(listRows);
  // A row that is there and says something else is told by the check of rows.
  const single = new Set(rows.flatMap((row) => (row.jobs.length === 1 ? row.jobs : [])));
  const texts = new Set(rows.map(({ text }) => text));
  const journal = files.find(({ path }) => path === journalPath)?.text ?? '';
  const entries = new Set(listEntries(journal).map(({ text }) => text));
  const findings: Finding[] = [];
  let checked = 0;
  for (const audited of jobs.values()) {
    const { number, recorded } = audited;
    findings.push(...checkOwnRecord(audited));
    if (recorded?.isDone !== true) continue;
    checked += 1;
    if (recorded.row !== null && !single.has(number) && !texts.has(recorded.row))
      findings.push(
        wrong(`job ${number}`, `its row is in no table on ${main}; expected ${recorded.row.slice(0, 60)}…`),
      );
    if (recorded.commit === null || commits.has(recorded.commit)) continue;
    const place = `${main} ${recorded.commit.slice(0, 7)}`;
    const what = `the commit that recorded job ${number} is not in ${main}`;
    const isKept =
      (recorded.row === null || texts.has(recorded.row)) &&
      (recorded.entry === null || entries.has(recorded.entry.replaceAll('\r\n', '\n').trimEnd()));
    findings.push(
      isKept
        ? settled(place, `${what}: it was rebased or amended; its row and entry are on ${main}`)
        : wrong(place, `${what}: its history was rewritten`),
    );
  }
  return { name: 'records', checked, findings };
}
