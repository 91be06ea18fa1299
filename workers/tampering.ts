/**
 * Shows what an unsandboxed run changed in the root checkout: files that only humans, META_MODE or the recorder change. It prevents
 * nothing; a sandbox does. Covers the root's FROZEN, HUMAN, GLOBAL and RECORD files, not the home folder.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runGit } from '../src/git/run-git.ts';
import { readJson } from '../src/lab/atomic-write.ts';
import { rulesOf } from '../src/rules/taxonomy.ts';

/** Content hash of each protected file of the root checkout that differs from main; a file equal to main's is not listed. */
export type ProtectedState = Record<string, string>;

/** Reads which protected files of the root checkout differ from main right now. */
export async function readProtectedState(root: string, main: string): Promise<ProtectedState> {
  const state: ProtectedState = {};
  const [changed, added] = await Promise.all([
    runGit(root, ['diff', '--name-only', '-z', '--no-renames', main]),
    runGit(root, ['ls-files', '-z', '--others', '--exclude-standard']),
  ]);
  for (const path of `${changed}${added}`.split('\0')) {
    if (path === '' || rulesOf(path, {}).length === 0) continue;
    const file = join(root, path);
    state[path] = existsSync(file) ? createHash('sha256').update(readFileSync(file)).digest('hex') : 'deleted';
  }
  return state;
}

/** Flags "tampered:<path>" for each protected file that differs from main now and did not, or not so, before the run. */
export async function checkTampering(root: string, main: string, folder: string): Promise<string[]> {
  const before = readJson(join(folder, 'protected.json')) as ProtectedState | null;
  if (before === null) return [];
  const find = async () => {
    const after = await readProtectedState(root, main);
    return Object.keys(after).filter((path) => after[path] !== before[path]);
  };
  let found = await find();
  // Between moving main and updating the checkout's file the recorder itself looks like a change; it is gone a moment later.
  for (let tries = 0; found.length > 0 && tries < 10; tries++) {
    await new Promise((resume) => setTimeout(resume, 100));
    found = await find();
  }
  return found.map((path) => `tampered:${path}`);
}
