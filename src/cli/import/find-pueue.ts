/** Which pueue the shell would run. The script of `lab shim pueue` goes by the same name and answers like lab, so it is told apart. */
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Second line of every script that `lab shim pueue` wrote; without it a file is somebody else's. */
export const shimMark = '# pueue by the name of lab: written by `lab shim pueue`';

/** What there is by the name of pueue, in the order of PATH. Null: none. */
export interface FoundPueue {
  /** The first that is not lab's. */
  program: string | null;
  /** A script of lab that comes before it. */
  shim: string | null;
}

/** Looks through the folders of PATH. */
export function findPueue(path: string): FoundPueue {
  let shim: string | null = null;
  for (const folder of path.split(delimiter)) {
    if (folder === '') continue;
    const file = join(folder, 'pueue');
    if (!isProgram(file)) continue;
    if (!isShim(file)) return { program: file, shim };
    shim ??= file;
  }
  return { program: null, shim };
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    // As the shell does: what cannot be run is passed over.
    return false;
  }
}

function isShim(file: string): boolean {
  // The real one is some megabytes of machine code.
  if (statSync(file).size > 65_536) return false;
  try {
    return readFileSync(file, 'utf8').includes(shimMark);
  } catch {
    return false;
  }
}
