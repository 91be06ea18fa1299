/**
 * Whether a job's label, and how its number was to be got, stood before it ran: by the moments in the files, by the files' own times, and by
 * the digest of job.json that each attempt kept when it was planned.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { attemptFolder, jobFolder } from '../../../queue/job-store.ts';
import type { LabPaths } from '../../config/lab-paths.ts';
import { type AuditedJob, runsPlace } from './audited-job.ts';
import { type Finding, note, wrong } from './finding.ts';

/**
 * A copy of a lab keeps no file times: beyond this between a file's time and the moment in it, they tell nothing. Short, because a lab can be
 * copied right after a run; a file server whose clock is off only loses the comparison.
 */
const copiedMs = 1000;

const timeOf = (file: string): number | null => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? null;

/** The moment in an attempt's `started`; null where it is missing or broken. */
function readStart(file: string): number | null {
  if (!existsSync(file)) return null;
  try {
    const at = Date.parse((JSON.parse(readFileSync(file, 'utf8')) as { at: string }).at);
    return Number.isFinite(at) ? at : null;
  } catch {
    // Another process' words, or half a file: the times alone then tell nothing.
    return null;
  }
}

/** The digest of job.json in an attempt's setting.json; null where it has none (before there was one, or broken). */
function readJobDigest(file: string): string | null {
  if (!existsSync(file)) return null;
  try {
    const { jobDigest } = JSON.parse(readFileSync(file, 'utf8')) as { jobDigest?: unknown };
    return typeof jobDigest === 'string' ? jobDigest : null;
  } catch {
    // A broken setting.json is told where the logs are read again.
    return null;
  }
}

/** The attempts whose digest is not that of job.json as it is now. */
function checkDigests(paths: LabPaths, { number, attempts }: AuditedJob, place: string): Finding[] {
  const own = createHash('sha256')
    .update(readFileSync(join(jobFolder(paths.runs, number), 'job.json')))
    .digest('hex');
  const other = attempts.find((attempt) => {
    const digest = readJobDigest(join(attemptFolder(paths.runs, number, attempt), 'setting.json'));
    return digest !== null && digest !== own;
  });
  if (other === undefined) return [];
  const message = `is not the file that attempt ${other} was planned from: its sha256 begins with ${own.slice(0, 12)}, expected`;
  const digest = readJobDigest(join(attemptFolder(paths.runs, number, other), 'setting.json')) ?? '';
  return [wrong(place, `${message} ${digest.slice(0, 12)} by ${runsPlace(number, other, 'setting.json')}`)];
}

/** What speaks against a label from before the run. */
export function checkLabelOrder(paths: LabPaths, audited: AuditedJob): Finding[] {
  const { number, job, run, attempts } = audited;
  if (job === null || run === null) return [];
  const place = runsPlace(number, 'job.json');
  const findings = checkDigests(paths, audited, place);
  // Moments of a run are kept to the second.
  if (Math.floor(Date.parse(job.queuedAt) / 1000) > Math.floor(Date.parse(run.startedAt) / 1000))
    findings.push(
      wrong(place, `was queued at ${job.queuedAt}, expected a moment before its run began at ${run.startedAt}`),
    );
  const first = attempts.find((attempt) => existsSync(join(attemptFolder(paths.runs, number, attempt), 'started')));
  if (first === undefined) return findings;
  const folder = attemptFolder(paths.runs, number, first);
  const started = timeOf(join(folder, 'started'));
  const said = readStart(join(folder, 'started'));
  if (started === null || said === null) return findings;
  if (Math.abs(started - said) > copiedMs) {
    const message =
      'its file times are not those of the run (a copy?): that the label came first rests on its own words';
    return [...findings, note(place, message)];
  }
  const files: [file: string, place: string][] = [
    [join(jobFolder(paths.runs, number), 'job.json'), place],
    [join(folder, 'setting.json'), runsPlace(number, first, 'setting.json')],
    [join(folder, 'plan.json'), runsPlace(number, first, 'plan.json')],
  ];
  for (const [file, filePlace] of files) {
    const time = timeOf(file);
    if (time !== null && time > started) {
      const [when, start] = [new Date(time).toISOString(), new Date(started).toISOString()];
      findings.push(wrong(filePlace, `was written at ${when}, expected before the run began at ${start}`));
    }
  }
  return findings;
}
