/** The guard of a staged attempt with a real branch and a real supervisor. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readRefStamp } from '../src/git/ref-stamp.ts';
import { runGit } from '../src/git/run-git.ts';
import { createAttempts, type TestAttempts } from './supervisor/attempts-for-tests.ts';
import { waitForExit } from './supervisor/launch.ts';
import { writeGuard } from './tip-guard.ts';

let attempts: TestAttempts;

beforeAll(async () => {
  attempts = await createAttempts();
});
afterAll(() => {
  attempts.clean();
  attempts.remove();
});

test('an attempt begins where main stands as its guard says, and is given back with nothing run where it has moved', async () => {
  const root = mkdtempSync(join(tmpdir(), 'nl-guard-'));
  try {
    await runGit(root, ['init', '--quiet', '--initial-branch=main']);
    const commit = () =>
      runGit(root, ['-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '--quiet', '--allow-empty', '-m', 'x']);
    await commit();
    const before = readRefStamp(root, 'main');
    await commit();
    const given = attempts.plan([{ name: 'train', shell: 'echo ran' }]);
    writeGuard(given, root, 'main', before);
    expect(await waitForExit(given, { entry: attempts.entry })).toBe('withdrawn');
    expect(existsSync(join(given, 'train.pid'))).toBe(false);
    const renewed = attempts.plan([{ name: 'train', shell: 'echo ran' }]);
    writeGuard(renewed, root, 'main', readRefStamp(root, 'main'));
    expect(await attempts.run(renewed)).toMatchObject({ reason: 'completed' });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
