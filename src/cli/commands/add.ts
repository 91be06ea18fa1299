/** `lab add`: queues one labelled command, bound to a snapshot of the checkout it is given in. */
import { randomUUID } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { relative } from 'node:path';
import { parseLabel } from '../../../queue/label.ts';
import { findLab } from '../../config/lab-paths.ts';
import { findCheckoutRoot } from '../../config/repository-root.ts';
import { requestDefaults } from '../../daemon/routes.ts';
import { LabError } from '../../errors/lab-error.ts';
import { captureEnvironment } from '../capture-environment.ts';
import { call } from '../client.ts';
import { type CommandInput, type CommandSpec, quoteWords } from '../define.ts';
import { waitForJobs } from '../wait-for-jobs.ts';

/** How many names that a job does not take along are told. */
const shownLeft = 6;

/** Queues a command. */
export const add: CommandSpec = {
  name: 'add',
  summary: 'Queue a labelled command',
  usage: '--label "Q: … H: …" [options] -- <command…>',
  options: [
    { name: 'label', short: 'l', value: 'text', description: 'The question and the expected answer: "Q: … H: …"' },
    { name: 'device', value: 'class', description: 'cpu or gpu (default: run.device of lab.yaml)' },
    { name: 'seed', value: 'number', description: 'LAB_SEED of the run' },
    { name: 'wall-seconds', value: 'number', description: 'Wall limit of the command (default: run.wallSeconds)' },
    { name: 'base', value: 'rev', description: 'Commit to compare with (default: the champion)' },
    { name: 'here', description: 'Run in this folder instead of a snapshot; the row is flagged' },
    { name: 'no-score', description: 'A task: nothing to score, no row' },
    { name: 'wait', short: 'w', description: 'Wait for the job; the exit code is its fate' },
    { name: 'print-number', short: 'p', description: 'Print the number alone' },
    { name: 'json', description: 'Print as JSON' },
  ],
  examples: [
    'lab add --label "Q: does order 5 help? H: saves 0.2 bpb" -- python3 problem/train.py',
    'lab add -p --label "Q: is it stable? H: no change" --seed 7 "python3 problem/train.py | cat"',
  ],
  async run(input) {
    const paths = findLab(process.cwd());
    const { openConfig } = await import('../open-config.ts');
    const config = openConfig(paths);
    const checkout = findCheckoutRoot(realpathSync(process.cwd())) ?? paths.root;
    // Asked here already, so that a typing mistake does not start a daemon first; the daemon asks again.
    const label = input.text('label');
    if (label !== null) parseLabel(label, config.metric.direction);
    const base = input.text('base');
    const { resolveCommit } = await import('../../git/repository.ts');
    const captured = captureEnvironment(process.env, config.env.pass, config.env.secret);
    const answer = await call(paths, 'add', {
      ...requestDefaults,
      key: randomUUID(),
      kind: input.flag('no-score') ? 'task' : 'plain',
      label,
      command: parseShellCommand(input),
      checkout,
      directory: relative(checkout, realpathSync(process.cwd())),
      here: input.flag('here'),
      device: parseDevice(input.text('device')),
      seed: input.wholeNumber('seed', 0),
      env: captured.env,
      secrets: captured.secrets,
      wallSeconds: input.wholeNumber('wall-seconds', 1),
      base: base === null ? null : await resolveCommit(paths.root, base),
      commit: null,
      experiment: null,
      fromTrack: null,
      flags: [],
    });
    if (captured.left.length > 0) {
      const more = captured.left.length > shownLeft ? ` and ${captured.left.length - shownLeft} more` : '';
      process.stderr.write(
        `not taken along: ${captured.left.slice(0, shownLeft).join(' ')}${more} (env.pass and env.secret in lab.yaml take names)\n`,
      );
    }
    if (answer.snapshot)
      process.stderr.write(
        `the tree has uncommitted changes: snapshot ${answer.commit.slice(0, 7)}${answer.untracked.length > 0 ? ` with ${answer.untracked.length} untracked files` : ''}\n`,
      );
    for (const note of answer.notes) process.stderr.write(`${note}\n`);
    if (input.flag('json')) process.stdout.write(`${JSON.stringify(answer)}\n`);
    else if (input.flag('print-number')) process.stdout.write(`${answer.number}\n`);
    else
      process.stdout.write(
        `job ${answer.number} queued at ${answer.commit.slice(0, 7)}; \`lab follow ${answer.number}\` shows its log\n`,
      );
    return input.flag('wait') ? await waitForJobs(paths, [answer.number], { isJson: false }) : 0;
  },
};

/** The shell line of a command: one word is a shell line already, several words after `--` each stay one word. */
function parseShellCommand(input: CommandInput): string {
  const words = input.rest ?? input.words;
  if (input.rest !== null && input.words.length > 0) {
    throw new LabError('usage', `"${input.words.join(' ')}" stands before --, expected the whole command after it`, {
      hints: ['`lab add --help` shows how'],
    });
  }
  const [only, ...others] = words;
  if (only === undefined || words.join('').trim() === '') {
    throw new LabError('usage', 'there is no command to queue', {
      hints: ['lab add --label "Q: … H: …" -- python3 problem/train.py'],
    });
  }
  return others.length === 0 ? only : quoteWords(words);
}

function parseDevice(text: string | null): 'cpu' | 'gpu' | null {
  if (text === null || text === 'cpu' || text === 'gpu') return text;
  throw new LabError('usage', `--device got "${text}", expected cpu or gpu`);
}
