/**
 * Whether a folder is a repository that can be adopted: its top, with a checkout at rest on the main branch, with a commit, and no lab yet.
 * Reads only; each thing that stands in the way is one error that says what helps.
 */
import { existsSync, lstatSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { findCheckoutRoot, findRepositoryRoot } from '../../config/repository-root.ts';
import { LabError } from '../../errors/lab-error.ts';
import { findCheckoutsOf, findOperation } from '../../git/checkout-state.ts';
import { readCheckedOutBranch } from '../../git/main-text.ts';
import { findCommit, readBlob, readTreeEntry, resolveMainBranch } from '../../git/repository.ts';
import { runGitResult } from '../../git/run-git.ts';
import { parseOwnHeader } from '../../lab/results-tsv.ts';

/** A repository that can be adopted. */
export interface AdoptablePlace {
  /** Real, absolute path of its top. */
  root: string;
  /** The main branch, which is checked out there. */
  main: string;
  /** Full hash of main's newest commit. */
  head: string;
}

/** Folders and files that the lab keeps at the top: whoever has something else there keeps it, and is told. */
const labFolders = ['0_docs', '0_docs/papers', '1_ideas', '9_reports', '.lab', '5_worktrees'];

/** Finds the place. Throws LabError (user) that names what stands in the way. */
export async function findAdoptablePlace(folder: string): Promise<AdoptablePlace> {
  const root = await findTop(folder);
  if (existsSync(join(root, 'lab.yaml'))) throw createLabError(root);
  const branch = readCheckedOutBranch(root);
  if (branch !== null && (await findCommit(root, `refs/heads/${branch}`)) === null) {
    throw new LabError('user', `${root} has no commit yet, and a run's code comes from a commit`, {
      hints: [`\`git -C ${root} add -A && git -C ${root} commit -m start\`, then \`lab init --adopt\` again`],
    });
  }
  const main = await findMain(root, branch);
  const [checkout] = await findCheckoutsOf(root, main);
  const operation = checkout === undefined ? null : findOperation(checkout);
  if (operation !== null) {
    throw new LabError('user', `${operation}, expected a checkout at rest`, {
      hints: ['`git status` there says how to end it'],
    });
  }
  const head = await findCommit(root, `refs/heads/${main}`);
  if (head === null) throw new LabError('user', `${main} of ${root} has no commit`);
  await ensureNamesFree(root, head);
  return { root, main, head };
}

async function findTop(folder: string): Promise<string> {
  if (!existsSync(folder)) throw new LabError('user', `${folder} does not exist, expected a training repository`);
  const root = findRepositoryRoot(folder);
  if (root === null) {
    const asked = await runGitResult(folder, ['rev-parse', '--is-bare-repository']);
    if (asked.exitCode === 0 && asked.stdout.toString('utf8').trim() === 'true') {
      throw new LabError('user', `${folder} is a bare repository, expected one with files checked out`, {
        hints: [`\`git clone ${folder} DIR\`, then \`lab init --adopt DIR\``],
      });
    }
    throw new LabError('user', `${folder} is no git repository, expected a clone with its commits`, {
      hints: [
        `\`git -C ${folder} init && git -C ${folder} add -A && git -C ${folder} commit -m start\` makes it one`,
        '`lab init` without --adopt makes a lab of a plain folder or a new one',
      ],
    });
  }
  const place = realpathSync(folder);
  if (place === root) return root;
  const checkout = findCheckoutRoot(place);
  if (checkout !== null && checkout !== root) {
    throw new LabError('user', `${folder} is a linked worktree of ${root}, expected the main checkout`, {
      hints: [`\`lab init --adopt ${root}\``],
    });
  }
  throw new LabError('user', `${folder} lies inside the repository ${root}, expected its top`, {
    hints: [`\`lab init --adopt ${root}\` makes the lab there`],
  });
}

async function findMain(root: string, branch: string | null): Promise<string> {
  const main = branch === null ? await findMainOfDetached(root) : await resolveMainBranch(root, null);
  const onMain = await readTreeEntry(root, `refs/heads/${main}`, 'lab.yaml');
  if (onMain !== null) {
    // From main and not from the index, which a killed adoption has left without it.
    const switched = `git -C ${root} ${branch === main ? `checkout ${main} -- lab.yaml` : `switch ${main}`}`;
    throw createLabError(root, `${main} of ${root} has a lab.yaml: it is a lab already`, [
      `\`${switched}\` brings it back`,
    ]);
  }
  if (branch === main) return main;
  throw new LabError(
    'user',
    `${root} is on ${branch === null ? 'no branch (detached HEAD)' : branch}, expected ${main}: the lab's files are committed there`,
    { hints: [`\`git -C ${root} switch ${main}\`, then \`lab init --adopt\` again`] },
  );
}

async function findMainOfDetached(root: string): Promise<string> {
  try {
    return await resolveMainBranch(root, null);
  } catch (error) {
    throw new LabError('user', `${root} is on no branch (detached HEAD), expected its main branch`, {
      hints: [`\`git -C ${root} switch -c main\` makes a branch here, \`git branch\` lists those that are there`],
      cause: error,
    });
  }
}

function createLabError(root: string, message = `${root} is a lab already (it has a lab.yaml)`, hints: string[] = []) {
  return new LabError('user', message, {
    hints: [...hints, '`lab doctor` checks it, `lab deinit` takes the lab out again'],
  });
}

/** A folder's name that is a file, and a table that is not the lab's on main, would break the lab later. */
async function ensureNamesFree(root: string, head: string): Promise<void> {
  for (const name of labFolders) {
    const found = lstatSync(join(root, name), { throwIfNoEntry: false });
    if (found === undefined || found.isDirectory()) continue;
    throw new LabError('user', `${join(root, name)} is no folder, and the lab keeps a folder of that name there`, {
      hints: ['give it another name; nothing was changed'],
    });
  }
  const table = (await readBlob(root, head, 'results.tsv'))?.toString('utf8') ?? '';
  if (table === '' || parseOwnHeader(table) !== null) return;
  throw new LabError('user', "results.tsv is committed here with another tool's columns, and the lab writes its own", {
    hints: [
      '`git mv results.tsv results.before.tsv && git commit -m "put the table aside"`, then `lab init --adopt` again',
      '`lab results results.before.tsv` reads it afterwards',
    ],
  });
}
