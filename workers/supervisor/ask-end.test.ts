/** The polite end of shell lines: no next command begins, traps are met, and nothing waits for the grace. Real processes, with and without a sandbox. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { probeSandbox } from '../../src/sandbox/bubblewrap.ts';
import { createAttempts, type TestAttempts, until } from './attempts-for-tests.ts';
import { requestKill } from './launch.ts';

let attempts: TestAttempts;
const works = (await probeSandbox()).kind === 'bubblewrap';
const sandbox = 'bwrap --ro-bind / / --dev /dev --proc /proc --unshare-pid --die-with-parent --new-session --'.split(
  ' ',
);

beforeAll(async () => {
  attempts = await createAttempts();
});
afterEach(() => attempts.clean());
afterAll(() => attempts.remove());

function logOf(dir: string): string[] {
  const path = join(dir, 'train.log');
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
}

/** Starts a shell line, asks for its end with an hour of grace once it says "ready", and gives its log and how it ended. */
async function endPolitely(shell: string, prefix: string[]) {
  const dir = attempts.plan([{ name: 'train', argv: [...prefix, '/bin/sh', '-c', shell] }]);
  const ended = attempts.run(dir);
  await until(() => logOf(dir).includes('ready'));
  requestKill(dir, 3600);
  return { exit: await ended, log: logOf(dir).filter((line) => line !== '' && !/^(?:Terminated|Killed)/.test(line)) };
}

for (const [kind, prefix] of [
  ['plain', []],
  ['sandboxed', sandbox],
] as const) {
  const skip = kind === 'sandboxed' && !works;
  test.skipIf(skip)(`no next command of a ${kind} shell line begins after the end was asked for`, async () => {
    const loop = 'for seed in 1 2; do sh -c "echo ready; sleep 600; echo after"; echo next; done; echo last';
    const { exit, log } = await endPolitely(loop, [...prefix]);
    expect(log).toEqual(['ready']);
    expect(exit.reason).toBe('killed');
  });

  test.skipIf(skip)(`a ${kind} shell with a trap runs it, and a program cleans up before it ends`, async () => {
    const trapping = `trap 'echo trapped; exit 3' TERM; python3 -c '
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(print("saved", flush=True)))
print("ready", flush=True)
time.sleep(600)'; echo next`;
    const { exit, log } = await endPolitely(trapping, [...prefix]);
    expect(log).toEqual(['ready', 'saved', 'trapped']);
    expect(exit).toMatchObject({ reason: 'killed', steps: [{ exitCode: 3 }] });
  });
}
