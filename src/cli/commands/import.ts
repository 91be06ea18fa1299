/** `lab import pueue`: takes pueue's waiting tasks over into the user's own lab. */
import { readFileSync } from 'node:fs';
import { formatLocalTime } from '../../domain/time.ts';
import { LabError, messageOf } from '../../errors/lab-error.ts';
import { type CommandSpec, quoteWords } from '../define.ts';
import type { ImportPlan } from '../import/plan-import.ts';

/** Imports the tasks of another queue. */
export const importTasks: CommandSpec = {
  name: 'import',
  summary: "Take another queue's waiting tasks over (pueue)",
  usage: 'pueue [file|-]',
  options: [
    { name: 'dry-run', description: 'Show what would be queued, and queue nothing' },
    { name: 'json', description: 'Print as JSON' },
  ],
  examples: ['lab import pueue --dry-run', 'pueue status --json | lab import pueue -'],
  async run(input) {
    const [from, file, ...others] = input.words;
    if (from !== 'pueue' || others.length > 0) {
      throw new LabError('usage', `lab import got "${input.words.join(' ')}", expected pueue and at most one file`, {
        hints: ['`lab import pueue --dry-run` asks the pueue of this machine'],
      });
    }
    const { parsePueueState } = await import('../import/pueue-state.ts');
    const { planImport } = await import('../import/plan-import.ts');
    const source = file === undefined ? 'pueue' : file === '-' ? 'standard input' : file;
    const plan = planImport(parsePueueState(await readState(file), source));
    const isJson = input.flag('json');
    if (input.flag('dry-run')) {
      process.stdout.write(isJson ? `${JSON.stringify(withoutEnvironment(plan))}\n` : renderPlan(plan));
      return 0;
    }
    for (const { id, reason } of plan.left) process.stderr.write(`task ${id} ${reason}\n`);
    if (plan.tasks.length === 0) {
      process.stdout.write(isJson ? '{"jobs":[]}\n' : 'nothing waits in pueue\n');
      return 0;
    }
    const { createOwnLab } = await import('../own-lab/create-own-lab.ts');
    const { findOwnLab } = await import('../../config/own-lab.ts');
    const { openConfig } = await import('../open-config.ts');
    const { importPueue } = await import('../import/import-pueue.ts');
    const paths = findOwnLab() ?? (await createOwnLab()).paths;
    const outcome = await importPueue(paths, openConfig(paths), plan);
    for (const note of outcome.notes) process.stderr.write(`${note}\n`);
    for (const { task, notes } of plan.tasks)
      for (const note of notes) process.stderr.write(`task ${task.id} ${note}\n`);
    if (outcome.notTaken.length > 0)
      process.stderr.write(`not taken along: ${outcome.notTaken.join(' ')} (env.pass in ${paths.root}/lab.yaml)\n`);
    if (isJson) process.stdout.write(`${JSON.stringify(outcome)}\n`);
    else {
      const known = new Map(outcome.known.map(({ id, state }) => [id, state]));
      for (const { id, job } of outcome.jobs) {
        const state = known.get(id);
        process.stdout.write(`task ${id} is job ${job}${state === undefined ? '' : ` already (${state})`}\n`);
      }
      const ids = outcome.jobs.map(({ id }) => id).join(' ');
      process.stdout.write(`pueue still has them too: \`pueue remove ${ids}\`\n`);
    }
    return 0;
  },
};

async function readState(file: string | undefined): Promise<string> {
  if (file !== undefined) {
    try {
      return readFileSync(file === '-' ? 0 : file, 'utf8');
    } catch (error) {
      throw new LabError('user', `${file} cannot be read: ${messageOf(error)}`, { cause: error });
    }
  }
  const { findPueue } = await import('../import/find-pueue.ts');
  const { program, shim } = findPueue(process.env.PATH ?? '');
  if (program === null)
    throw new LabError(
      'user',
      shim === null ? 'pueue is not on PATH' : `${shim} is lab's own script, and no other pueue is on PATH`,
      { hints: ['give a file that `pueue status --json` wrote: `lab import pueue tasks.json`'] },
    );
  if (shim !== null) process.stderr.write(`${shim} is lab's own script; ${program} is asked\n`);
  const { execa } = await import('execa');
  const result = await execa(program, ['status', '--json'], { reject: false, maxBuffer: 1024 ** 3 });
  if (result.exitCode === 0) return result.stdout;
  throw new LabError('user', `\`pueue status --json\` failed: ${(result.stderr ?? '').trim() || result.shortMessage}`, {
    hints: ['start pueued, or give a file that `pueue status --json` wrote'],
  });
}

/** The plan as it may be shown: pueue keeps whole environments, tokens included. */
function withoutEnvironment(plan: ImportPlan): unknown {
  const tasks = plan.tasks.map(({ task: { envs: _hidden, ...task }, ...planned }) => ({ ...planned, task }));
  return { ...plan, tasks };
}

function renderPlan(plan: ImportPlan): string {
  const lines = plan.tasks.flatMap(({ task, stashed, notBefore, after, notes }) => {
    const parts = [
      task.label === null ? '' : `"${task.label}"`,
      task.group === 'default' ? '' : `group ${task.group}`,
      task.priority === 0 ? '' : `priority ${task.priority}`,
      stashed ? 'stashed' : '',
      notBefore === null ? '' : `not before ${formatLocalTime(new Date(notBefore))}`,
      after.length === 0 ? '' : `after task ${after.join(', ')}`,
    ].filter((part) => part !== '');
    const details = parts.length === 0 ? '' : ` (${parts.join(', ')})`;
    return [
      `task ${task.id}: ${task.command} in ${quoteWords([task.path])}${details}`,
      ...notes.map((note) => `  ${note}`),
    ];
  });
  const left = plan.left.map(({ id, reason }) => `task ${id} ${reason}`);
  const end = `${plan.tasks.length} would be queued, ${plan.left.length} left to pueue; this was --dry-run`;
  return `${[...lines, ...left, end].join('\n')}\n`;
}
