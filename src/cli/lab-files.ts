/** The files that `lab init` writes, and what of them an earlier call that was cut off has left in a folder. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { listIgnoreLines } from './ignore-lines.ts';

/** A file of a new lab: a copy of another, or a text. `mayStay`: one that is there is left as it is. */
export type LabFile = { path: string; mayStay?: boolean } & ({ from: string } | { text: string });

/** What the file is to hold. */
export const readContent = (file: LabFile): Buffer =>
  'from' in file ? readFileSync(file.from) : Buffer.from(file.text);

/** Whether it is there and holds that already. */
export function isSame(folder: string, file: LabFile): boolean {
  const path = join(folder, file.path);
  return existsSync(path) && statSync(path).isFile() && readFileSync(path).equals(readContent(file));
}

/** Whether a folder is missing, empty, or holds only what an earlier call put there. */
export function holdsNothingBut(folder: string, files: readonly LabFile[]): boolean {
  const look = (below: string): boolean =>
    readdirSync(join(folder, below), { withFileTypes: true }).every((entry) => {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (path === '.git' || path === '.lab') return true;
      if (entry.isDirectory()) return look(path);
      if (path === '.gitignore') return holdsOnlyIgnoreLines(folder);
      return files.some((file) => file.path === path && isSame(folder, file));
    });
  return !existsSync(folder) || look('');
}

function holdsOnlyIgnoreLines(folder: string): boolean {
  const lines = readFileSync(join(folder, '.gitignore'), 'latin1').split('\n');
  return lines.every((line) => line === '' || listIgnoreLines(true).includes(line));
}
