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
import { ensureDevice } from './session-device.ts';
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
  /** As ensureReady found it. */
  device: DeviceClass;
  rule: RatchetSession['rule'];
  /** Asks the lab for its present track, 8 hex digits. Asked last: it may start the daemon. */
  readTrack(): Promise<string>;
}

/**
 * The class of device that the session runs on. Throws LabError with all that keeps a session from beginning; then nothing was made.
 * `ensureAgent` throws LabError where the agent cannot be started: it would be asked all night in vain.
 */
export async function ensureReady(
  paths: LabPaths,
  config: LabConfig,
  main: string,
  { tag, deviceId, ensureAgent }: Pick<SessionWish, 'tag' | 'deviceId'> & { ensureAgent(): Promise<void> },
): Promise<DeviceClass> {
  ensureTag(tag);
  const problems: LabError[] = [];
  const attempt = async <Value>(check: () => Value | Promise<Value>): Promise<Value | null> => {
    try {
      return await check();
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
      problems.push(error);
      return null;
    }
  };
  await attempt(() => ensureTagFree(paths, tag));
  await attempt(ensureAgent);
  await attempt(() => ensureProgram(paths.root, main));
  await attempt(() => findEdits(paths.root, main, config));
  // Asked once: a second answer could be another one, and the session keeps this one.
  const device = await attempt(async () => ensureDevice(await probeDevices(), config.run.device, deviceId));
  await attempt(() => ensureEnvironment(paths, config));
  if (device === null || problems.length > 0) throw joinProblems(problems);
  return device;
}

function joinProblems(problems: readonly LabError[]): LabError {
  const [first] = problems;
  if (first !== undefined && problems.length === 1) return first;
  const kinds = new Set(problems.map(({ kind }) => kind));
  const list = problems.map(({ message }, index) => `\n  ${index + 1}. ${message}`).join('');
  return new LabError(
    first !== undefined && kinds.size === 1 ? first.kind : 'user',
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
  const { tag, desc, max, agent, deviceId, device, rule } = wish;
  ensureTag(tag);
  await ensureTagFree(paths, tag);
  const edits = await findEdits(paths.root, main, config);
  const session: RatchetSession = {
    schema: 1,
    ...{ tag, desc, max, agent, deviceId, device, rule, edits },
    branch: branchOfTag(tag),
    worktree: worktreeOfTag(paths, tag),
    start: await pinCommit(paths.root, main),
    metric: { name: config.metric.name, direction: config.metric.direction },
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
