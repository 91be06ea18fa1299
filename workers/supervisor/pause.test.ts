/** The time in which an attempt stood still, from what its pauses left on disk. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stepPath, writeJsonSafely } from './attempt-files.ts';
import { readPausedMs } from './pause.ts';

test('the pauses of all steps count, an open one up to now, and none where nothing was paused', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nl-pause-'));
  try {
    expect(readPausedMs(folder, 0, 10_000)).toBe(0);
    writeJsonSafely(stepPath(folder, 'prepare', 'paused'), [{ sinceMs: 1000, untilMs: 1500 }]);
    writeJsonSafely(stepPath(folder, 'train', 'paused'), [
      { sinceMs: 2000, untilMs: 4000 },
      { sinceMs: 9000, untilMs: null },
    ]);
    expect(readPausedMs(folder, 0, 10_000)).toBe(3500);
    expect(readPausedMs(folder, 3000, 10_000)).toBe(2000);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
