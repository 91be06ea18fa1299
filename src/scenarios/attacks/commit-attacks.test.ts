/** Every attack by commit against each lock alone, the other three open, and against none: an attack that never works proves nothing. */
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCommandAgent } from '../../agents/command-agent.ts';
import { ownTemplate } from '../../agents/templates.ts';
import { loadLabConfig } from '../../git/committed-config.ts';
import { checkExperimentCommit } from '../../rules/experiment-check.ts';
import { probeSandbox } from '../../sandbox/bubblewrap.ts';
import type { LabCall, TemporaryLab } from '../temporary-lab.ts';
import { addTree, createAttackLab, runTrain } from './attack-lab.ts';
import { type CommitAttack, cheat, commitAttacks } from './attack-table.ts';

const probe = await probeSandbox();
const withSandbox = probe.kind === 'bubblewrap' ? '' : ` (skipped: no sandbox here, ${probe.reason})`;
let open: TemporaryLab;
let guarded: TemporaryLab;
let count = 0;

beforeAll(async () => {
  open = await createAttackLab([]);
  // Hooks are told by the environment of git, so one lab serves for hooks, check, worker and sandbox.
  guarded = await createAttackLab(['worker']);
  await guarded.lab('rules', 'install');
});

afterAll(async () => {
  await Promise.all([open, guarded].map((lab) => lab?.remove()));
});

async function run(lab: TemporaryLab, folder: string, words: string[], env: Record<string, string>): Promise<LabCall> {
  const [program = '', ...rest] = words;
  const settings = { cwd: folder, env: { ...lab.env, ...env }, extendEnv: false, reject: false } as const;
  const { exitCode, stdout, stderr } = await execa(program, rest, settings);
  return { code: exitCode ?? null, stdout, stderr };
}

/** A worktree in which the attack was made and staged; its commit is for the caller. */
async function attackIn(lab: TemporaryLab, { script }: CommitAttack): Promise<string> {
  count += 1;
  const tree = await addTree(lab, `attack-${count}`);
  const made = await run(lab, tree, ['sh', '-ec', script], { CHEAT: cheat });
  expect(made, script).toMatchObject({ code: 0 });
  // Bytecode is ignored by git unless somebody insists.
  const paths = script.includes('__pycache__') ? ['--force', '__pycache__'] : [];
  if (!script.includes('update-index')) await run(lab, tree, ['git', 'add', '--all'], {});
  if (paths.length > 0) await run(lab, tree, ['git', 'add', ...paths], {});
  return tree;
}

const commit = (lab: TemporaryLab, tree: string, openLocks: string): Promise<LabCall> =>
  run(lab, tree, ['git', 'commit', '--quiet', '--message=change'], { LAB_TEST_OPEN_LOCKS: openLocks });

describe.each(commitAttacks.map((one) => [one.name, one] as const))('%s', (_name, attack) => {
  test(`with every lock open ${attack.changesScore ? 'makes the score 0' : 'is committed'}`, async () => {
    const tree = await attackIn(open, attack);
    expect(await commit(open, tree, 'hooks')).toMatchObject({ code: 0 });
    if (attack.changesScore) expect(await runTrain(open, tree)).toMatchObject({ kind: 'ended', score: 0 });
  });

  test(`the hooks alone ${attack.stops.hooks ? 'refuse it' : 'let it pass'}`, async () => {
    const tree = await attackIn(guarded, attack);
    const call = await commit(guarded, tree, 'check,worker,sandbox');
    expect(call.code, call.stderr).toBe(attack.stops.hooks ? 1 : 0);
    if (attack.stops.hooks) expect(call.stderr).toContain('refuse the commit');
  });

  test(`the check of commits alone ${attack.stops.check ? 'refuses it' : 'lets it pass'}`, async () => {
    const tree = await attackIn(guarded, attack);
    await commit(guarded, tree, 'hooks');
    const hash = (await run(guarded, tree, ['git', 'rev-parse', 'HEAD'], {})).stdout.trim();
    const base = (await guarded.git('merge-base', 'main', hash)).trim();
    const config = loadLabConfig(guarded.root, { environment: {} });
    const problems = await checkExperimentCommit({ root: guarded.root, main: 'main', base, commit: hash, config });
    expect(problems.length > 0, problems.join('\n')).toBe(attack.stops.check);
  });

  test(`the worker alone ${attack.stops.worker ? 'refuses it, or scores as if it were not there' : 'runs it'}`, async () => {
    const tree = await attackIn(guarded, attack);
    await commit(guarded, tree, 'hooks');
    const end = await runTrain(guarded, tree);
    if (attack.stops.worker) {
      if (end.kind === 'ended') expect(end.score).toBe(1);
    } else expect(end).toMatchObject({ kind: 'ended', score: 1 });
  });

  test.skipIf(withSandbox)(
    `the sandbox of agents alone ${attack.stops.sandbox ? 'keeps it from being made' : 'lets it be made'}${withSandbox}`,
    async () => {
      count += 1;
      const tree = await addTree(guarded, `attack-${count}`);
      const folder = join(guarded.root, '.lab', 'agents', `attack-${count}`);
      const config = loadLabConfig(guarded.root, { environment: {} });
      const template = ownTemplate(`CHEAT='${cheat}' sh -ec ${quote(attack.script)} {promptFile}`);
      const agent = createCommandAgent({
        ...{ name: 'attacker', template, config, sandbox: probe },
        environment: guarded.env,
      });
      const result = await agent.run(
        {
          ...{ role: 'implementer', slug: `attack-${count}`, round: 1, wanted: null, prompt: 'attack', mayEdit: true },
          ...{ directory: tree, labRoot: guarded.root, folder },
          ...{ inbox: join(folder, 'inbox'), outbox: join(folder, 'outbox') },
          limits: { wallSeconds: 600, idleSeconds: 600, tokens: null, usd: null },
          signal: new AbortController().signal,
        },
        () => undefined,
      );
      expect(result.flags).toEqual([]);
      const ruled = attack.stops.sandbox
        ? await run(guarded, tree, ['git', 'status', '--porcelain', '--', ...protectedPaths], {})
        : null;
      if (ruled !== null) expect(ruled.stdout).toBe('');
      else expect(result.status).toBe('done');
    },
  );
});

const protectedPaths = [
  'eval.py',
  'prepare.py',
  'lib',
  'lab.yaml',
  'results.tsv',
  'RESEARCH_JOURNAL.md',
  'human_journal.md',
];

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
