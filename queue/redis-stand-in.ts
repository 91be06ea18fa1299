/**
 * Entry point `dist/redis-stand-in.js SOCKET PIDFILE`: a Redis in memory, for a machine on which no real one is to be had.
 * It holds no data over its own end, which is enough, because the queue is rebuilt from the run folders. Started by
 * redis-server.ts as a detached process, ended with SIGTERM; it also ends where its pid file is gone (the lab was deleted).
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRedisCommandExecutor, RedisServerState, Resp2Server } from 'js-redis-server/core';

/** Serves until SIGTERM. Exits with 2 without its arguments, with 1 where it cannot listen. */
function main(): void {
  const [socketPath, pidFile] = process.argv.slice(2);
  if (socketPath === undefined || pidFile === undefined) {
    process.stderr.write('usage: redis-stand-in SOCKET PIDFILE\n');
    process.exitCode = 2;
    return;
  }
  const logger = { error: (problem: unknown) => process.stderr.write(`${String(problem)}\n`) };
  const { server } = new Resp2Server({
    server: new RedisServerState({ databaseCount: 1 }),
    executor: createRedisCommandExecutor(),
    logger,
  });
  const leave = (code: number): void => {
    if (holdsPid(pidFile)) {
      rmSync(pidFile, { force: true });
      rmSync(socketPath, { force: true });
    }
    process.exit(code);
  };
  server.on('error', () => leave(1));
  process.on('SIGTERM', () => leave(0));
  process.on('SIGINT', () => leave(0));
  // The socket must be the owner's alone from its first moment, so the mask is set before it exists.
  process.umask(0o077);
  writeFileSync(pidFile, `${process.pid}\n`);
  server.listen(socketPath);
  setInterval(() => {
    if (!holdsPid(pidFile)) process.exit(0);
  }, 2000).unref();
}

function holdsPid(pidFile: string): boolean {
  try {
    return Number(readFileSync(pidFile, 'utf8')) === process.pid;
  } catch {
    return false;
  }
}

main();
