/** A lab cloned to another place: its records come along, its run folders do not. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseResults } from '../lab/results-tsv.ts';
import { createTemporaryLab } from './temporary-lab.ts';

test('in a clone no job number of the records is given again, and the new row comes to the old ones', async () => {
  const lab = await createTemporaryLab();
  try {
    const label = ['--label', 'Q: where does it run? H: no change'];
    for (const count of [1, 2]) {
      const number = await lab.add(...label, '--', 'python3', 'train.py');
      expect(number).toBe(count);
      expect((await lab.lab('wait', String(number))).code).toBe(0);
    }
    const clone = join(lab.around, 'clone');
    await lab.git('clone', '--quiet', lab.root, clone);
    const call = await lab.labIn(clone, ['add', '--print-number', '--wait', ...label, '--', 'python3', 'train.py']);
    expect(call).toMatchObject({ code: 0 });
    const text = await lab.git('-C', clone, 'show', 'main:results.tsv');
    expect(parseResults(text).rows.map(({ jobs }) => jobs)).toEqual([[1], [2], [3]]);
  } finally {
    await lab.remove();
  }
});
