/** The machine's own part of a lab in `.lab/`: what `lab init` makes and a clone of a lab lacks. Made where it is missing, never changed. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabPaths } from '../config/lab-paths.ts';
import { configJsonSchema } from '../config/schema.ts';

/**
 * Draws the secret seed of the validation data (48 bits, 0600) where there is none, and writes the JSON Schema of lab.yaml for editors.
 * A seed is part of the track: a clone that draws its own does not share numbers with the lab it came from.
 */
export function writeLabState(paths: LabPaths): void {
  const schemaFolder = join(paths.state, 'schema');
  mkdirSync(schemaFolder, { recursive: true });
  if (!existsSync(paths.scoreSeed))
    writeFileSync(paths.scoreSeed, `${randomBytes(6).readUIntBE(0, 6)}\n`, { mode: 0o600, flag: 'wx' });
  writeFileSync(join(schemaFolder, 'lab.schema.json'), `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
}
