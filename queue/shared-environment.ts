/** Keeps one copy of what thousands of jobs have in common: the environment that they were queued with. Pure but for its memory. */
import type { Job } from '../src/domain/job.ts';

/** How many different environments are kept; a shell that changes one at every job would fill the memory that this saves. */
const keptEnvironments = 64;

/** Gives the job with the kept copy of its environment, where there is one. */
export type EnvironmentSharing = (job: Job) => Job;

/** A sharing that knows no environment yet. */
export function createEnvironmentSharing(): EnvironmentSharing {
  const known = new Map<string, Job['env']>();
  return (job) => {
    const key = JSON.stringify(job.env);
    const kept = known.get(key);
    if (kept === job.env) return job;
    if (kept !== undefined) return { ...job, env: kept };
    const [oldest] = known.keys();
    if (oldest !== undefined && known.size >= keptEnvironments) known.delete(oldest);
    known.set(key, job.env);
    return job;
  };
}
