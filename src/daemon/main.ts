/**
 * Entry point of the daemon (`dist/daemon.js <lab root>`), started by the client. One per lab, held by a kernel lock; a second one ends
 * with exit code 75, so that its client talks to the first. SIGTERM and SIGINT end it like `lab down`.
 */
import { appendFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { ensureRuntime, labPaths } from '../config/lab-paths.ts';
import { buildId } from '../config/package-root.ts';
import { exitCodes, formatError, LabError } from '../errors/lab-error.ts';
import { createCommittedConfigSource } from '../git/committed-config.ts';
import { writeJsonSynced } from '../lab/atomic-write.ts';
import { tryLock } from '../lab/kernel-lock.ts';
import { writeLabState } from '../lab/lab-state.ts';
import { serveApi } from './api.ts';
import { startDaemon } from './daemon.ts';
import { createHandlers } from './handlers.ts';

const alreadyRunning = 75;

/** Appends lines to the log. A line that a full disk does not take is dropped: the log must not end the daemon whose story it tells. */
function createLogFile(path: string): { write(line: string): void } {
  let dropped = 0;
  return {
    write(line) {
      try {
        const note =
          dropped > 0
            ? `${JSON.stringify({ level: 40, time: new Date().toISOString(), msg: `${dropped} lines before this one could not be written` })}\n`
            : '';
        appendFileSync(path, `${note}${line}`);
        dropped = 0;
      } catch {
        dropped += 1;
      }
    },
  };
}

async function main(): Promise<void> {
  const root = process.argv[2];
  if (root === undefined) throw new LabError('usage', 'the daemon needs the folder of its lab; `lab up` starts it');
  const paths = labPaths(root);
  const config = createCommittedConfigSource(paths.root, { environment: process.env }, () =>
    existsSync(join(paths.state, 'meta.json')),
  );
  mkdirSync(paths.logs, { recursive: true });
  const lock = await tryLock(paths.daemonLock);
  if (lock === null) {
    process.exitCode = alreadyRunning;
    return;
  }
  ensureRuntime(paths);
  writeLabState(paths);
  // Taken once: a build that is made while this process lives is not its own.
  const build = buildId();
  const log = pino(
    { base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime },
    createLogFile(paths.daemonLog),
  );
  const crash = (error: unknown) => {
    log.fatal({ err: error }, 'the daemon ends on an error it did not expect');
    process.stderr.write(formatError(error));
    process.exit(exitCodes.internal);
  };
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
  log.info({ build, root: paths.root }, 'starting');
  const daemon = await startDaemon(paths, config, log, (line) => process.stderr.write(`nightlab: ${line}\n`));
  let isEnding = false;
  const end = () => {
    if (isEnding) return;
    isEnding = true;
    log.info('ending; running jobs go on');
    server.close();
    rmSync(join(paths.state, 'daemon.json'), { force: true });
    daemon
      .stop()
      .catch((error: unknown) => log.error({ err: error }, 'ending'))
      .finally(() => {
        rmSync(paths.socket, { force: true });
        process.exit(0);
      });
  };
  // Before it answers: whoever was told that it is up must find it.
  await writeJsonSynced(join(paths.state, 'daemon.json'), { pid: process.pid, socket: paths.socket, build });
  const server = await serveApi(paths.socket, createHandlers(paths, daemon, build, end), build, (error) =>
    log.error({ err: error }, 'request'),
  );
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  // The terminal may close; the daemon stays.
  process.on('SIGHUP', () => log.info('the terminal closed'));
  log.info({ socket: paths.socket }, 'ready');
}

// The client that reads these lines goes away once the daemon answers; a broken pipe is no reason to end.
process.stderr.on('error', () => undefined);

main().catch((error: unknown) => {
  process.stderr.write(formatError(error));
  process.exit(error instanceof LabError ? exitCodes[error.kind] : exitCodes.internal);
});
