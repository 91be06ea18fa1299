/** Builds dist/ once before the tests, because they start the real client, daemon and supervisor as processes. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../config/package-root.ts';

/** vitest's global set-up. */
export function setup(): void {
  execFileSync(process.execPath, [join(packageRoot(), 'build.mjs')], { stdio: 'inherit' });
}
