/** Files at the top of a lab that neither runs nor agents may read: what usually holds a secret, and this machine's own settings. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isSecretLikeName } from '../git/secret-names.ts';

/**
 * Absolute paths of such files in `root` (a Redis address in lab.local.yaml may carry a password). Folders are left out: a `.env` folder is
 * a Python environment.
 */
export function listSecretFiles(root: string): string[] {
  return readdirSync(root, { withFileTypes: true })
    .filter(
      (entry) => !entry.isDirectory() && (/^lab\.local\.ya?ml$/i.test(entry.name) || isSecretLikeName(entry.name)),
    )
    .map(({ name }) => join(root, name));
}
