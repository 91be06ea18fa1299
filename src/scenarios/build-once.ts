/**
 * Before all tests: builds dist/ once, because they start the real client, daemon and supervisor as processes, and makes the folder of this
 * run's templates (template-folder.ts). After them: deletes that folder.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../config/package-root.ts';
import { templatesVariable } from './template-folder.ts';

/** vitest's global set-up. */
export function setup(): void {
  execFileSync(process.execPath, [join(packageRoot(), 'build.mjs')], { stdio: 'inherit' });
  // The forks start after this, and inherit it.
  process.env[templatesVariable] = mkdtempSync(join(tmpdir(), 'nightlab-templates-'));
}

/** vitest's global tear-down. */
export function teardown(): void {
  const templates = process.env[templatesVariable];
  if (templates !== undefined) rmSync(templates, { recursive: true, force: true });
}
