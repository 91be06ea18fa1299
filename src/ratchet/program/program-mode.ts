/**
 * The mode `program`: what program.md has and lacks, and its writing outside a session. program.md is frozen in a lab: this writes the file in
 * the working tree only, and says how a human makes it count. It never commits.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LabPaths } from '../../config/lab-paths.ts';
import type { LabConfig } from '../../config/schema.ts';
import { LabError } from '../../errors/lab-error.ts';
import { readCheckedOutBranch } from '../../git/main-text.ts';
import { runGitResult } from '../../git/run-git.ts';
import { findRunVariable } from '../../rules/meta-state.ts';
import { readOwnFile, replaceOwnFile } from '../own-file.ts';
import { isSessionRunning, readSessions } from '../session.ts';
import { readProgramFacts } from './program-facts.ts';
import { type RefinedProgram, refineProgram } from './refine-program.ts';

/** Name of the charter at the top of a repository. */
export const programFile = 'program.md';

/** The text of program.md as it lies in a folder; null where there is none. Throws LabError (user) for a link, a folder, or what is no UTF-8. */
export function readProgram(root: string): string | null {
  return readOwnFile(join(root, programFile));
}

/** Why program.md cannot be written now, as an error that says what helps; null where it can. */
export async function findWriteBar(
  paths: LabPaths,
  main: string,
  hasBaseline: boolean,
  environment: NodeJS.ProcessEnv,
): Promise<LabError | null> {
  const variable = findRunVariable(environment);
  if (variable !== null) {
    return new LabError(
      'refused',
      `program.md is a human's: ${variable} is set, so this is an agent's or a run's process`,
    );
  }
  for (const { tag } of readSessions(paths)) {
    if (!(await isSessionRunning(paths, tag))) continue;
    return new LabError('refused', `session ${tag} is running by program.md, so it is not written now`, {
      hints: ['end the session with Ctrl-C in its terminal; `lab autoresearch resume` goes on with it afterwards'],
    });
  }
  if (!hasBaseline) {
    return new LabError('refused', 'no run of the unmodified code has printed both numbers, metric and peak memory', {
      hints: ['`lab autoresearch setup` measures them; program.md begins with what is to be beaten'],
    });
  }
  const branch = readCheckedOutBranch(paths.root);
  if (branch !== main) {
    return new LabError(
      'user',
      `${paths.root} has ${branch ?? 'a detached HEAD'} checked out, expected ${main}: only there program.md counts`,
      {
        hints: [`git -C ${paths.root} switch ${main}`],
      },
    );
  }
  return null;
}

/** What the refining of the present program.md would give; null before there is a baseline. */
export async function planProgram(
  paths: LabPaths,
  config: LabConfig,
  main: string,
): Promise<{ before: string | null; refined: RefinedProgram } | null> {
  const facts = await readProgramFacts(paths, config, main);
  if (facts === null) return null;
  const before = readProgram(paths.root);
  return { before, refined: refineProgram(before, facts) };
}

/** Writes the text in the place of `before`, synced. Throws LabError (user) where program.md is another one by now. */
export async function writeProgram(root: string, before: string | null, text: string): Promise<void> {
  await replaceOwnFile(join(root, programFile), before, text);
}

/** The change as a unified diff; "" where there is none. */
export async function renderProgramDiff(before: string | null, after: string): Promise<string> {
  if (before === after) return '';
  const folder = mkdtempSync(join(tmpdir(), 'nightlab-program-'));
  try {
    for (const [side, text] of [
      ['a', before ?? ''],
      ['b', after],
    ] as const) {
      mkdirSync(join(folder, side));
      writeFileSync(join(folder, side, programFile), text);
    }
    const form = ['--no-index', '--no-color', '--no-prefix', '--no-ext-diff', '--no-textconv', '--text'];
    const { stdout } = await runGitResult(folder, ['diff', ...form, '--', `a/${programFile}`, `b/${programFile}`]);
    return stdout.toString('utf8');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
