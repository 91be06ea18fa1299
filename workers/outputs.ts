/** Keeps what a run left in its checkout under the globs of `checkout.outputs`: copied into the run folder's out/, links not followed. */
import { constants, copyFileSync, existsSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { LabPaths } from '../src/config/lab-paths.ts';
import type { LabConfig } from '../src/config/schema.ts';
import type { Job } from '../src/domain/job.ts';
import { matchesGlob } from '../src/rules/taxonomy.ts';
import { checkoutFolder } from './checkout.ts';

/** Copies the files that match into `<attempt folder>/out/`; where nothing is configured it does not look. */
export async function collectOutputs(
  paths: LabPaths,
  config: LabConfig,
  job: Job,
  attempt: number,
  folder: string,
): Promise<void> {
  const globs = config.checkout.outputs;
  const checkout = checkoutFolder(paths, job.number, attempt);
  if (globs.length === 0 || !existsSync(checkout)) return;
  for (const path of listFiles(checkout, '')) {
    if (!globs.some((glob) => matchesGlob(path, glob))) continue;
    copyOutput(join(checkout, path), join(folder, 'out'), path);
  }
}

function listFiles(root: string, folder: string): string[] {
  return readdirSync(join(root, folder)).flatMap((name) => {
    const path = folder === '' ? name : `${folder}/${name}`;
    const found = lstatSync(join(root, path));
    if (found.isDirectory()) return name === '.git' ? [] : listFiles(root, path);
    return found.isFile() ? [path] : [];
  });
}

/** Copies one file into `out`, where the run may have put links: none is followed, what is in the way is removed. */
function copyOutput(source: string, out: string, path: string): void {
  const parts = path.split('/');
  for (let depth = 1; depth <= parts.length; depth++) {
    const place = join(out, ...parts.slice(0, depth));
    const found = lstatSync(place, { throwIfNoEntry: false });
    if (found && (depth === parts.length || !found.isDirectory())) rmSync(place, { recursive: true });
  }
  const target = join(out, ...parts);
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(source, target, constants.COPYFILE_EXCL);
}
