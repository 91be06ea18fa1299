/**
 * What this machine has to train with: its GPUs and what drives them, its processor and memory, and whether it is Windows in disguise (WSL).
 * Every program that is asked has a time limit; what could not be asked is a note and not a fact. Claims nothing, locks nothing.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, freemem, totalmem } from 'node:os';
import { promisify } from 'node:util';
import { type Device, probeDevices } from '../../../workers/device-probe.ts';
import type { RatchetState } from '../../domain/ratchet.ts';

/** One GPU. */
export interface IntakeGpu {
  /** As the lab's devices are called: "gpu0". */
  id: string;
  model: string;
  vendor: 'nvidia' | 'amd' | 'apple';
  /** MiB; null where it is not told. Apple's is the machine's. */
  memoryTotalMib: number | null;
  /** In use by anybody when asked, MiB; null where it is not told. */
  memoryUsedMib: number | null;
  driver: string | null;
}

/** The hardware state of the packet. */
export interface HardwareState {
  platform: RatchetState['platform'];
  /** Linux inside Windows: "WSL 2", "WSL 1"; null elsewhere. */
  wsl: string | null;
  arch: string;
  accelerator: RatchetState['accelerator'];
  gpus: IntakeGpu[];
  /** Newest CUDA that the driver speaks ("12.8"); null where there is none or it is not told. */
  cuda: string | null;
  cpu: { model: string; threads: number };
  memoryTotalMib: number;
  memoryFreeMib: number;
  /** What could not be asked, one line each. */
  problems: string[];
}

/** Where the vendors' programs are looked for. */
export interface HardwareOptions {
  /** PATH; default is this process's. */
  path?: string;
  /** How long a program may take, milliseconds; default 5000. */
  limitMs?: number;
}

/** A driver that hangs must not keep anybody from reading results. */
const answerMs = 5000;
const run = promisify(execFile);

/** Reads the hardware state. Never throws: what fails is one of the problems. */
export async function readHardware(options: HardwareOptions = {}): Promise<HardwareState> {
  const limitMs = options.limitMs ?? answerMs;
  const path = options.path ?? process.env.PATH ?? '';
  const [{ devices, problems }, cuda] = await Promise.all([
    probeDevices({ path, limitMs }),
    readCudaVersion(path, limitMs),
  ]);
  const gpus = devices.flatMap(toGpu);
  const processors = cpus();
  return {
    platform: platformOf(process.platform),
    wsl: process.platform === 'linux' ? parseWsl(readKernelText()) : null,
    arch: process.arch,
    accelerator: acceleratorOf(gpus, process.platform, process.arch),
    gpus,
    cuda: gpus.some(({ vendor }) => vendor === 'nvidia') ? cuda : null,
    cpu: { model: devices.find((device) => device.class === 'cpu')?.model ?? '', threads: processors.length },
    memoryTotalMib: Math.round(totalmem() / 1048576),
    memoryFreeMib: Math.round(freemem() / 1048576),
    problems,
  };
}

function toGpu({ id, model, vendor, memoryTotalMib, memoryUsedMib, driver }: Device): IntakeGpu[] {
  return vendor === 'cpu' ? [] : [{ id, model, vendor, memoryTotalMib, memoryUsedMib, driver }];
}

/** Systems that are neither macOS nor Windows count as Linux. */
function platformOf(platform: NodeJS.Platform): RatchetState['platform'] {
  if (platform === 'darwin') return 'macos';
  return platform === 'win32' ? 'windows' : 'linux';
}

/** What trains on such cards: MLX needs Apple's own chips, a card of AMD in an old Mac drives nothing. */
export function acceleratorOf(
  gpus: readonly Pick<IntakeGpu, 'vendor'>[],
  platform: NodeJS.Platform,
  arch: string,
): RatchetState['accelerator'] {
  if (gpus.some(({ vendor }) => vendor === 'nvidia')) return 'cuda';
  if (platform === 'darwin') return arch === 'arm64' ? 'mlx' : 'none';
  return gpus.some(({ vendor }) => vendor === 'amd') ? 'rocm' : 'none';
}

/** The newest CUDA that the driver speaks, from the head of nvidia-smi's table; null where it does not say. */
export function parseCudaVersion(text: string): string | null {
  return /CUDA(?: UMD)? Version\s*:\s*(\d+(?:\.\d+)*)/.exec(text)?.[1] ?? null;
}

/** Which WSL a kernel's own line names; null for a kernel of no Windows. */
export function parseWsl(kernel: string): string | null {
  if (!/microsoft/i.test(kernel)) return null;
  return /WSL2|microsoft-standard/i.test(kernel) ? 'WSL 2' : 'WSL 1';
}

function readKernelText(): string {
  try {
    return readFileSync('/proc/version', 'utf8');
  } catch {
    // No /proc: then it is no WSL either.
    return '';
  }
}

/** Null where nvidia-smi is missing or fails; why it fails is among probeDevices' problems. */
async function readCudaVersion(path: string, limitMs: number): Promise<string | null> {
  try {
    const env = { ...process.env, LC_ALL: 'C', PATH: path };
    const { stdout } = await run('nvidia-smi', [], {
      env,
      timeout: limitMs,
      killSignal: 'SIGKILL',
      maxBuffer: 4 << 20,
    });
    return parseCudaVersion(stdout);
  } catch {
    return null;
  }
}
