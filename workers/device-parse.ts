/** Reads what nvidia-smi, rocm-smi and system_profiler write about GPUs. Pure text in, values out; asking is device-probe.ts. */

/** What a vendor's program says of one GPU. Null: it does not say. */
export interface GpuFacts {
  model: string;
  uuid: string | null;
  /** Number by which the vendor's libraries name it: nvidia-smi's index, HIP's number; null for Apple, which has one. */
  index: number | null;
  memoryTotalMib: number | null;
  memoryUsedMib: number | null;
  vendor: 'nvidia' | 'amd' | 'apple';
  driver: string | null;
}

/** Fields asked of nvidia-smi --query-gpu, in the order in which parseNvidiaGpus reads them. The name is last: it may hold a comma. */
export const nvidiaFields = 'index,uuid,memory.total,memory.used,driver_version,name';

/** Fields asked of nvidia-smi --query-compute-apps, in the order in which parseGpuProcesses reads them. */
export const gpuProcessFields = 'gpu_uuid,pid,used_memory';

/** Reads `--query-gpu=nvidiaFields --format=csv,noheader,nounits`. Lines that are no GPU (warnings) come back as `strange`. */
export function parseNvidiaGpus(text: string): { gpus: GpuFacts[]; strange: string[] } {
  const gpus: GpuFacts[] = [];
  const strange: string[] = [];
  for (const line of text.split('\n')) {
    // Asked on a machine whose driver sees no card, this sentence comes with exit code 0.
    if (line.trim() === '' || /^No devices were found/i.test(line)) continue;
    const [index, uuid, total, used, driver, ...name] = line.split(',').map((cell) => cell.trim());
    const model = knownText(name.join(', '));
    if (index === undefined || !/^\d+$/.test(index) || model === null) {
      strange.push(line.trim());
      continue;
    }
    gpus.push({
      model,
      uuid: knownText(uuid),
      index: Number(index),
      memoryTotalMib: numberOf(total),
      memoryUsedMib: numberOf(used),
      vendor: 'nvidia',
      driver: knownText(driver),
    });
  }
  return { gpus, strange };
}

/** One process that nvidia-smi shows on a card. */
export interface GpuProcessLine {
  uuid: string;
  pid: number;
  /** Null where it is not told, as for other users' processes on some systems. */
  memoryMib: number | null;
}

/** Reads `--query-compute-apps=gpuProcessFields --format=csv,noheader,nounits`, all cards; lines without a pid are left out. */
export function parseGpuProcessLines(text: string): GpuProcessLine[] {
  return text.split('\n').flatMap((line): GpuProcessLine[] => {
    const [uuid, pidText, usedText] = line.split(',').map((cell) => cell.trim());
    const pid = numberOf(pidText);
    return uuid === undefined || pid === null ? [] : [{ uuid, pid, memoryMib: numberOf(usedText) }];
  });
}

/** MiB by pid on one GPU. Processes whose memory is not told are left out; a pid that is listed twice is added up. */
export function parseGpuProcesses(text: string, uuid: string): Map<number, number> {
  const memory = new Map<number, number>();
  for (const line of parseGpuProcessLines(text)) {
    if (line.uuid !== uuid || line.memoryMib === null) continue;
    memory.set(line.pid, (memory.get(line.pid) ?? 0) + line.memoryMib);
  }
  return memory;
}

/** Reads `rocm-smi --json` with product name, unique id, vram and driver. Null where it is no JSON; keys differ between versions. */
export function parseRocmGpus(text: string): GpuFacts[] | null {
  // Warnings stand before the object in some versions.
  const report = parseObject(text.slice(Math.max(0, text.indexOf('{'))));
  if (report === null) return null;
  const driver = stringAt(report.system, ['Driver version']);
  const cards = Object.keys(report).filter((key) => /^card\d+$/.test(key));
  cards.sort((a, b) => Number(a.slice(4)) - Number(b.slice(4)));
  return cards.map((key, index) => {
    const card = report[key];
    const uniqueId = stringAt(card, ['Unique ID', 'GUID']);
    return {
      model: stringAt(card, ['Card series', 'Card Series', 'Card model', 'Card Model', 'Device Name']) ?? 'AMD GPU',
      uuid: uniqueId,
      // The name counts what the kernel's graphics driver has, a board's own display too: the place among the cards is nearer to HIP's number.
      index,
      memoryTotalMib: mibOf(stringAt(card, ['VRAM Total Memory (B)'])),
      memoryUsedMib: mibOf(stringAt(card, ['VRAM Total Used Memory (B)'])),
      vendor: 'amd',
      driver,
    };
  });
}

/** Reads `system_profiler SPDisplaysDataType -json`: Apple's own GPUs only, which share the machine's memory. */
export function parseAppleDisplays(text: string, machineMemoryMib: number): GpuFacts[] {
  const entries = parseObject(text)?.SPDisplaysDataType;
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry: unknown): GpuFacts[] => {
    const model = stringAt(entry, ['sppci_model', '_name']);
    if (model === null || !model.startsWith('Apple')) return [];
    const blank = { uuid: null, index: null, memoryUsedMib: null, driver: null };
    return [{ model, ...blank, memoryTotalMib: machineMemoryMib, vendor: 'apple' }];
  });
}

/** A processor's brand without trade marks and clock speed; "<arch> processor" where the system does not tell a brand. */
export function cleanCpuModel(brand: string, arch: string): string {
  const model = brand
    .replace(/\((R|TM|C)\)/gi, '')
    .replace(/\s+(CPU|Processor)\b(?=\s*(@|$))/gi, '')
    .replace(/\s*@.*$/, '')
    .replace(/\s+/g, ' ')
    .trim();
  return model === '' || model.toLowerCase() === 'unknown' ? `${arch} processor` : model;
}

/** A cell that says something; null for the many ways in which nvidia-smi says that it does not know. */
function knownText(cell: string | undefined): string | null {
  const text = cell?.trim() ?? '';
  if (
    text === '' ||
    /^\[?(N\/A|Not Supported|Unknown Error|Insufficient Permissions|GPU is lost|Not Found|Not Available)\]?$/i.test(
      text,
    )
  )
    return null;
  return text;
}

function numberOf(cell: string | undefined): number | null {
  const text = knownText(cell);
  if (text === null) return null;
  const value = Number(text.replace(/\s*MiB$/, ''));
  return Number.isFinite(value) ? value : null;
}

function mibOf(bytes: string | null): number | null {
  const value = bytes === null ? Number.NaN : Number(bytes);
  return Number.isFinite(value) ? Math.round(value / 1048576) : null;
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function stringAt(object: unknown, keys: string[]): string | null {
  if (typeof object !== 'object' || object === null) return null;
  for (const key of keys) {
    const value: unknown = (object as Record<string, unknown>)[key];
    const text = typeof value === 'string' || typeof value === 'number' ? knownText(String(value)) : null;
    if (text !== null) return text;
  }
  return null;
}
