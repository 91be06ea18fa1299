/**
 * Samples the memory of a run's whole process tree into device.tsv and keeps the peak, in a file too, so that a supervisor that
 * takes over goes on from it. On a GPU nvidia-smi's per-process figures count; where it has none, the process tree's do.
 */
import { appendFileSync, existsSync } from 'node:fs';
import type { DeviceClass, MemorySource } from '../../src/domain/run.ts';
import { messageOf } from '../../src/errors/lab-error.ts';
import { readGpuProcessMemory } from '../device-probe.ts';
import { residentMib } from '../process-tree.ts';
import { attemptPath, readJsonFile, writeJsonPlainly } from './attempt-files.ts';

/** Peak of a run. `peakMemoryMib` is null, and the source "none", where nothing could be measured. */
export interface MemoryPeak {
  peakMemoryMib: number | null;
  memorySource: MemorySource;
}

/** What a sampler needs to know of its run. */
export interface MemorySamplerOptions {
  deviceClass: DeviceClass;
  /** The cards whose memory counts, summed; none: no card is asked. */
  gpuUuids: readonly string[];
  /** When the run started, milliseconds since 1970: zero of the seconds column. */
  startedAtMs: number;
  note: (line: string) => void;
}

/** Measures at a pace of its own; call it as often as is convenient. */
export interface MemorySampler {
  /** A step begins: samples come more often for its first seconds. */
  beginStep(): void;
  /** Takes a sample where one is due; `listPids` is only called then. */
  sample(listPids: () => number[]): void;
  readPeak(): MemoryPeak;
}

const fastMs = 200;
const fastForMs = 3000;
const slowMs = 1000;
const gpuMs = 2000;

/** Creates the sampler of an attempt, going on from the peak that an earlier supervisor left. Failing to write samples is noted once and ends nothing. */
export function createMemorySampler(attemptDir: string, options: MemorySamplerOptions): MemorySampler {
  const samplesPath = attemptPath(attemptDir, 'samples');
  const memoryPath = attemptPath(attemptDir, 'memory');
  let { residentPeakMib, gpuPeakMib } = readStoredPeak(memoryPath);
  // Paced and timed by a clock that nobody sets.
  const ageMs = Math.max(0, Date.now() - options.startedAtMs) - performance.now();
  let stepMs = performance.now();
  let lastMs = Number.NEGATIVE_INFINITY;
  let lastGpuMs = Number.NEGATIVE_INFINITY;
  let gpuMib: number | null = null;
  let isAskingGpu = false;
  const told = new Set<string>();
  const noteOnce = (line: string): void => {
    if (!told.has(line)) options.note(line);
    told.add(line);
  };
  const attempt = (what: string, write: () => void): void => {
    try {
      write();
    } catch (error) {
      noteOnce(`${what}: ${messageOf(error)}`);
    }
  };
  const storePeak = (): void =>
    attempt('cannot keep the peak memory', () =>
      writeJsonPlainly(memoryPath, { schema: 1, residentPeakMib, gpuPeakMib }),
    );

  const askGpus = (pids: readonly number[], nowMs: number): void => {
    if (isAskingGpu || nowMs - lastGpuMs < gpuMs) return;
    isAskingGpu = true;
    lastGpuMs = nowMs;
    const take = (used: ReadonlyMap<number, number>[]): void => {
      const figures = used.flatMap((usedMib) => pids.flatMap((pid) => usedMib.get(pid) ?? []));
      gpuMib = figures.length === 0 ? null : figures.reduce((sum, figure) => sum + figure, 0);
      if (gpuMib === null || gpuMib <= (gpuPeakMib ?? -1)) return;
      gpuPeakMib = gpuMib;
      storePeak();
    };
    Promise.all(options.gpuUuids.map((uuid) => readGpuProcessMemory(uuid)))
      .then(take, (error: unknown) => noteOnce(`cannot read GPU memory: ${messageOf(error)}`))
      .finally(() => {
        isAskingGpu = false;
      });
  };

  return {
    beginStep() {
      stepMs = performance.now();
      lastMs = Number.NEGATIVE_INFINITY;
    },
    sample(listPids) {
      const nowMs = performance.now();
      if (nowMs - lastMs < (nowMs - stepMs < fastForMs ? fastMs : slowMs)) return;
      lastMs = nowMs;
      const pids = listPids();
      const memory = residentMib(pids);
      if (options.deviceClass === 'gpu' && options.gpuUuids.length > 0) askGpus(pids, nowMs);
      if (memory.totalMib === null) return;
      attempt('cannot write samples', () => {
        if (!existsSync(samplesPath)) appendFileSync(samplesPath, 'seconds\trss_mib\tgpu_mib\n');
        const seconds = ((nowMs + ageMs) / 1000).toFixed(1);
        appendFileSync(samplesPath, `${seconds}\t${memory.totalMib?.toFixed(1)}\t${gpuMib?.toFixed(0) ?? ''}\n`);
      });
      // The kernel's own mark catches a peak between two samples, for one process at least.
      const peakMib = Math.max(memory.totalMib, memory.singlePeakMib ?? 0);
      if (peakMib <= (residentPeakMib ?? 0)) return;
      residentPeakMib = peakMib;
      storePeak();
    },
    readPeak() {
      if (gpuPeakMib !== null) return { peakMemoryMib: gpuPeakMib, memorySource: 'nvidia-smi' };
      if (residentPeakMib !== null) return { peakMemoryMib: residentPeakMib, memorySource: 'process-tree' };
      return { peakMemoryMib: null, memorySource: 'none' };
    },
  };
}

function readStoredPeak(path: string): { residentPeakMib: number | null; gpuPeakMib: number | null } {
  const stored = (readJsonFile(path) ?? {}) as { residentPeakMib?: unknown; gpuPeakMib?: unknown };
  const figure = (value: unknown): number | null => (typeof value === 'number' ? value : null);
  return { residentPeakMib: figure(stored.residentPeakMib), gpuPeakMib: figure(stored.gpuPeakMib) };
}
