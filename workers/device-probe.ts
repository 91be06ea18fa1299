/**
 * Which devices this machine has: its processor and its GPUs (NVIDIA, AMD, Apple), and what processes hold of a GPU's memory.
 * Asks the vendors' own programs; a program that is missing means no such device, one that fails is a problem in one line.
 * It claims nothing and locks nothing. Text formats are read in device-parse.ts.
 */
import { execFile } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { promisify } from 'node:util';
import type { DeviceClass } from '../src/domain/run.ts';
import { errnoOf, messageOf } from '../src/errors/lab-error.ts';
import {
  cleanCpuModel,
  type GpuFacts,
  type GpuProcessLine,
  gpuProcessFields,
  nvidiaFields,
  parseAppleDisplays,
  parseGpuProcesses,
  parseGpuProcessLines,
  parseNvidiaGpus,
  parseRocmGpus,
} from './device-parse.ts';
import { numberByKfd, readKfdIds } from './kfd-order.ts';

/** One device that can run one job at a time. */
export interface Device {
  /** `cpu0`, `gpu0`, `gpu1`, …: NVIDIA's with nvidia-smi's numbers, then AMD's and Apple's, each in its own order. */
  id: string;
  class: DeviceClass;
  /** Brand of the processor or name of the GPU, without marks and clock speeds. */
  model: string;
  /** The vendor's name for this very device; null where it gives none. */
  uuid: string | null;
  /** Number by which the vendor's libraries name it: nvidia-smi's index, HIP's number; null for Apple's GPU and the processor. */
  index: number | null;
  /** Memory of the GPU, or of the machine, MiB; null where it is not told. */
  memoryTotalMib: number | null;
  /** Memory in use by anybody when asked, MiB; null where it is not told (always for the processor). */
  memoryUsedMib: number | null;
  vendor: 'nvidia' | 'amd' | 'apple' | 'cpu';
  /** Version of the driver; null where it is not told. */
  driver: string | null;
}

/** What was found, and what could not be asked. */
export interface DeviceProbe {
  /** `cpu0` first; it is always there. */
  devices: Device[];
  /** One line each, for `lab doctor`. */
  problems: string[];
}

/** Where the vendors' programs are looked for. */
export interface ProbeOptions {
  /** PATH; default is this process's. */
  path?: string;
  /** How long a program may take, milliseconds; default 15 000. */
  limitMs?: number;
  /** Where the kernel lists AMD's compute devices; default its place under /sys. */
  kfdFolder?: string;
}

/** What the vendors' programs say of cards right now. */
export interface GpuUse {
  /** By vendor; a vendor whose program is missing has no cards. */
  gpus: GpuFacts[];
  /** Processes on NVIDIA's cards; rocm-smi tells none. */
  processes: GpuProcessLine[];
  /** Why a vendor's cards could not be asked. */
  failures: Partial<Record<GpuFacts['vendor'], string>>;
}

/** How long a vendor's program may take, milliseconds: a GPU that fell off its bus makes nvidia-smi hang. */
const answerMs = 15_000;

/** All devices of this machine. Never throws: what fails becomes a problem line. */
export async function probeDevices(options: ProbeOptions = {}): Promise<DeviceProbe> {
  const problems: string[] = [];
  const facts = [
    ...(await probeNvidia(options, problems)),
    ...(await probeRocm(options, problems)),
    ...(process.platform === 'darwin' ? await probeApple(options, problems) : []),
  ];
  return { devices: [describeCpu(), ...nameGpus(facts)], problems };
}

/** A card keeps its name where the line of one before it is not understood: `--device gpu1` is nvidia-smi's 1. */
function nameGpus(facts: readonly GpuFacts[]): Device[] {
  let next = 0;
  return facts.map((gpu): Device => {
    const number = gpu.vendor === 'nvidia' && gpu.index !== null ? gpu.index : next;
    next = Math.max(next, number + 1);
    return { id: `gpu${number}`, class: 'gpu', ...gpu };
  });
}

/**
 * Memory that each process holds of one NVIDIA GPU, MiB by pid. Empty where nothing runs there or no process is shown, as in a
 * container without the host's pids: missing, not zero. A failing
 * nvidia-smi gives an empty map too; probeDevices says why it fails.
 */
export async function readGpuProcessMemory(uuid: string, options: ProbeOptions = {}): Promise<Map<number, number>> {
  const asked = await ask('nvidia-smi', [`--query-compute-apps=${gpuProcessFields}`, csv], options);
  return asked.kind === 'answer' ? parseGpuProcesses(asked.text, uuid) : new Map();
}

/** Asks for memory and processes of the cards of these vendors. Never throws; a program that is missing is a failure here. */
export async function readGpuUse(vendors: readonly Device['vendor'][], options: ProbeOptions = {}): Promise<GpuUse> {
  const use: GpuUse = { gpus: [], processes: [], failures: {} };
  if (vendors.includes('nvidia')) {
    const problems: string[] = [];
    const gpus = await probeNvidia(options, problems);
    const [problem] = problems;
    // A warning line beside cards is no failure; a card that is missing from the answer is seen by who asked.
    if (gpus.length === 0) use.failures.nvidia = problem ?? 'nvidia-smi shows no card';
    else {
      const asked = await ask('nvidia-smi', [`--query-compute-apps=${gpuProcessFields}`, csv], options);
      if (asked.kind === 'answer') use.processes = parseGpuProcessLines(asked.text);
      else use.failures.nvidia = asked.kind === 'failure' ? asked.problem : 'nvidia-smi is not there any more';
    }
    use.gpus.push(...gpus);
  }
  if (vendors.includes('amd')) {
    const problems: string[] = [];
    const gpus = await probeRocm(options, problems);
    if (gpus.length === 0) use.failures.amd = problems[0] ?? 'rocm-smi shows no card';
    use.gpus.push(...gpus);
  }
  return use;
}

const csv = '--format=csv,noheader,nounits';

function describeCpu(): Device {
  const memoryTotalMib = Math.round(totalmem() / 1048576);
  const model = cleanCpuModel(cpus()[0]?.model ?? '', process.arch);
  return {
    id: 'cpu0',
    class: 'cpu',
    model,
    uuid: null,
    index: null,
    memoryTotalMib,
    memoryUsedMib: null,
    vendor: 'cpu',
    driver: null,
  };
}

async function probeNvidia(options: ProbeOptions, problems: string[]): Promise<GpuFacts[]> {
  const asked = await ask('nvidia-smi', [`--query-gpu=${nvidiaFields}`, csv], options);
  if (asked.kind === 'failure') problems.push(asked.problem);
  if (asked.kind !== 'answer') return [];
  const { gpus, strange } = parseNvidiaGpus(asked.text);
  for (const line of strange) problems.push(`nvidia-smi says something that is not understood: ${line}`);
  return gpus;
}

async function probeRocm(options: ProbeOptions, problems: string[]): Promise<GpuFacts[]> {
  const args = ['--showproductname', '--showuniqueid', '--showmeminfo', 'vram', '--showdriverversion', '--json'];
  const asked = await ask('rocm-smi', args, options);
  if (asked.kind === 'failure') problems.push(asked.problem);
  if (asked.kind !== 'answer') return [];
  const gpus = parseRocmGpus(asked.text);
  if (gpus === null) problems.push('rocm-smi --json gave no JSON');
  return numberByKfd(gpus ?? [], readKfdIds(options.kfdFolder));
}

/** Apple's GPU shares the machine's memory, so its total is the machine's. */
async function probeApple(options: ProbeOptions, problems: string[]): Promise<GpuFacts[]> {
  const asked = await ask('system_profiler', ['SPDisplaysDataType', '-json'], options);
  if (asked.kind === 'failure') problems.push(asked.problem);
  return asked.kind === 'answer' ? parseAppleDisplays(asked.text, Math.round(totalmem() / 1048576)) : [];
}

type Answer = { kind: 'answer'; text: string } | { kind: 'missing' } | { kind: 'failure'; problem: string };

const run = promisify(execFile);

async function ask(program: string, args: string[], options: ProbeOptions): Promise<Answer> {
  const env = { ...process.env, LC_ALL: 'C', PATH: options.path ?? process.env.PATH ?? '' };
  const limitMs = options.limitMs ?? answerMs;
  try {
    const { stdout } = await run(program, args, { env, timeout: limitMs, killSignal: 'SIGKILL', maxBuffer: 4 << 20 });
    return { kind: 'answer', text: stdout };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { kind: 'missing' };
    return { kind: 'failure', problem: `${program} failed: ${describeFailure(error, limitMs)}` };
  }
}

/** nvidia-smi explains itself on stdout, others on stderr. */
function describeFailure(error: unknown, limitMs: number): string {
  const {
    stdout = '',
    stderr = '',
    killed = false,
    code = null,
  } = error as {
    stdout?: string;
    stderr?: string;
    killed?: boolean;
    code?: number | string | null;
  };
  if (killed) return `no answer within ${limitMs / 1000} s`;
  const line = `${stdout}\n${stderr}`.split('\n').find((one) => one.trim() !== '');
  return line?.trim() ?? (typeof code === 'number' ? `exit code ${code}` : messageOf(error));
}
