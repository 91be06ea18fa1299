/** Puts a copy of a report on its experiment's branch, exp/<slug>. No record: those are on main, and the recorder alone writes them. */
import { type CommitOutcome, commitByPlumbing } from '../git/plumbing-commit.ts';

/** Commits the text at `path` on the branch; `unchanged` where it is there. Throws LabError where the branch is gone or holds no plain file there. */
export async function copyReport(root: string, branch: string, path: string, text: string): Promise<CommitOutcome> {
  const message = `${branch.replace(/^exp\/(.*)$/, 'exp($1)')}: report\n`;
  return await commitByPlumbing(root, { branch, message, edits: [{ path, edit: () => text }] });
}
