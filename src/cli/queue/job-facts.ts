/** One job as it stands before somebody changes it: the daemon's view with the environment from its folder, which no view shows. */
import { readStoredJob } from '../../../queue/job-store.ts';
import type { LabPaths } from '../../config/lab-paths.ts';
import type { DeviceView } from '../../daemon/routes.ts';
import type { Dependency, DeviceNeeds, RetryRule, RunLimits } from '../../domain/job.ts';
import type { DeviceClass } from '../../domain/run.ts';
import { LabError } from '../../errors/lab-error.ts';
import { call } from '../client.ts';

/** What of a job can be changed, as it is now. */
export interface JobFacts {
  number: number;
  command: string;
  /** Null for a job without a label. */
  label: string | null;
  priority: number;
  group: string;
  after: Dependency[];
  device: DeviceClass;
  needs: DeviceNeeds;
  /** Null where the command's own default counts. */
  seed: number | null;
  wallSeconds: number;
  retry: RetryRule;
  limits: RunLimits;
  /** Whether standard input is kept open for `lab send`. */
  stdin: boolean;
  env: Record<string, string>;
  /** Devices of the machine. */
  devices: Pick<DeviceView, 'id' | 'class'>[];
}

/** Reads them. Throws LabError (user) where there is no such job. */
export async function readJobFacts(paths: LabPaths, number: number): Promise<JobFacts> {
  const { jobs, devices } = await call(paths, 'status', { numbers: [number] });
  const view = jobs.find(({ job }) => job.number === number);
  if (view === undefined)
    throw new LabError('user', `there is no job ${number}`, { hints: ['`lab status --all` shows every job'] });
  const { job, priority, group, after } = view;
  return {
    number,
    command: job.command,
    label: job.label?.text ?? null,
    priority,
    group,
    after,
    device: job.device,
    needs: job.needs,
    seed: job.seed,
    wallSeconds: job.wallSeconds,
    retry: job.retry,
    limits: job.limits,
    stdin: job.stdin,
    env: readStoredJob(paths.runs, number).job.env,
    devices,
  };
}
