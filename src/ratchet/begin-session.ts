/**
 * Begins a session: everything is verified first and whatever is missing is told at once, then branch, worktree and facts are made. Nothing of
 * the user's is changed.
 */
import { probeDevices } from '../../workers/device-probe.ts';
import type { LabPaths } from '../config/lab-paths.ts';
import type { LabConfig } from '../config/schema.ts';
import type { RatchetSession } from '../domain/ratchet.ts';
import type { DeviceClass } from '../domain/run.ts';
import { formatLocalTime } from '../domain/time.ts';
import { LabError } from '../errors/lab-error.ts';
import { pinCommit } from '../git/repository.ts';
import { reachPoint } from '../lab/named-point.ts';
import { createBudget } from './budget.ts';
import { branchOfTag, ensureTag, worktreeOfTag, writeSession } from './session.ts';
import {
  checkEnvironment,
  chooseTable,
  ensureProgram,
  ensureTagFree,
  findEdits,
  ignoreTable,
} from './session-facts.ts';
import { putSession } from './session-tree.ts';

/** What a session is asked to be. */
export interface SessionWish {
  tag: string;
  desc: string;
  max: number | null;
  agent: string | null;
  /** "gpu1"; null: any device of the lab's class. */
  deviceId: string | null;
  rule: RatchetSession['rule'];
  /** Asks the lab for its present track, 8 hex digits. Asked last: it may start the daemon. */
  readTrack(): Promise<string>;
}

/**
 * Throws LabError with all that keeps a session from beginning; then nothing was made. `ensureAgent` throws LabError where the agent cannot be
 * started: it would be asked all night in vain.
 */
export async function ensureReady(
  paths: LabPaths,
  config: LabConfig,
  main: string,
  { tag, deviceId, ensureAgent }: Pick<SessionWish, 'tag' | 'deviceId'> & { ensureAgent(): Promise<void> },
): Promise<void> {
  ensureTag(tag);
  const problems: LabError[] = [];
  const checks: (() => unknown)[] = [
    () => ensureTagFree(paths, tag),
    ensureAgent,
    () => ensureProgram(paths.root, main),
    () => findEdits(paths.root, main, config),
    () => ensureDevice(config.run.device, deviceId),
    () => ensureEnvironment(paths, config),
  ];
  for (const check of checks) {
    try {
      await check();
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
      problems.push(error);
    }
  }
  const [first, ...others] = problems;
  if (first === undefined) return;
  if (others.length === 0) throw first;
  const list = problems.map(({ message }, index) => `\n  ${index + 1}. ${message}`).join('');
  throw new LabError(
    problems.every(({ kind }) => kind === first.kind) ? first.kind : 'user',
    `${problems.length} things keep the session from beginning:${list}`,
    { hints: [...new Set(problems.flatMap(({ hints }) => hints))] },
  );
}

function ensureEnvironment(paths: LabPaths, config: LabConfig): void {
  const missing = checkEnvironment(paths, config);
  if (missing.length === 0) return;
  throw new LabError('user', `this machine is not ready for a run: ${missing.join('; ')}`, {
    hints: ['`lab autoresearch setup` makes it ready and runs one baseline'],
  });
}

/** Begins a session for which ensureReady had nothing to say. Throws LabError where its tag was taken meanwhile; then nothing was made. */
export async function beginSession(
  paths: LabPaths,
  config: LabConfig,
  main: string,
  wish: SessionWish,
): Promise<RatchetSession> {
  const { tag, desc, max, agent, deviceId, rule } = wish;
  ensureTag(tag);
  await ensureTagFree(paths, tag);
  const edits = await findEdits(paths.root, main, config);
  const session: RatchetSession = {
    schema: 1,
    ...{ tag, desc, max, agent, deviceId, rule, edits },
    branch: branchOfTag(tag),
    worktree: worktreeOfTag(paths, tag),
    start: await pinCommit(paths.root, main),
    metric: { name: config.metric.name, direction: config.metric.direction },
    device: deviceId === null ? config.run.device : deviceId.startsWith('cpu') ? 'cpu' : 'gpu',
    budget: await createBudget(paths.root, main, config, edits),
    track: await wish.readTrack(),
    table: await chooseTable(paths, main, tag),
    beganAt: formatLocalTime(new Date()),
  };
  await ignoreTable(paths.root);
  // Before branch and worktree: a session that is killed in between knows them for its own, and `resume` makes what is missing.
  await writeSession(paths, session);
  reachPoint('ratchet-session');
  await putSession(paths, session, session.start);
  return session;
}

/** Throws LabError (user) where this machine has no such device, or none of the lab's class: the tag would be used up for nothing. */
async function ensureDevice(wanted: DeviceClass, deviceId: string | null): Promise<void> {
  const { devices } = await probeDevices();
  if (devices.some((device) => (deviceId === null ? device.class === wanted : device.id === deviceId))) return;
  throw new LabError(
    'user',
    `this machine has no ${deviceId === null ? `${wanted} device` : `device "${deviceId}"`}, expected one of: ${devices.map(({ id }) => id).join(', ')}`,
    { hints: ['`lab doctor` shows the devices that were found'] },
  );
}
