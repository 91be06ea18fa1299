/** A job with what a person changed in it since it was queued: the content of job.json stays, state.json holds the changes. Pure. */
import type { Job, JobEdits } from '../src/domain/job.ts';

/** The job as it will run. */
export function applyEdits(job: Job, edits: JobEdits): Job {
  const { env = {}, ...plain } = edits;
  const merged: Record<string, string> = { ...job.env };
  for (const [name, value] of Object.entries(env)) {
    if (value === null) delete merged[name];
    else merged[name] = value;
  }
  return { ...job, ...plain, env: merged };
}
