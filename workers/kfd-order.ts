/**
 * The order in which AMD's runtime counts its GPUs, as the kernel's compute driver (KFD) lists them. rocm-smi sorts by bus address, on some
 * machines the other way round: its place in that list would name another card in HIP_VISIBLE_DEVICES than the one whose memory is read.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GpuFacts } from './device-parse.ts';

const kfdNodes = '/sys/class/kfd/kfd/topology/nodes';

/** The unique ids of the GPUs in the order of HIP's numbers; null for one without an id. Empty where the kernel has no such driver. */
export function readKfdIds(folder: string = kfdNodes): (bigint | null)[] {
  const nodes = listNames(folder).filter((name) => /^\d+$/.test(name));
  nodes.sort((a, b) => Number(a) - Number(b));
  return nodes.flatMap((name) => {
    const properties = readProperties(join(folder, name, 'properties'));
    // A processor is a node too, without SIMD units; one that this container may not use cannot be read, and the runtime leaves it out as well.
    if (properties === null || (properties.get('simd_count') ?? '0') === '0') return [];
    const id = properties.get('unique_id') ?? '';
    return [/^[1-9]\d*$/.test(id) ? BigInt(id) : null];
  });
}

/** The cards with HIP's numbers; as they are, with their places in rocm-smi's list, where one of them is not told apart by its id. Pure. */
export function numberByKfd(cards: readonly GpuFacts[], ids: readonly (bigint | null)[]): GpuFacts[] {
  const numbers = cards.map(({ uuid }) => (/^0x[0-9a-f]+$/i.test(uuid ?? '') ? ids.indexOf(BigInt(uuid ?? '')) : -1));
  const isSure = !numbers.includes(-1) && new Set(numbers).size === cards.length;
  return cards.map((card, place) => ({ ...card, index: isSure ? (numbers[place] ?? card.index) : card.index }));
}

function listNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // No AMD card, or a kernel without the driver.
    return [];
  }
}

/** Lines "name value"; null where they cannot be read. */
function readProperties(path: string): Map<string, string> | null {
  try {
    const lines = readFileSync(path, 'utf8').split('\n');
    return new Map(lines.map((line) => line.trim().split(/\s+/)).map(([name = '', value = '']) => [name, value]));
  } catch {
    return null;
  }
}
