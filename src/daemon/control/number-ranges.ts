/** Job numbers in few words. Pure. */

/** Numbers in ascending order, each once, neighbours as a range: ["3-6", "9"]. The queue's commands read them so. */
export function listRanges(numbers: readonly number[]): string[] {
  const ranges: [number, number][] = [];
  for (const number of [...new Set(numbers)].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`));
}

/** The same for a sentence: "3-6, 9". */
export function formatNumbers(numbers: readonly number[]): string {
  return listRanges(numbers).join(', ');
}
