/**
 * Who uses this machine's GPUs right now, and whether a card is really free. The vendor's program is asked in the background, one call at
 * a time; the last answer is kept with its age, so that whoever decides never waits for a card that hangs. It locks nothing, and what
 * job gets a card is placement's question.
 */
import type { PlacementDevice } from '../queue/device-fit.ts';
import { monotonicMs } from '../src/domain/time.ts';
import type { GpuFacts } from './device-parse.ts';
import { type Device, type GpuUse, type ProbeOptions, readGpuUse } from './device-probe.ts';
import { type GpuUser, identifyGpuUser } from './gpu-user.ts';

/** What is known of one GPU. */
export interface GpuState {
  id: string;
  /** All its memory, MiB; null where it is not told. */
  totalMib: number | null;
  /** Memory that nobody holds, MiB; null where it is not told. */
  freeMib: number | null;
  /** Who holds memory of it; null where the vendor's program does not tell (AMD, Apple). */
  users: GpuUser[] | null;
  /** What others than this lab hold, MiB; null where it is not told. */
  strangersMib: number | null;
  /** Who they are and what they hold, for a person; null where the card is really free of them. */
  strangers: string | null;
  /** Why it is not known how it stands; it takes no new job. Null where it is known. */
  problem: string | null;
}

/** One answer for all GPUs. */
export interface GpuReading {
  /** When it was asked, milliseconds since 1970. */
  askedAtMs: number;
  /** In the devices' order; the processor is not among them. */
  gpus: GpuState[];
}

/** Keeps the last reading. */
export interface GpuStateReader {
  /** The last reading and its age, at once; null before the first. */
  latest(): { reading: GpuReading; ageMs: number } | null;
  /**
   * A reading that is no older than `maxAgeMs`, asked for where there is none. Callers during a call share it. Never throws: a failure
   * is the problem of each card. It waits at most for the vendor's program (15 s a question); no second one is started meanwhile.
   */
  read(maxAgeMs: number): Promise<GpuReading>;
}

/** What a reader needs. */
export interface GpuStateOptions extends ProbeOptions {
  /** The devices as found when the lab started; their ids are kept even if a card drops out of the answer. */
  devices: readonly Device[];
  /** Whether a process is one of this lab's runs; `isLabProcess` of gpu-user.ts with the lab's marker. */
  isOwn(pid: number): boolean;
  /** Now, milliseconds since 1970; default a clock that does not jump. */
  nowMs?: () => number;
  /** How long callers wait for a call that outlives its own limit, milliseconds; default 65 000, above the limits of all questions. */
  patienceMs?: number;
}

/** Memory that strangers may hold of a card that still counts as free: a desktop, a monitor. MiB: the larger of this and 5 %. */
const triflingMib = 500;
const patienceMs = 65_000;

/** Makes a reader; it asks nothing by itself and leaves nothing behind. */
export function createGpuStateReader(options: GpuStateOptions): GpuStateReader {
  const now = options.nowMs ?? monotonicMs;
  const gpus = options.devices.filter((device) => device.class === 'gpu');
  let last: GpuReading | null = null;
  let asking: Promise<GpuReading> | null = null;
  const askOnce = async (): Promise<GpuReading> => {
    const askedAtMs = now();
    const use = await readGpuUse([...new Set(gpus.map(({ vendor }) => vendor))], options);
    last = { askedAtMs, gpus: judgeGpus(gpus, use, options.isOwn) };
    return last;
  };
  // A program that hangs inside the driver does not even die of SIGKILL: callers get a failure, and no second one is started beside it.
  const startAsking = (): Promise<GpuReading> => {
    let giveUp: NodeJS.Timeout | undefined;
    const patience = new Promise<GpuReading>((resolve) => {
      giveUp = setTimeout(() => {
        const failure = 'the program that tells of the GPU hangs and cannot be ended';
        const failures = { nvidia: failure, amd: failure };
        last = { askedAtMs: now(), gpus: judgeGpus(gpus, { gpus: [], processes: [], failures }, options.isOwn) };
        resolve(last);
      }, options.patienceMs ?? patienceMs);
      giveUp.unref();
    });
    const answer = askOnce().finally(() => {
      clearTimeout(giveUp);
      asking = null;
    });
    return Promise.race([answer, patience]);
  };
  return {
    latest: () => (last === null ? null : { reading: last, ageMs: now() - last.askedAtMs }),
    read(maxAgeMs) {
      if (last !== null && now() - last.askedAtMs <= maxAgeMs) return Promise.resolve(last);
      asking ??= startAsking();
      return asking;
    },
  };
}

/** The GPU as placement sees it, with who has it in this lab (a job's number) or in another (`holder`). */
export function toPlacementDevice(
  { id, totalMib, freeMib, strangers, problem }: GpuState,
  { job, holder }: Pick<PlacementDevice, 'job' | 'holder'>,
): PlacementDevice {
  return { id, class: 'gpu', job, holder, problem, strangers, freeMib, totalMib };
}

/** Reads one answer for the known cards. Cards are matched by uuid, without one by their vendor's number. */
function judgeGpus(devices: readonly Device[], use: GpuUse, isOwn: (pid: number) => boolean): GpuState[] {
  return devices.map((device) => {
    const { id, vendor, uuid, index, memoryTotalMib } = device;
    const blank = { id, totalMib: memoryTotalMib, freeMib: null, users: null, strangersMib: null, strangers: null };
    // Apple's GPU tells nothing and shares the machine's memory: the lock alone guards it.
    if (vendor === 'apple' || vendor === 'cpu') return { ...blank, problem: null };
    const failure = use.failures[vendor];
    if (failure !== undefined) return { ...blank, problem: `${failure}; ${id} takes no new job until it answers` };
    const shown = use.gpus.filter((gpu) => gpu.vendor === vendor);
    const facts = shown.find((gpu) => (uuid === null ? gpu.index === index : gpu.uuid === uuid));
    const program = vendor === 'nvidia' ? 'nvidia-smi' : 'rocm-smi';
    if (facts === undefined)
      return {
        ...blank,
        problem: `${program} does not show ${id} (${uuid ?? 'no id'}) any more; it takes no new job until it does`,
      };
    const lines = use.processes.filter((line) => line.uuid === facts.uuid);
    const users = vendor === 'nvidia' ? lines.map((line) => identifyGpuUser(line, isOwn)) : null;
    return judgeCard(id, facts, users);
  });
}

function judgeCard(
  id: string,
  { memoryTotalMib: totalMib, memoryUsedMib: usedMib }: GpuFacts,
  users: GpuUser[] | null,
): GpuState {
  const freeMib = totalMib === null || usedMib === null ? null : Math.max(0, totalMib - usedMib);
  const strangers = (users ?? []).filter(({ isOwn }) => !isOwn);
  const own = (users ?? []).filter(({ isOwn }) => isOwn);
  const strangersMib = countStrangersMib(usedMib, own, strangers);
  const limitMib = Math.max(triflingMib, (totalMib ?? 0) * 0.05);
  // Where no number is told, a stranger who is seen counts as using the card.
  const isFree = strangersMib === null ? strangers.length === 0 : strangersMib <= limitMib;
  return {
    id,
    totalMib,
    freeMib,
    users,
    strangersMib,
    strangers: isFree ? null : describeStrangers(strangersMib, strangers, users !== null),
    problem: null,
  };
}

function countStrangersMib(
  usedMib: number | null,
  own: readonly GpuUser[],
  strangers: readonly GpuUser[],
): number | null {
  if (usedMib === null) {
    const known = strangers.flatMap(({ memoryMib }) => memoryMib ?? []);
    return known.length === strangers.length && known.length > 0 ? known.reduce((sum, mib) => sum + mib, 0) : null;
  }
  // An own run whose share is not told may hold all of what nobody else is seen to hold.
  if (own.some(({ memoryMib }) => memoryMib === null))
    return strangers.reduce((sum, { memoryMib }) => sum + (memoryMib ?? 0), 0);
  return Math.max(0, usedMib - own.reduce((sum, { memoryMib }) => sum + (memoryMib ?? 0), 0));
}

function describeStrangers(strangersMib: number | null, strangers: readonly GpuUser[], isTold: boolean): string {
  const amount = strangersMib === null ? 'an unknown amount of memory' : `${(strangersMib / 1024).toFixed(1)} GiB`;
  if (!isTold) return `${amount} in use (by whom is not told)`;
  const [first, ...others] = [...strangers].sort((a, b) => (b.memoryMib ?? 0) - (a.memoryMib ?? 0));
  if (first === undefined) return `${amount} in use by no visible process (a zombie, or another container)`;
  const name =
    first.name === null
      ? `a process that is not visible here (pid ${first.pid})`
      : `${first.name} (pid ${first.pid}${first.user === null ? '' : `, ${first.user}`})`;
  return `${amount} in use by ${name}${others.length === 0 ? '' : ` and ${others.length} more`}`;
}
