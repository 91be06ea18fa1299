/**
 * What `lab doctor` says of the data that runs read: the folders that prepare.py names for data and tokenizer, and the one of the field's that the
 * preset shows to runs. Data in the checkout is lock-checks.ts's.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { LabPaths } from '../../config/lab-paths.ts';
import type { LabConfig } from '../../config/schema.ts';
import { isFilled, readDataPaths } from '../../ratchet/intake/repository.ts';
import { prepareCommandOf } from '../../ratchet/setup-mode/environment-steps.ts';
import { isInside } from '../../sandbox/sandbox.ts';
import type { Check } from './check.ts';

const name = 'data';

/** Whether the data and the tokenizer are there; [] where nothing says where they would lie. */
export function checkPreparedData(paths: LabPaths, config: LabConfig): Check[] {
  const notes: string[] = [];
  // What each run makes in its own checkout need not lie in this one.
  const isMadeByRuns = (path: string) => config.commands.prepare !== null && isInside(path, paths.root);
  const named = readDataPaths(paths.root, notes).filter((path) => !isMadeByRuns(path));
  const looked = [...new Set([...named, ...listShownCaches(config)])];
  const list = (found: readonly string[]): string => listOutermost(found).join(', ');
  const checks: Check[] = notes.map((found) => ({ name, state: 'note', found, mend: '' }));
  if (looked.length === 0) return checks;
  const missing = looked.filter((path) => !isFilled(path));
  if (missing.length === 0)
    return [...checks, { name, state: 'ok', found: `what prepare.py makes is there: ${list(looked)}`, mend: '' }];
  const found = `${list(missing)}: missing or empty, and runs read it`;
  const mend = `\`lab autoresearch setup --prepare\` runs \`${prepareCommandOf(config.commands.train)}\`, which may download some GB`;
  return [...checks, { name, state: 'bad', found, mend }];
}

/** The field's own folder, where the lab shows it to runs. */
function listShownCaches({ sandboxRead }: LabConfig): string[] {
  const isShown = sandboxRead.some((path) => /(?:^|\/)\.cache\/autoresearch\/?$/.test(path));
  return isShown ? [join(process.env.HOME ?? homedir(), '.cache', 'autoresearch')] : [];
}

/** Those that lie in no other one. */
function listOutermost(paths: readonly string[]): string[] {
  return paths.filter((path) => !paths.some((other) => other !== path && isInside(path, other)));
}
