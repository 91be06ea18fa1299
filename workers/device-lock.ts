/**
 * The lock of a device: one kernel lock per device in one folder per host, so that labs of all users exclude each other.
 * The file's content names the holder for people; whether the device is busy is decided by the kernel alone.
 */
import {
  chmodSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errnoOf, LabError } from '../src/errors/lab-error.ts';
import { type KernelLock, tryLock, waitForLock } from '../src/lab/kernel-lock.ts';

/** Who holds a device. */
export interface DeviceHolder {
  /** Lab root, as a person knows it. */
  lab: string;
  job: number;
  /** The supervisor that took the lock; its run can outlive it. */
  pid: number;
  /** ISO 8601. */
  since: string;
}

/** What is known of a holder before it holds. */
export type DeviceUser = Pick<DeviceHolder, 'lab' | 'job'>;

/**
 * The folder of device locks where the config names none: /tmp/nightlab-devices, with links resolved. os.tmpdir() is used only
 * where there is no shared sticky /tmp: TMPDIR differs between users and sessions, which would let two jobs onto one device.
 */
export function defaultDeviceLockFolder(): string {
  for (const shared of ['/tmp', tmpdir()]) {
    try {
      const real = realpathSync(shared);
      const stat = statSync(real);
      if (stat.isDirectory() && (shared !== '/tmp' || (stat.mode & 0o1002) === 0o1002))
        return join(real, 'nightlab-devices');
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  }
  throw new LabError('worker', `no folder for temporary files: neither /tmp nor ${tmpdir()} exists`, {
    hints: ['set TMPDIR'],
  });
}

/** Path of a device's lock file; what is not a letter, digit, dot, dash or underscore in the key becomes an underscore. */
export function deviceLockPath(folder: string, deviceKey: string): string {
  return join(folder, `${deviceKey.replace(/[^A-Za-z0-9._-]/g, '_')}.lock`);
}

/** Takes the device; null where somebody holds it. Throws LabError where the folder is a link, no folder, or cannot be made. */
export async function lockDevice(folder: string, deviceKey: string, holder: DeviceUser): Promise<KernelLock | null> {
  ensureLockFolder(folder);
  const taken = await tryLock(deviceLockPath(folder, deviceKey), { mode: 0o666 });
  if (taken !== null) writeHolder(taken, holder);
  return taken;
}

/**
 * Takes the device when its turn has come; labs get it in the order in which they asked. `onOpen` is called at once with the descriptor that will
 * be locked, for a child that is to hold it too. Rejects with the signal's reason when it aborts.
 */
export async function waitForDeviceLock(
  folder: string,
  deviceKey: string,
  holder: DeviceUser,
  signal: AbortSignal,
  onOpen: (fd: number) => void = () => undefined,
): Promise<KernelLock> {
  ensureLockFolder(folder);
  const taken = await waitForLock(deviceLockPath(folder, deviceKey), { mode: 0o666, signal, onOpen });
  writeHolder(taken, holder);
  return taken;
}

function writeHolder(taken: KernelLock, holder: DeviceUser): void {
  const content: DeviceHolder = { ...holder, pid: process.pid, since: new Date().toISOString() };
  try {
    ftruncateSync(taken.fd);
    writeSync(taken.fd, `${JSON.stringify(content)}\n`, 0);
  } catch (error) {
    // The name is a courtesy; with a full disk the lock itself still holds.
    if (errnoOf(error) !== 'ENOSPC') {
      taken.release();
      throw error;
    }
  }
}

/** Who took the device last; for those who know that it is held. `unknown` where the file does not say it. */
export function readLastHolder(folder: string, deviceKey: string): DeviceHolder | 'unknown' {
  try {
    return parseHolder(readFileSync(deviceLockPath(folder, deviceKey), 'utf8'));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 'unknown';
    throw error;
  }
}

/** Who holds the device; null where it is free. `unknown` where it is held and the file does not say by whom. */
export async function readDeviceHolder(folder: string, deviceKey: string): Promise<DeviceHolder | 'unknown' | null> {
  const path = deviceLockPath(folder, deviceKey);
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return null;
  const probe = await tryLock(path);
  if (probe !== null) {
    probe.release();
    return null;
  }
  return parseHolder(readFileSync(path, 'utf8'));
}

function parseHolder(text: string): DeviceHolder | 'unknown' {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Read between the holder's truncate and its write.
    return 'unknown';
  }
  const { lab, job, pid, since } = (value ?? {}) as Partial<Record<keyof DeviceHolder, unknown>>;
  if (typeof lab !== 'string' || typeof job !== 'number' || typeof pid !== 'number' || typeof since !== 'string')
    return 'unknown';
  return { lab, job, pid, since };
}

function ensureLockFolder(folder: string): void {
  const existing = lstatSync(folder, { throwIfNoEntry: false });
  if (existing === undefined) {
    try {
      mkdirSync(folder, { recursive: true });
      chmodSync(folder, 0o1777);
    } catch (error) {
      throw new LabError('worker', `cannot make the folder of device locks ${folder}`, {
        cause: error,
        hints: ['lab doctor'],
      });
    }
    return;
  }
  if (!existing.isDirectory()) {
    const kind = existing.isSymbolicLink() ? 'a symbolic link' : 'a file';
    throw new LabError('worker', `the folder of device locks ${folder} is ${kind}, expected a plain folder`, {
      hints: [`rm ${folder}`],
    });
  }
  // Its maker may have died between mkdir and chmod; others' folders are taken as they are.
  if (existing.uid === process.getuid?.() && (existing.mode & 0o7777) !== 0o1777) chmodSync(folder, 0o1777);
}
