/**
 * A bounded memory for what follows from hashes alone: what a commit or a blob holds never changes, so what was read once stays true. Whoever
 * keys an answer by anything that can move (a branch, a path on disk) must not use it.
 */

/** What is remembered, by key. */
export interface ContentMemory<Value> {
  /** What is known under a key; undefined where nothing is. */
  find(key: string): Value | undefined;
  /** Remembers a value, where it is not too heavy. */
  keep(key: string, value: Value): void;
  /** What is known, else what `read` gives, which is kept. Callers at the same time share one reading; a failed one is not kept. */
  recall(key: string, read: () => Promise<Value>): Promise<Value>;
}

/**
 * A memory whose values weigh at most `mostWeight` together: the one that was asked for longest ago goes first. A value heavier than a quarter
 * of it is given and not kept, so that one giant does not empty it.
 */
export function createContentMemory<Value>(mostWeight: number, weigh: (value: Value) => number): ContentMemory<Value> {
  const kept = new Map<string, { value: Value; weight: number }>();
  const reading = new Map<string, Promise<Value>>();
  let total = 0;
  const find = (key: string): Value | undefined => {
    const known = kept.get(key);
    if (known === undefined) return undefined;
    // A map keeps the order of insertion: the one just used becomes the youngest.
    kept.delete(key);
    kept.set(key, known);
    return known.value;
  };
  const keep = (key: string, value: Value): void => {
    const weight = weigh(value);
    if (weight > mostWeight / 4 || kept.has(key)) return;
    kept.set(key, { value, weight });
    total += weight;
    for (const [oldest, { weight: freed }] of kept) {
      if (total <= mostWeight) return;
      kept.delete(oldest);
      total -= freed;
    }
  };
  const recall = async (key: string, read: () => Promise<Value>): Promise<Value> => {
    if (kept.has(key)) return find(key) as Value;
    const asked = reading.get(key);
    if (asked !== undefined) return await asked;
    const answer = read();
    reading.set(key, answer);
    try {
      const value = await answer;
      keep(key, value);
      return value;
    } finally {
      reading.delete(key);
    }
  };
  return { find, keep, recall };
}

/** Whether a revision is a full object name (SHA-1 or SHA-256), which git takes for nothing else, whatever branches and tags are called. */
export function isFullHash(revision: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(revision);
}
