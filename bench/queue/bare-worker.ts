/**
 * The bare BullMQ worker, in a process of its own: each job is a program spawned with its output in a file; one that names none only
 * ends. Arguments: socket of Redis, log file. SIGUSR2 ends the program that runs, SIGTERM the worker.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { Worker } from 'bullmq';
import { createConnection } from '../../queue/connection.ts';

const [path = '', log = ''] = process.argv.slice(2);
let running: ChildProcess | null = null;
const connection = createConnection({ path }, 'worker', (error) => {
  process.stderr.write(`${error.message}\n`);
});
const worker = new Worker<{ words: string[] }>(
  'bare',
  ({ data: { words } }) =>
    new Promise((resolve, reject) => {
      const [program, ...args] = words;
      if (program === undefined) return resolve(null);
      const fd = openSync(log, 'a');
      running = spawn(program, args, { detached: true, stdio: ['ignore', fd, fd] });
      closeSync(fd);
      running.once('error', reject);
      running.once('exit', resolve);
    }),
  { connection, concurrency: 1 },
);
worker.on('error', (error) => process.stderr.write(`${error.message}\n`));
process.on('SIGUSR2', () => running?.kill());
process.on('SIGTERM', () => {
  running?.kill();
  void worker.close().then(() => connection.disconnect());
});
await worker.waitUntilReady();
process.stdout.write('ready\n');
