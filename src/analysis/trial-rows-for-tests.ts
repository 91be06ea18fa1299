/** Rows of made-up sessions for tests: as many as asked for, with a way down, discards around it and crashes. Deterministic. */
import type { RatchetRow } from '../domain/ratchet.ts';
import { createRandom } from '../stats/seeded-random.ts';

const ideas = [
  'halve the batch size',
  'raise the learning rate to 0.04',
  'remove the value embeddings',
  'use squared relu in the mlp',
  'window pattern SSSL',
  'warmdown over the last 40 percent',
  'tie embedding and unembedding with a longer description that nobody could place on a picture whole',
  'depth 10 in place of 8',
  'weight decay 0.1 on the matrices',
  'rope base 50000',
];

/** A session of `count` rows, the first being the baseline; about one in six kept, one in twelve crashed. */
export function makeRatchetRows(count: number, seed = 7): RatchetRow[] {
  const { uniform: random } = createRandom(seed);
  const rows: RatchetRow[] = [];
  let best = 0.9979;
  for (let index = 0; index < count; index++) {
    const commit = (0x1000000 + index * 7919).toString(16).slice(0, 7);
    const description = index === 0 ? 'baseline' : (ideas[index % ideas.length] ?? '');
    const dice = random();
    if (index > 0 && dice < 0.08) {
      rows.push({ commit, metric: null, memoryGb: null, status: 'crash', description });
      continue;
    }
    const isKept = index === 0 || dice > 0.84;
    const metric = isKept
      ? best - (index === 0 ? 0 : random() * 0.02 * Math.exp(-index / 40))
      : best + random() * 0.006;
    if (isKept) best = metric;
    rows.push({ commit, metric, memoryGb: 44 + random(), status: isKept ? 'keep' : 'discard', description });
  }
  return rows;
}
