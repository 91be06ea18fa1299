/** Every attack at run time with no lock, with the worker and scorer alone, and with the sandbox alone; and what shows it on the row. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listProcesses, sendSignal } from '../../../workers/process-tree.ts';
import type { LockName } from '../../config/open-locks.ts';
import { probeSandbox } from '../../sandbox/bubblewrap.ts';
import type { TemporaryLab } from '../temporary-lab.ts';
import { createAttackLab, honestEnd, type JobEnd, runTrain } from './attack-lab.ts';
import { attackPrelude, cheat, type RunAttack, runAttacks } from './attack-table.ts';

const probe = await probeSandbox();
const withSandbox = probe.kind === 'bubblewrap' ? '' : ` (skipped: no sandbox here, ${probe.reason})`;
type Closed = 'none' | Extract<LockName, 'worker' | 'sandbox'>;
const labs = new Map<Closed, TemporaryLab>();

beforeAll(async () => {
  const closed: Closed[] = ['none', 'worker', ...(withSandbox === '' ? (['sandbox'] as const) : [])];
  for (const name of closed) labs.set(name, await createAttackLab(name === 'none' ? [] : [name]));
});

afterAll(async () => {
  await Promise.all([...labs.values()].map((lab) => lab.remove()));
});

/** Runs an attack in the lab in which only this lock is closed; `worked`: whether it had its effect. Puts the lab's files back. */
async function attack(name: Closed, { script, effect }: RunAttack): Promise<{ worked: boolean; end: JobEnd }> {
  const lab = labs.get(name);
  if (lab === undefined) throw new Error(`no lab with ${name} closed`);
  const mark = join(lab.around, `mark-${name}`);
  const names = ['results.tsv', 'RESEARCH_JOURNAL.md', 'human_journal.md', 'eval.py', 'lab.yaml'];
  const constants = Object.entries({ ROOT: lab.root, MARK: mark, CHEAT: cheat });
  const text = constants.map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`).join('');
  const guarded = `try:\n${script.replaceAll(/^/gm, '    ')}\nexcept OSError as error:\n    print("refused:", error)\n`;
  await lab.write('train.py', `${text}${attackPrelude}${guarded}${honestEnd}`);
  const end = await runTrain(lab, lab.root);
  const left = listProcesses().filter(({ pid }) => readArguments(pid).includes(`# ${mark}`));
  for (const { pid } of left) sendSignal(pid, 'SIGKILL');
  const worked =
    effect === 'score'
      ? end.kind === 'ended' && end.score === 0
      : effect === 'file'
        ? existsSync(mark)
        : left.length > 0;
  rmSync(mark, { force: true });
  await lab.git('checkout', '--quiet', 'main', '--', ...names);
  return { worked, end };
}

function readArguments(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // Gone between the listing and now.
    return '';
  }
}

describe.each(runAttacks.map((one) => [one.name, one] as const))('%s', (_name, one) => {
  test('works with every lock open, or it would prove nothing, and the row says that the locks were open', async () => {
    const { worked, end } = await attack('none', one);
    expect(worked, JSON.stringify(end)).toBe(true);
    expect(end).toMatchObject({ kind: 'ended', flags: expect.arrayContaining(['unsandboxed', 'lock-open:worker']) });
  });

  test(`worker and scorer alone ${one.stops.worker ? 'stop it' : `show it: ${one.flag}`}`, async () => {
    const { worked, end } = await attack('worker', one);
    expect(worked, JSON.stringify(end)).toBe(!one.stops.worker);
    expect(end).toMatchObject({ kind: 'ended', flags: expect.arrayContaining([one.flag]) });
  });

  test.skipIf(withSandbox)(
    `the sandbox alone ${one.stops.sandbox ? 'stops it' : 'lets it pass'}${withSandbox}`,
    async () => {
      const { worked, end } = await attack('sandbox', one);
      expect(worked, JSON.stringify(end)).toBe(!one.stops.sandbox);
    },
  );
});
