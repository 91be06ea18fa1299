/**
 * Keeps Redis going for the daemon. Runs do not need it: when it went away it is started again, and whatever it lost is put back from the
 * run folders. It does not choose or install a server.
 */
import type { Logger } from 'pino';
import type { RedisHandle } from '../../queue/redis-server.ts';
import { messageOf } from '../errors/lab-error.ts';

/** What a keeper works with. */
export interface RedisKeeperOptions {
  /** The server that was started first. */
  first: RedisHandle;
  /** Starts it again with the same settings; adopts one that is there. */
  startServer(): Promise<RedisHandle>;
  /** Puts into the queues what they lack. */
  refill(): Promise<void>;
  log: Logger;
}

/** A Redis that is started again whenever it went away. */
export interface RedisKeeper {
  current(): RedisHandle;
  /** To be called with every error of a connection. */
  onError(error: Error): void;
  /** What is wrong right now; null where nothing is. */
  problem(): string | null;
  /** Ends the keeping, not the server. */
  stop(): void;
}

const longestPauseMs = 5000;

/** Creates the keeper. */
export function createRedisKeeper({ first, startServer, refill, log }: RedisKeeperOptions): RedisKeeper {
  let redis = first;
  let problem: string | null = null;
  let isReviving = false;
  let isStopped = false;

  const revive = async () => {
    for (let tries = 0; !isStopped; tries++) {
      try {
        redis = await startServer();
        await refill();
        problem = null;
        log.info({ tries }, 'redis is back');
        return;
      } catch (error) {
        log.warn({ problem: messageOf(error) }, 'redis does not start');
        await new Promise((resume) => setTimeout(resume, Math.min(longestPauseMs, 200 * 2 ** tries)));
      }
    }
  };

  return {
    current: () => redis,
    onError(error) {
      if (isStopped) return;
      problem = `Redis: ${error.message}`;
      if (isReviving) return;
      isReviving = true;
      void revive().finally(() => {
        isReviving = false;
      });
    },
    problem: () => problem,
    stop() {
      isStopped = true;
    },
  };
}
