/**
 * Refuses an environment whose editable install points outside the checkout: the run would import the code of another tree than the
 * one that was queued. Runs as the last part of the prepare step, after `checkout.setup`. Covers .pth files and direct_url.json in
 * virtual environments inside the checkout; it does not look into environments that lie elsewhere.
 */
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Lines that name each editable install which points outside `checkout`; empty where all is well. */
export function checkEditableInstalls(checkout: string): string[] {
  const root = realpathSync(checkout);
  const problems: string[] = [];
  const isOutside = (path: string) => {
    const way = relative(root, existsSync(path) ? realpathSync(path) : path);
    return way.startsWith('..') || isAbsolute(way);
  };
  for (const packages of listSitePackages(root)) {
    for (const name of readdirSync(packages)) {
      const file = join(packages, name);
      if (name.endsWith('.pth')) {
        const lines = readFileSync(file, 'utf8').split(/\r?\n/);
        for (const line of lines)
          if (isAbsolute(line) && isOutside(line)) problems.push(`${relative(root, file)} points to ${line}`);
      } else if (name.endsWith('.dist-info') && existsSync(join(file, 'direct_url.json'))) {
        const target = editableTarget(readFileSync(join(file, 'direct_url.json'), 'utf8'));
        if (target !== null && isOutside(target)) problems.push(`${name} is installed editable from ${target}`);
      }
    }
  }
  return problems;
}

function editableTarget(text: string): string | null {
  const value = JSON.parse(text) as { url?: string; dir_info?: { editable?: boolean } };
  return value.dir_info?.editable === true && value.url?.startsWith('file://') ? fileURLToPath(value.url) : null;
}

function listSitePackages(root: string): string[] {
  return readdirSync(root)
    .map((name) => join(root, name, 'lib'))
    .filter((lib) => existsSync(join(lib, '..', 'pyvenv.cfg')) && existsSync(lib) && statSync(lib).isDirectory())
    .flatMap((lib) => readdirSync(lib).map((python) => join(lib, python, 'site-packages')))
    .filter((folder) => existsSync(folder));
}
