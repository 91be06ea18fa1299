/** `lab down`: ends the daemon. */
import { isAlive, readIdentity } from '../../../workers/process-tree.ts';
import { findQueueLab } from '../../config/own-lab.ts';
import { callRunning } from '../client.ts';
import type { CommandSpec } from '../define.ts';

/** How long a daemon that answers nobody any more may take to end its Redis. */
const endLimitMs = 30_000;

/** Ends the daemon; what runs goes on under its supervisor and is attached to at the next start. */
export const down: CommandSpec = {
  name: 'down',
  summary: 'End the daemon; running jobs go on',
  usage: '',
  options: [{ name: 'json', description: 'Print as JSON' }],
  examples: ['lab down'],
  async run(input) {
    const paths = findQueueLab(process.cwd());
    const greeting = await callRunning(paths, 'hello', {});
    const daemon = greeting === null ? null : readIdentity(greeting.pid);
    const answer = await callRunning(paths, 'down', {});
    while ((await callRunning(paths, 'hello', {})) !== null) await new Promise((resume) => setTimeout(resume, 20));
    // Redis writes until its daemon has gone: whoever copies or deletes the lab's files next is to find them at rest.
    for (const limitMs = performance.now() + endLimitMs; daemon !== null && isAlive(daemon); ) {
      if (performance.now() > limitMs) break;
      await new Promise((resume) => setTimeout(resume, 20));
    }
    if (input.flag('json')) {
      process.stdout.write(
        `${JSON.stringify({ wasRunning: answer !== null, running: answer?.running ?? [], queued: answer?.queued ?? [] })}\n`,
      );
      return 0;
    }
    if (answer === null) process.stdout.write('no daemon was running\n');
    else {
      process.stdout.write('the daemon has ended\n');
      if (answer.running.length > 0)
        process.stdout.write(`job ${answer.running.join(', ')} goes on and is attached to at the next start\n`);
      if (answer.queued.length > 0)
        process.stdout.write(
          `${answer.queued.length} queued ${answer.queued.length === 1 ? 'job waits' : 'jobs wait'} for the next start (\`lab up\`)\n`,
        );
    }
    return 0;
  },
};
