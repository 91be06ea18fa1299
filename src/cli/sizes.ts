/** Amounts of memory as a person types them ("20G"). Pure. Every unit counts in powers of two, as tools that show GPU memory do. */
import { LabError } from '../errors/lab-error.ts';

const unitMib: Record<string, number> = { k: 1 / 1024, m: 1, g: 1024, t: 1024 * 1024 };

/**
 * MiB of "20G", "512M", "8192MiB", "1.5 GiB" (also k and T, any case). Throws LabError (usage) on anything else: a bare number names
 * no unit, zero is no size.
 */
export function parseSizeMib(text: string): number {
  const match = /^(\d+(?:\.\d+)?|\.\d+)\s?([kmgt])(?:i?b)?$/i.exec(text.trim());
  const mib = Number(match?.[1]) * (unitMib[match?.[2]?.toLowerCase() ?? ''] ?? Number.NaN);
  if (!Number.isFinite(mib) || mib <= 0)
    throw new LabError('usage', `"${text}" is no size, expected one such as 20G, 512M or 8192MiB`);
  return mib;
}
