/** Which cards a person asked for by the variables of GPU libraries, which no job takes along: the lab says which card a run gets. Pure. */

/** A wish for cards. */
export interface CardWish {
  /** As it was set: "CUDA_VISIBLE_DEVICES=1". */
  text: string;
  /** Whose count the numbers are. CUDA's name is read by AMD's libraries too: on a machine without NVIDIA's cards it is their count. */
  vendor: 'nvidia' | 'amd';
  /** Numbers of the cards as the vendor counts them, empty: none at all; null: cards that are not named by numbers. */
  numbers: number[] | null;
}

const names = [
  ['CUDA_VISIBLE_DEVICES', 'nvidia'],
  ['HIP_VISIBLE_DEVICES', 'amd'],
  ['ROCR_VISIBLE_DEVICES', 'amd'],
] as const;

/** The wish in an environment; null where there is none. */
export function readCardWish(environment: Readonly<Record<string, string | undefined>>): CardWish | null {
  const found = names.find(([one]) => environment[one] !== undefined);
  if (found === undefined) return null;
  const [name, vendor] = found;
  const value = environment[name] ?? '';
  const words = value.split(',').map((word) => word.trim());
  const text = `${name}=${value}`;
  // The libraries stop at the first word that is no card: "-1" and "NoDevFiles" are how people hide them all.
  if (['', '-1', 'NoDevFiles', 'none'].includes(words[0] ?? '')) return { text, vendor, numbers: [] };
  return { text, vendor, numbers: words.every((word) => /^\d+$/.test(word)) ? words.map(Number) : null };
}
