/**
 * Makes the user's own lab: a git repository with a lab.yaml whose jobs are tasks that run in the caller's folder. It is made whole beside
 * its place and moved there, so that two commands at once make one lab and a killed one leaves none that is half done.
 */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type LabPaths, labPaths } from '../../config/lab-paths.ts';
import { findOwnLab, ownLabFolder } from '../../config/own-lab.ts';
import { errnoOf, LabError } from '../../errors/lab-error.ts';
import { commitPaths, initOnMain } from '../../git/porcelain.ts';
import { writeLabState } from '../../lab/lab-state.ts';

const configText = `# Your own lab: jobs that are queued outside any lab come here and run where they were queued.
# \`lab\` made it; change what you like and commit it (only what is committed counts).
schema: 1

queue:
  # A label is free text, or there is none.
  labels: optional
  # Jobs run in the folder that they are queued in, and nothing is scored.
  place: here

commands:
  # What \`lab add\` runs where no command is given.
  train: "true"

run:
  # A GPU where this machine has one, else the processor; --device cpu keeps one job off the GPUs.
  device: auto
  # A year: these jobs end when they end. --wall-seconds sets a limit for one job.
  wallSeconds: 31536000

env:
  # Names of your environment that every job takes along besides the built-in list, for example [MY_*].
  pass: []
  # Names that are passed when a job starts and never stored.
  secret: []
`;

/**
 * The user's own lab, made now where there is none. Throws LabError (user) where something else lies in its place or the folder cannot be
 * written, and as git does.
 */
export async function createOwnLab(): Promise<{ paths: LabPaths; isNew: boolean }> {
  const folder = ownLabFolder();
  const made = makeBeside(folder);
  try {
    await initOnMain(made);
    writeFileSync(join(made, 'lab.yaml'), configText);
    writeFileSync(join(made, '.gitignore'), '.lab/\n5_worktrees/\nlab.local.yaml\n');
    await commitPaths(made, 'nightlab: make the own lab', ['lab.yaml', '.gitignore']);
    writeLabState(labPaths(made));
    try {
      renameSync(made, folder);
      return { paths: labPaths(folder), isNew: true };
    } catch (error) {
      // Somebody else was first: theirs counts.
      const other = findOwnLab();
      if (other !== null) return { paths: other, isNew: false };
      throw new LabError('user', `${folder} is not empty and no lab, expected the place of your own lab to be free`, {
        hints: [`move ${folder} away, or set XDG_DATA_HOME to another folder`],
        cause: error,
      });
    }
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

function makeBeside(folder: string): string {
  try {
    mkdirSync(dirname(folder), { recursive: true });
    return mkdtempSync(`${folder}-new-`);
  } catch (error) {
    throw new LabError('user', `your own lab cannot be made in ${folder}: ${errnoOf(error) ?? String(error)}`, {
      hints: ['set XDG_DATA_HOME to a folder that you can write'],
      cause: error,
    });
  }
}
