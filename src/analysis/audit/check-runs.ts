/** Check `runs`: every attempt that counts says in run.json what its logs say, and was labelled before it ran. */
import { type AuditSources, trackOfJob } from './audit-sources.ts';
import { type AuditedJob, runsPlace } from './audited-job.ts';
import { type CheckResult, type Finding, note, wrong } from './finding.ts';
import { checkLabelOrder } from './label-order.ts';

function checkReread(sources: AuditSources, audited: AuditedJob): Finding[] {
  const { number, run, attempt, recorded, job, entry } = audited;
  if (attempt === null) return [];
  const place = runsPlace(number, attempt, 'run.json');
  if (run === null) {
    const isKnown = audited.problems.some((problem) => problem.place === place);
    if (isKnown || recorded === null || recorded.attempt !== attempt) return [];
    return [note(place, `is gone: what attempt ${attempt} of job ${number} gave cannot be checked`)];
  }
  const reread = sources.rereads.get(number);
  if (reread === undefined || job === null || entry === null) return [];
  if (reread.kind === 'gone')
    return [
      note(runsPlace(number, attempt), `${reread.file} is gone: the figures of job ${number} cannot be read again`),
    ];
  if (reread.kind === 'broken') return [wrong(runsPlace(number, attempt), `cannot be read again: ${reread.message}`)];
  const findings = reread.differences.map((difference) => wrong(place, difference));
  if (recorded?.decision != null) {
    const isCrash = run.fate.kind === 'failed' || run.metric === null;
    if (isCrash !== (recorded.decision.status === 'crash'))
      findings.push(
        wrong(
          runsPlace(number, 'record.json'),
          `says ${recorded.decision.status}, and the run of track ${trackOfJob(audited)} ${isCrash ? 'has no number' : 'has one'}`,
        ),
      );
  }
  return findings;
}

/** The check. */
export function checkRuns(sources: AuditSources): CheckResult {
  const findings: Finding[] = [];
  let checked = 0;
  for (const audited of sources.jobs.values()) {
    if (audited.run !== null) checked += 1;
    findings.push(...audited.problems, ...checkReread(sources, audited), ...checkLabelOrder(sources.paths, audited));
  }
  return { name: 'runs', checked, findings };
}
