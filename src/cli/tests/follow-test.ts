/** What `lab confirm` and `lab ablate` share: they begin a test with fresh seeds, tell of its runs, and give it back when it is over. */
import { randomUUID } from 'node:crypto';
import type { LabPaths } from '../../config/lab-paths.ts';
import type { LabConfig } from '../../config/schema.ts';
import type { Routes, TestView } from '../../daemon/routes.ts';
import type { FreshTest } from '../../domain/fresh-test.ts';
import { LabError } from '../../errors/lab-error.ts';
import { captureEnvironment } from '../capture-environment.ts';
import { call } from '../client.ts';

/** Begins a test in this shell's environment; what a person should know goes to stderr. Throws LabError (user) where it is refused. */
export async function beginTest(
  paths: LabPaths,
  config: LabConfig,
  ask: Routes['test']['request']['ask'],
): Promise<Routes['test']['response']> {
  const { env, secrets } = captureEnvironment(process.env, config.env.pass, config.env.secret);
  const begun = await call(paths, 'test', { key: randomUUID(), ask, env, secrets });
  for (const note of begun.notes) process.stderr.write(`note: ${note}\n`);
  return begun;
}

/** Waits until the test is over, telling of each run on stderr as it ends. */
export async function waitForTest(paths: LabPaths, { number }: FreshTest): Promise<TestView> {
  const told = new Set<number>();
  for (;;) {
    const { tests } = await call(paths, 'tests', { numbers: [number], wait: true });
    const view = tests[0];
    if (view === undefined) throw new LabError('internal', `the daemon does not know test ${number} any more`);
    for (const { job, arm, place, outcome } of view.runs) {
      if (outcome.kind === 'pending' || told.has(job)) continue;
      told.add(job);
      const words = { scored: '', failed: 'no number that counts', removed: 'taken out' };
      const said = outcome.kind === 'scored' ? outcome.metric.toFixed(6) : words[outcome.kind];
      process.stderr.write(
        `job ${job}, ${view.test.arms[arm]?.name ?? arm}, seed ${view.test.seeds[place] ?? ''}: ${said}\n`,
      );
    }
    if (view.state !== 'open') return view;
  }
}

/** The jobs that were queued, for `--no-wait`. */
export function printQueued({ test, jobs }: Routes['test']['response'], isJson: boolean): void {
  process.stdout.write(
    isJson ? `${JSON.stringify({ test: test.number, jobs })}\n` : jobs.map((number) => `${number}\n`).join(''),
  );
}

/** "3 changes: a, b, c". */
export function describeChanges({ champion: { changes } }: FreshTest): string {
  return `${changes.length} ${changes.length === 1 ? 'change' : 'changes'}: ${changes.map(({ slug }) => slug).join(', ')}`;
}
