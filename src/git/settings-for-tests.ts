/**
 * The environment in which git knows nothing of whoever runs the tests: no signing, no hooks, no ignored names of theirs. Git before 2.32
 * does not know the first variable and reads ~/.gitconfig all the same. Who commits is for each test to say.
 */
import { join } from 'node:path';
import { packageRoot } from '../config/package-root.ts';

/** Variables for every git process of a test. vitest.config.ts sets them for all tests; a test that makes an environment of its own adds them. */
export const gitSettingsForTests = {
  GIT_CONFIG_GLOBAL: join(packageRoot(), 'src', 'git', 'settings-for-tests.gitconfig'),
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_ATTR_NOSYSTEM: '1',
} as const;
