/** Tables of ratchet sessions, which no commit holds: what `lab deinit` must not take along with worktrees and .lab/. */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { LabPaths } from '../../config/lab-paths.ts';
import { runGitResult } from '../../git/run-git.ts';
import { rowsFile, sessionsFolder } from '../../ratchet/session.ts';

/** Whether a worktree has a table with rows that git does not track there. */
export async function holdsTable(worktree: string): Promise<boolean> {
  if (!hasRows(join(worktree, rowsFile))) return false;
  const asked = await runGitResult(worktree, ['ls-files', '--error-unmatch', '--', rowsFile]);
  return asked.exitCode !== 0;
}

/** Tables with rows in the session folders of .lab/, absolute. */
export function listTables(paths: LabPaths): string[] {
  const folder = sessionsFolder(paths);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .map((tag) => join(folder, tag, rowsFile))
    .filter(hasRows);
}

/** Deletes .lab/ but for those tables. */
export function removeState(paths: LabPaths, tables: readonly string[]): void {
  if (tables.length === 0) {
    rmSync(paths.state, { recursive: true, force: true });
    return;
  }
  const keep = new Set<string>();
  for (const table of tables) for (let path = table; path !== paths.state; path = join(path, '..')) keep.add(path);
  const clear = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (!keep.has(path)) rmSync(path, { recursive: true, force: true });
      else if (entry.isDirectory()) clear(path);
    }
  };
  clear(paths.state);
}

function hasRows(file: string): boolean {
  if (!existsSync(file)) return false;
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line.trim() !== '').length > 1;
}
