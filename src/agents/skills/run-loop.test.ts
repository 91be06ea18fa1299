import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packageRoot } from '../../config/package-root.ts';

const script = join(packageRoot(), 'skills', 'autoresearch', 'scripts', 'run-loop.sh');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'run-loop-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

// In an empty folder: what is not refused for its --max is refused for the missing train.py.
const run = (...args: string[]) => execa('sh', [script, ...args], { cwd: folder, reject: false });

test.each([['--max', ''], ['--max='], ['--max', '0'], ['--max', '07'], ['--max', '2x'], ['--forever', '--max', '']])(
  'run-loop.sh %s "%s" is no number of experiments and begins no loop',
  async (...args) => {
    const { exitCode, stderr } = await run(...args);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^error: --max got ".*", expected a whole number of at least 1, or --forever$/m);
  },
);

test.each([[[]], [['--max', '5']], [['--max=5']], [['--forever']], [['--max', '5', '--forever']]])(
  'run-loop.sh takes %j',
  async (args) => {
    expect((await run(...args)).stderr).toMatch(/train\.py is not in/);
  },
);
