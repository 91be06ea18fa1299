/**
 * Whether a lab is idle, and keeping it so while it is taken apart: no open job in the run folders, which are the truth with and without a
 * daemon, and the locks of daemon, pipeline, setup and sessions in this process's hands.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { hasBegun, isOpen, isOver } from '../../../queue/job-book.ts';
import { jobFolder, readStoredJobs } from '../../../queue/job-store.ts';
import type { LabPaths } from '../../config/lab-paths.ts';
import { formatNumbers, listRanges } from '../../daemon/control/number-ranges.ts';
import { LabError } from '../../errors/lab-error.ts';
import { type KernelLock, tryLock } from '../../lab/kernel-lock.ts';
import { sessionsFolder } from '../../ratchet/session.ts';
import { callRunning } from '../client.ts';

/** Numbers of jobs with which something can still happen, each ascending. */
export interface OpenJobs {
  /** Begun and without an outcome: its processes may live, also without a daemon. */
  running: number[];
  /** Over, and their records are not written yet. */
  recording: number[];
  /** Queued, delayed, held, stashed, or after another job. */
  waiting: number[];
}

/** Reads the open jobs from the run folders. Throws LabError (user) where one cannot be read: nobody knows what it is. */
export function listOpenJobs(runs: string): OpenJobs {
  const open: OpenJobs = { running: [], recording: [], waiting: [] };
  const jobs = readStoredJobs(runs, (number, cause) => {
    throw new LabError('user', `job ${number} cannot be read, expected to see that it is over`, {
      cause,
      hints: [`\`rm -r ${jobFolder(runs, number)}\` drops it where nothing of it runs`],
    });
  });
  for (const stored of jobs) {
    if (!isOpen({ ...stored, live: null, recordProblem: null, changed: 0 })) continue;
    const kind = hasBegun(stored) ? 'running' : isOver(stored) ? 'recording' : 'waiting';
    open[kind].push(stored.job.number);
  }
  return open;
}

/** Throws LabError (user) where a job is open, with what helps; `hints` come after. */
export function ensureNoOpenJobs(paths: LabPaths, hints: readonly string[] = []): void {
  const { running, recording, waiting } = listOpenJobs(paths.runs);
  const found: string[] = [];
  const helps: string[] = [];
  const add = (numbers: readonly number[], one: string, many: string, help: (words: string) => string) => {
    if (numbers.length === 0) return;
    const words = listRanges(numbers).join(' ');
    found.push(numbers.length === 1 ? `job ${words} ${one}` : `jobs ${formatNumbers(numbers)} ${many}`);
    helps.push(help(words));
  };
  add(running, 'runs', 'run', (words) => `\`lab wait ${words}\` or \`lab kill ${words}\` first`);
  add(
    recording,
    'is not recorded yet',
    'are not recorded yet',
    (words) => `\`lab wait ${words}\` sees it recorded, \`lab status\` says what that waits for`,
  );
  add(
    waiting,
    'waits',
    'wait',
    (words) => `\`lab remove ${words}\` drops what waits for good, \`lab status\` shows it`,
  );
  if (found.length > 0)
    throw new LabError('user', `${found.join(', ')}, expected an idle lab`, { hints: [...helps, ...hints] });
}

/**
 * Takes the locks of everything that works in the lab beside the daemon: the pipeline, the setup, and every session. `isLook`: only asks who has them,
 * and leaves no file. Throws LabError (user) where somebody does; nothing is held then.
 */
export async function holdCommands(paths: LabPaths, isLook = false): Promise<KernelLock[]> {
  if (!isLook) mkdirSync(paths.state, { recursive: true });
  const setupLock = join(paths.state, 'setup.lock');
  const held: KernelLock[] = [];
  const take = async (path: string, what: string, hint: string): Promise<void> => {
    if (isLook && !existsSync(path)) return;
    const lock = await tryLock(path);
    if (lock === null) {
      const holder = readFileSync(path, 'utf8').trim();
      throw new LabError('user', `${what}${holder === '' ? '' : ` (${holder})`}, expected an idle lab`, {
        hints: [hint],
      });
    }
    held.push(lock);
    // For those whom it keeps out; the lock is on the open file, not on its text. That of a set-up has none: whoever finds it taken waits.
    if (!isLook && path !== setupLock) writeFileSync(path, `process ${process.pid}: lab deinit`);
  };
  const end = 'wait for it, or end it with Ctrl-C in its terminal first';
  try {
    await take(join(paths.state, 'pipeline.lock'), 'another command works on the ideas of this lab', end);
    await take(setupLock, '`lab autoresearch setup` is at work here', end);
    const folder = sessionsFolder(paths);
    const entries = existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [];
    for (const entry of entries)
      if (entry.isDirectory()) await take(join(folder, entry.name, 'lock'), `session ${entry.name} is running`, end);
  } catch (error) {
    for (const lock of held) lock.release();
    throw error;
  }
  if (isLook) for (const lock of held) lock.release();
  return isLook ? [] : held;
}

/** How long a daemon may take to end; it writes what it has begun to write. */
const endLimitMs = 60_000;

/** Ends the daemon and keeps the next one out until the lock is released. Throws LabError (worker) where it does not end. */
export async function endDaemon(paths: LabPaths): Promise<KernelLock> {
  mkdirSync(paths.state, { recursive: true });
  const deadline = Date.now() + endLimitMs;
  for (;;) {
    // Again in each round: one that was just starting answers later.
    await callRunning(paths, 'down', {});
    const lock = await tryLock(paths.daemonLock);
    if (lock !== null) return lock;
    if (Date.now() > deadline)
      throw new LabError('worker', `the daemon did not end within ${endLimitMs / 1000} s`, {
        hints: ['`lab logs` shows what it does'],
      });
    await delay(50);
  }
}
