/** `lab up`: starts the daemon. */
import { findQueueLab } from '../../config/own-lab.ts';
import { callRunning, ensureDaemon } from '../client.ts';
import type { CommandSpec } from '../define.ts';

/** Starts the daemon; configuration flags hold for as long as it lives. */
export const up: CommandSpec = {
  name: 'up',
  summary: 'Start the daemon',
  usage: '',
  options: [{ name: 'json', description: 'Print as JSON' }],
  examples: ['lab up', 'lab up --run.wall-seconds 120 --sandbox off'],
  takesConfig: true,
  async run(input) {
    const paths = findQueueLab(process.cwd());
    const flags = Object.keys(input.config).length > 0 ? await configEnvironment(paths.root, input.config) : {};
    const outcome = await ensureDaemon(paths, flags);
    const greeting = await callRunning(paths, 'hello', {});
    if (input.flag('json')) process.stdout.write(`${JSON.stringify({ outcome, ...greeting })}\n`);
    else
      process.stdout.write(
        `the daemon of ${paths.root} ${outcome === 'started' ? 'runs now' : 'was running already'} (pid ${greeting?.pid})\n`,
      );
    if (outcome === 'running' && Object.keys(flags).length > 0)
      process.stderr.write(
        'note: configuration flags count from the next start: `lab down`, then `lab up` with them\n',
      );
    return 0;
  },
};

/** Configuration flags as the environment names that the daemon reads. Checks them first. */
async function configEnvironment(root: string, flags: Record<string, string>): Promise<Record<string, string>> {
  const [{ loadLabConfig }, { listConfigLeaves }] = await Promise.all([
    import('../../git/committed-config.ts'),
    import('../../config/schema.ts'),
  ]);
  loadLabConfig(root, { environment: process.env, flags });
  const environment: Record<string, string> = {};
  for (const leaf of listConfigLeaves()) {
    const value = flags[leaf.flag.slice(2)] ?? flags[leaf.path];
    if (value !== undefined) environment[leaf.environment] = value;
  }
  return environment;
}
