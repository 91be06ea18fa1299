/** What a new session is made of: which files it edits, what it is measured by, whether the branch is free. Nothing is written before all of it holds. */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { LabPaths } from '../config/lab-paths.ts';
import type { LabConfig } from '../config/schema.ts';
import { LabError } from '../errors/lab-error.ts';
import { resolveCommonDirectory } from '../git/checkout-state.ts';
import { findCommit } from '../git/repository.ts';
import { createGitError, runGit, runGitResult } from '../git/run-git.ts';
import { rulesOf } from '../rules/taxonomy.ts';
import { formatLacks, readPreparedData } from './intake/prepared-data.ts';
import { checkProgram } from './program/check-program.ts';
import { branchOfTag, rowsFile, sessionFolder, worktreeOfTag } from './session.ts';

/** The files that experiments change: ratchet.edits of lab.yaml, else the Python file that the train command runs. Throws LabError (config) where there is none, or where one is frozen. */
export async function findEdits(root: string, main: string, config: LabConfig): Promise<string[]> {
  const named = config.ratchet.edits;
  const found = named.length > 0 ? named : config.commands.train.split(/\s+/).filter((word) => word.endsWith('.py'));
  const edits = found.map((path) => path.replace(/^\.\//, ''));
  const hints = ['`ratchet: {edits: [train.py]}` in lab.yaml names what an experiment may change'];
  if (edits.length === 0)
    throw new LabError(
      'config',
      `the train command "${config.commands.train}" names no Python file, expected one to experiment with`,
      { hints },
    );
  for (const path of edits) {
    if ((await runGit(root, ['ls-tree', '--name-only', '-z', main, '--', path])) === '')
      throw new LabError('config', `${path} is not on ${main}, expected the file that experiments change`, { hints });
    if (rulesOf(path, config.rules).length > 0)
      throw new LabError(
        'config',
        `${path} is ${rulesOf(path, config.rules).join(', ')}, and experiments are to change it`,
        {
          hints: ['`lab rules` says which rule makes it so'],
        },
      );
  }
  return edits;
}

/** Throws LabError (user) where branch, worktree or session of the tag exist; a free tag is offered. */
export async function ensureTagFree(paths: LabPaths, tag: string): Promise<void> {
  const isTaken = async (one: string): Promise<string | null> => {
    if (existsSync(join(sessionFolder(paths, one), 'session.json'))) return `session ${one}`;
    if ((await findCommit(paths.root, `refs/heads/${branchOfTag(one)}`)) !== null)
      return `the branch ${branchOfTag(one)}`;
    return existsSync(worktreeOfTag(paths, one)) ? worktreeOfTag(paths, one) : null;
  };
  const taken = await isTaken(tag);
  if (taken === null) return;
  const suffixes = ['gpu0', 'b', 'c', ...Array.from({ length: 97 }, (_, index) => String(index + 2))];
  let free = '';
  for (const suffix of suffixes) {
    if (free === '' && (await isTaken(`${tag}-${suffix}`)) === null) free = `${tag}-${suffix}`;
  }
  throw new LabError('user', `${taken} exists already, expected a tag that was not used yet`, {
    hints: [
      ...(taken.startsWith('session') ? [`\`lab autoresearch resume --tag ${tag}\` goes on with it`] : []),
      `\`lab autoresearch run --tag ${free}\` begins another one`,
    ],
  });
}

/** Throws LabError (user) where program.md lacks one of the five sections. */
export async function ensureProgram(root: string, main: string): Promise<void> {
  const listed = await runGitResult(root, ['cat-file', 'blob', `${main}:program.md`]);
  const hints = ['`lab autoresearch program` shows what is missing, `lab autoresearch program --write` writes it'];
  if (listed.exitCode !== 0)
    throw new LabError('user', `there is no program.md on ${main}, expected the human's word on what to research`, {
      hints,
    });
  const { missing } = checkProgram(listed.stdout.toString('utf8'));
  if (missing.length === 0) return;
  throw new LabError(
    'user',
    `program.md on ${main} lacks ${missing.length === 1 ? 'a section' : `${missing.length} sections`}: ${missing.join(', ')}`,
    { hints },
  );
}

/** What a run needs and this machine lacks, a sentence each; empty where all is there. */
export function checkEnvironment(paths: LabPaths, config: LabConfig): string[] {
  const problems: string[] = [];
  const { train, prepare } = config.commands;
  for (const command of [train, prepare, config.checkout.setup]) {
    const [program] = (command ?? '').trim().split(/\s+/);
    if (program !== undefined && /^[\w.-]+$/.test(program) && !isOnPath(program))
      problems.push(`"${program}" is not on PATH, and "${command}" needs it`);
  }
  for (const link of [...config.checkout.links, ...config.checkout.scoreLinks]) {
    const place = join(paths.root, link);
    if (!existsSync(place)) problems.push(`${link} is not in ${paths.root}, and runs need it (checkout.links)`);
  }
  for (const place of [...new Set(config.data.map((one) => join(paths.root, one)))])
    if (!existsSync(place)) problems.push(`${place} is not there, and the track is made of it (data)`);
  // Of what `lab doctor` calls bad only what no run can do without. A prepare.py that cannot be read is told by both.
  const notes: string[] = [];
  const { needed } = readPreparedData(paths, config, notes);
  if (needed.length > 0)
    problems.push(`${formatLacks(needed)}, and runs read it: \`lab autoresearch setup --prepare\` runs prepare.py`);
  return [...new Set([...problems, ...notes])];
}

function isOnPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, program)));
}

/** Where the session's table lies: in the worktree, or in the session's folder where main holds a file of that name. */
export async function chooseTable(paths: LabPaths, main: string, tag: string): Promise<string> {
  const isTracked = (await runGit(paths.root, ['ls-tree', '--name-only', '-z', main, '--', rowsFile])) !== '';
  return join(isTracked ? sessionFolder(paths, tag) : worktreeOfTag(paths, tag), rowsFile);
}

/** Makes git ignore the session's table in every checkout of this clone, without a change of any file of the user's. */
export async function ignoreTable(root: string): Promise<void> {
  const words = ['check-ignore', '--quiet', rowsFile];
  // This command takes no literal paths, which all others are given.
  const ignored = await runGitResult(root, words, { env: { GIT_LITERAL_PATHSPECS: '0' } });
  if (ignored.exitCode === 0) return;
  if (ignored.exitCode !== 1) throw createGitError(root, words, ignored);
  const common = await resolveCommonDirectory(root);
  mkdirSync(join(common, 'info'), { recursive: true });
  const file = join(common, 'info', 'exclude');
  const old = existsSync(file) ? readFileSync(file, 'utf8') : '';
  appendFileSync(file, `${old === '' || old.endsWith('\n') ? '' : '\n'}/${rowsFile}\n`);
}
