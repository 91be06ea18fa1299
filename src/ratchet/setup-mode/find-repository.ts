/** The step `repository`: a clone of an address, or the folder that was named; a training repository has train.py and prepare.py at its top. */
import { existsSync, realpathSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { findCheckoutRoot, findRepositoryRoot } from '../../config/repository-root.ts';
import { LabError } from '../../errors/lab-error.ts';
import { runGitResult } from '../../git/run-git.ts';
import { isSameAddress } from '../route/same-address.ts';
import { cloneRepository, isFilledFolder } from './clone-repository.ts';
import { failStep, type StepOutcome } from './setup-steps.ts';

/** Where the field's own repository lies. */
export const usualAddress = 'https://github.com/karpathy/autoresearch';

/** What is asked for. */
export interface RepositoryRequest {
  /** Folder that relative paths start from. */
  cwd: string;
  /** Address to clone from; null: the folder is there. */
  clone: string | null;
  /** Null: for a clone the name in its address, else `cwd`. */
  folder: string | null;
}

/** How the step came out; `root` is null where there is no repository to go on with. */
export interface FoundRepository {
  outcome: StepOutcome;
  /** Absolute, real path of the top of the main checkout. */
  root: string | null;
}

/** The name that git gives a clone of an address. Throws LabError (usage) for an address without one. */
export function folderOfAddress(address: string): string {
  const plain = address.replace(/[/\\]+(?:\.git)?[/\\]*$/, '');
  const name = basename(plain.replace(/^[^/]*:(?!\/\/)/, '')).replace(/\.(?:git|bundle)$/, '');
  if (/^[\w][\w.-]*$/.test(name)) return name;
  throw new LabError('usage', `--clone got "${address}", which names no folder`, {
    hints: ['give the folder, too: `lab autoresearch setup --clone URL DIR`'],
  });
}

/** Where a request's repository is or is to be, absolute. Throws LabError (usage) for an address that is an option or empty. */
export function placeOfRequest({ cwd, clone, folder }: RepositoryRequest): string {
  if (clone === null) return resolve(cwd, folder ?? '.');
  // Git would take it for an option of its own.
  if (clone === '' || clone.startsWith('-') || /^ext::/i.test(clone))
    throw new LabError('usage', `--clone got "${clone}", expected the address of a repository`, {
      hints: [`lab autoresearch setup --clone ${usualAddress}`],
    });
  return resolve(cwd, folder ?? folderOfAddress(clone));
}

/**
 * Finds the repository, or clones it where it is not there; `tell` hears before anything is fetched. Throws the reason of `signal` where that
 * ended a clone.
 */
export async function findRepository(
  request: RepositoryRequest,
  tell: (line: string) => void,
  signal: AbortSignal,
): Promise<FoundRepository> {
  const place = placeOfRequest(request);
  const { clone, cwd } = request;
  if (clone === null) {
    if (!existsSync(place)) return { outcome: failStep(`${place} does not exist`, [cloneHint]), root: null };
    return judge(place, { state: 'already', text: '' });
  }
  if (!isFilledFolder(place)) {
    tell(`fetching ${clone} into ${place}`);
    const made = await cloneRepository(clone, place, cwd, signal);
    if (made.kind === 'cloned') return judge(place, { state: 'done', text: `cloned ${clone} into ${place}` });
    if (made.kind === 'failed')
      return {
        outcome: failStep(`git could not clone ${clone}`, ['is the address right, and the network there?'], made.log),
        root: null,
      };
  }
  const origin = await runGitResult(place, ['config', '--get', 'remote.origin.url']);
  const found = origin.exitCode === 0 ? origin.stdout.toString('utf8').trim() : null;
  if (found === null || ![clone, resolve(cwd, clone)].some((address) => isSameAddress(address, found))) {
    const what = found === null ? 'no clone of anything' : `a clone of ${found}`;
    return {
      outcome: failStep(`${place} is there already and is ${what}, expected a clone of ${clone}`, [
        `give another folder: lab autoresearch setup --clone ${clone} DIR`,
      ]),
      root: null,
    };
  }
  return judge(place, { state: 'already', text: `${place} is a clone of ${clone}` });
}

const cloneHint = `\`lab autoresearch setup --clone ${usualAddress}\` fetches the usual one`;

function judge(place: string, outcome: StepOutcome): FoundRepository {
  const root = findRepositoryRoot(place);
  const at = root ?? place;
  const missing = ['train.py', 'prepare.py'].filter((name) => !existsSync(join(at, name)));
  if (missing.length > 0) {
    return {
      outcome: failStep(
        `${at} is no training repository: ${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} missing`,
        [
          cloneHint,
          'a repository of another shape: `lab init --adopt --preset generic --train COMMAND`, then `lab baseline`',
        ],
      ),
      root: null,
    };
  }
  if (root === null)
    return {
      outcome: failStep(`${place} is no git repository`, [
        `\`git -C ${place} init && git -C ${place} add -A && git -C ${place} commit -m start\` makes it one`,
      ]),
      root: null,
    };
  const elsewhere = existsSync(join(root, 'lab.yaml')) ? null : describeElsewhere(place, root);
  if (elsewhere !== null)
    return { outcome: failStep(elsewhere, [`\`lab autoresearch setup ${root}\` sets that up`]), root: null };
  return { outcome: outcome.text === '' ? { ...outcome, text: root } : outcome, root };
}

/**
 * Why a place that is not a repository's top cannot become a lab, as `lab init --adopt` says it; null for the top. Inside a lab any place means
 * the lab, as for all its commands.
 */
function describeElsewhere(place: string, root: string): string | null {
  const real = realpathSync(place);
  if (real === root) return null;
  const checkout = findCheckoutRoot(real);
  return checkout !== null && checkout !== root
    ? `${place} is a linked worktree of ${root}, expected the main checkout`
    : `${place} lies inside the repository ${root}, expected its top`;
}
