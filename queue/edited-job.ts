/** A job with what a person changed in it since it was queued: the content of job.json stays, state.json holds the changes. Pure. */
import type { Job, JobEdits } from '../src/domain/job.ts';

/** The job as it will run; the same object where nothing was changed. */
export function applyEdits(job: Job, edits: JobEdits): Job {
  // Most jobs are never edited, and a lab has thousands in memory.
  if (Object.keys(edits).length === 0) return job;
  const { env = {}, ...plain } = edits;
  const merged: Record<string, string> = { ...job.env };
  for (const [name, value] of Object.entries(env)) {
    if (value === null) delete merged[name];
    else merged[name] = value;
  }
  return { ...job, ...plain, env: merged };
}
