/** `lab init`: makes a lab, around an existing repository or as a new one with the starter problem; `--adopt` takes a clone as it is. Never overwrites a file. */
import { resolve } from 'node:path';
import { LabError } from '../../errors/lab-error.ts';
import type { CommandSpec } from '../define.ts';

/** Makes a lab. */
export const init: CommandSpec = {
  name: 'init',
  summary: 'Make a lab here or in a folder',
  usage: '[dir]',
  options: [
    { name: 'adopt', description: 'Take a training repository as it is: write only lab.yaml and the numbered folders' },
    { name: 'preset', value: 'word', description: 'With --adopt: autoresearch or generic (default: by its files)' },
    { name: 'dry-run', description: 'With --adopt: show everything that would be written, and write nothing' },
    { name: 'device', value: 'class', description: 'With --adopt: cpu or gpu (default: by the files and the machine)' },
    { name: 'hooks', description: 'With --adopt: install the git hooks too' },
    { name: 'starter', description: 'Put the starter problem in (the default in an empty folder)' },
    { name: 'metric', value: 'name', description: 'Primary metric (default: val_bpb)' },
    { name: 'direction', value: 'word', description: 'lower or higher is better (default: lower)' },
    {
      name: 'train',
      value: 'command',
      description: 'What an experiment runs (default: found by looking at the files)',
    },
    { name: 'score', value: 'command', description: 'Reads the metric in a fresh process' },
    { name: 'no-hooks', description: 'Leave the git hooks out (`lab rules install` puts them in later)' },
    { name: 'json', description: 'Print as JSON' },
  ],
  examples: [
    'lab init my-lab',
    'cd my-training-repo && lab init --metric val_loss --train "uv run train.py"',
    'cd autoresearch && lab init --adopt --dry-run',
  ],
  async run(input) {
    const [dir = '.', ...others] = input.words;
    if (others.length > 0) throw new LabError('usage', `one folder is expected, got ${input.words.join(' ')}`);
    if (input.flag('adopt')) {
      if (input.flag('no-hooks') && input.flag('hooks'))
        throw new LabError('usage', '--hooks and --no-hooks contradict each other');
      const { runAdopt } = await import('../adopt/run-adopt.ts');
      return await runAdopt(dir, input);
    }
    const alone = ['preset', 'dry-run', 'device', 'hooks'].find(
      (name) => input.flag(name) || input.text(name) !== null,
    );
    if (alone !== undefined)
      throw new LabError('usage', `--${alone} goes with --adopt alone`, { hints: [`lab init --adopt --${alone} …`] });
    const direction = input.text('direction') ?? 'lower';
    if (direction !== 'lower' && direction !== 'higher')
      throw new LabError('usage', `--direction got "${direction}", expected lower or higher`);
    const { createLab } = await import('../create-lab.ts');
    const made = await createLab(resolve(dir), {
      starter: input.flag('starter') ? true : null,
      fillCharter: false,
      metric: input.text('metric'),
      direction,
      train: input.text('train'),
      score: input.text('score'),
      hooks: !input.flag('no-hooks'),
    });
    if (input.flag('json')) process.stdout.write(`${JSON.stringify(made)}\n`);
    else {
      process.stdout.write(`made a lab in ${made.root} (branch ${made.branch})\n`);
      for (const path of made.written) process.stdout.write(`  ${path}\n`);
      for (const note of made.notes) process.stdout.write(`note: ${note}\n`);
      process.stdout.write(
        'next: fill the holes in program.md, commit what you change in lab.yaml (only then it counts), `lab doctor`, then `lab baseline` measures the noise\n',
      );
    }
    return 0;
  },
};
