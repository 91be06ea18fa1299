/** A path as a person can use it from where they stand. */
import { isAbsolute, relative, sep } from 'node:path';

/** The absolute path relative to `from` where it lies below it, else as it is. Pure but for asking for the current folder. */
export function showPath(path: string, from: string = process.cwd()): string {
  const way = relative(from, path);
  return way === '' || way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way) ? path : way;
}
