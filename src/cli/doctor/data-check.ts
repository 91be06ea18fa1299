/** What `lab doctor` says of the data and the tokenizer that runs read. Data in the checkout is lock-checks.ts's. */
import type { LabPaths } from '../../config/lab-paths.ts';
import type { LabConfig } from '../../config/schema.ts';
import { formatLacks, readPreparedData } from '../../ratchet/intake/prepared-data.ts';
import { prepareCommandOf } from '../../ratchet/setup-mode/environment-steps.ts';
import type { Check } from './check.ts';

const name = 'data';

/** Whether the data and the tokenizer are there; [] where nothing says where they would lie. */
export function checkPreparedData(paths: LabPaths, config: LabConfig): Check[] {
  const notes: string[] = [];
  const { looked, missing } = readPreparedData(paths, config, notes);
  const checks: Check[] = notes.map((found) => ({ name, state: 'note', found, mend: '' }));
  if (looked.length === 0) return checks;
  if (missing.length === 0)
    return [...checks, { name, state: 'ok', found: `what prepare.py makes is there: ${looked.join(', ')}`, mend: '' }];
  const found = `${formatLacks(missing)}, and runs read it`;
  const mend = `\`lab autoresearch setup --prepare\` runs \`${prepareCommandOf(config.commands.train)}\`, which may download some GB`;
  return [...checks, { name, state: 'bad', found, mend }];
}
