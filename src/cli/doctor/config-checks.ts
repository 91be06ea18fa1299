/** What `lab doctor` says of the configuration: main's lab.yaml, which counts, and the one in the root checkout where it differs. */
import type { LabPaths } from '../../config/lab-paths.ts';
import { loadWorkingConfig } from '../../config/load.ts';
import type { LabConfig } from '../../config/schema.ts';
import { LabError } from '../../errors/lab-error.ts';
import { type LoadedConfig, openLabConfig } from '../../git/committed-config.ts';
import { readCheckedOutBranch } from '../../git/main-text.ts';
import type { Check } from './check.ts';

const name = 'lab.yaml';
const howToCommit = 'commit it on main: by hand before the first result, through META_MODE (`lab meta on`) afterwards';

/** The configuration that counts, null where it is broken, and what is to be said of both files. */
export function checkConfiguration(paths: LabPaths): { config: LabConfig | null; checks: Check[] } {
  try {
    const loaded = openLabConfig(paths.root, { environment: process.env });
    const { config, branch } = loaded;
    const what = `${config.metric.name}, ${config.metric.direction} is better; train: ${config.commands.train}`;
    if (branch === null)
      return {
        config,
        checks: [
          {
            name,
            state: 'note',
            found: `${what}; main has none yet, so the root checkout's counts`,
            mend: 'git add lab.yaml && git commit',
          },
        ],
      };
    return {
      config,
      checks: [
        { name, state: 'ok', found: `${branch}:lab.yaml: ${what}`, mend: '' },
        ...checkWorkingFile(paths.root, branch, loaded),
      ],
    };
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    return { config: null, checks: [{ name, state: 'bad', found: error.message, mend: findMend(paths.root, error) }] };
  }
}

function checkWorkingFile(root: string, branch: string, { working }: LoadedConfig): Check[] {
  if (working.kind === 'same') return [];
  const checkedOut = readCheckedOutBranch(root);
  const there =
    checkedOut === branch ? 'in the root checkout' : `in the root checkout (${checkedOut ?? 'detached HEAD'})`;
  const found = {
    differs: `the one ${there} differs in ${working.kind === 'differs' ? working.keys.join(', ') : ''}: main's counts`,
    broken: `the one ${there} is broken (${working.kind === 'broken' ? working.problem : ''}): main's counts`,
    missing: `there is none ${there}: main's counts`,
  }[working.kind];
  const mend = checkedOut === branch ? `${howToCommit}; or \`git restore lab.yaml\`` : '';
  return [{ name, state: 'note', found, mend }];
}

/** How a broken configuration is mended; main's needs a commit. */
function findMend(root: string, error: LabError): string {
  if (!/^[^ ]+:lab\.yaml/.test(error.message)) return 'edit the file at that key';
  try {
    loadWorkingConfig(root, { environment: process.env });
    return 'lab.yaml in the root checkout is right: commit it on main';
  } catch (other) {
    if (!(other instanceof LabError)) throw other;
    return 'edit lab.yaml at that key and commit it on main';
  }
}
