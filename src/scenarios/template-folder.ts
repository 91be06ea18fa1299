/**
 * Folders that one run of the tests makes once and copies from then on: what takes many processes to make (a lab, an adopted clone) is
 * wanted by hundreds of tests. build-once.ts makes the folder in which they lie, and deletes it. Not for content that names its place.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

/** Name of the environment variable with the folder of this run's templates; where it is not set, everything is made in its own place. */
export const templatesVariable = 'NIGHTLAB_TEST_TEMPLATES';

/**
 * Puts at `target`, which is not there yet, what `make` puts at the path that it is given. `key` is JSON with all that the content depends
 * on, besides the code under test. Links, modes and times are copied too; to git the copied files are new until it has looked at them.
 */
export async function copyTemplate(key: unknown, target: string, make: (path: string) => Promise<void>): Promise<void> {
  const templates = process.env[templatesVariable];
  if (templates === undefined) return await make(target);
  const name = createHash('sha256').update(JSON.stringify(key)).digest('hex').slice(0, 32);
  const template = join(templates, name);
  if (!existsSync(template)) await makeTemplate(template, make);
  await execa('cp', ['-RPp', template, target]);
}

/** Several forks may make the same one at once, and one may end in the middle: only what is whole gets the name, and it stays as it is. */
async function makeTemplate(template: string, make: (path: string) => Promise<void>): Promise<void> {
  const around = await mkdtemp(`${template}-`);
  try {
    const made = join(around, 'made');
    await make(made);
    await rename(made, template).catch((error: unknown) => {
      // Another fork was faster, and a folder that holds something is not replaced: its own is as good.
      if (!existsSync(template)) throw error;
    });
  } finally {
    await rm(around, { recursive: true, force: true, maxRetries: 3 });
  }
}
