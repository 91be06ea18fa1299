/** Where nightlab itself is installed: the folder with its package.json, templates and dist/. Works from source and from the bundle. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

let found: string | null = null;

/** Absolute folder of the nightlab package. Throws where the file was moved out of its package. */
export function packageRoot(): string {
  if (found !== null) return found;
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).name === 'nightlab') {
      found = folder;
      return folder;
    }
    const parent = dirname(folder);
    if (parent === folder) throw new Error('nightlab: no package.json of nightlab above the running file');
    folder = parent;
  }
}

/** Identity of the built code, "0.1.0+1a2b3c4d"; client and daemon compare it. "unbuilt" where dist/ is missing. */
export function buildId(): string {
  const file = join(packageRoot(), 'dist', 'build-id');
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : 'unbuilt';
}
