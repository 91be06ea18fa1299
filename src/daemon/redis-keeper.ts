/**
 * Keeps Redis going for the daemon. Runs do not need it: when it went away it is started again, and whatever it lost is put back from the
 * run folders. It does not choose or install a server.
 */
import type { Logger } from 'pino';
import { probeRedis } from '../../queue/redis-probe.ts';
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
// A server that hangs closes no connection: only asking shows it.
const lookMs = 10_000;
const lookAgainMs = 1000;

/** Creates the keeper. */
export function createRedisKeeper({ first, startServer, refill, log }: RedisKeeperOptions): RedisKeeper {
  let redis = first;
  let problem: string | null = null;
  let isReviving = false;
  let isStopped = false;
  let silence: string | null = null;
  /** Tells whoever refills that the server is gone again. */
  let giveUpRefill: (error: Error) => void = () => undefined;

  // The refill's commands wait until Redis answers. Where it died meanwhile they would wait for ever, and nobody would start it again.
  const refillOrFail = () =>
    new Promise<void>((resolve, reject) => {
      giveUpRefill = reject;
      refill().then(resolve, reject);
    });

  const revive = async () => {
    for (let tries = 0; !isStopped; tries++) {
      try {
        redis = await startServer();
        await refillOrFail();
        problem = null;
        log.info({ tries }, 'redis is back');
        return;
      } catch (error) {
        log.warn({ problem: messageOf(error) }, 'redis does not start');
        await new Promise((resume) => setTimeout(resume, Math.min(longestPauseMs, 200 * 2 ** tries)));
      }
    }
  };

  const look = async () => {
    const { connection, pid } = redis;
    const probe = isReviving ? null : await probeRedis(connection);
    const end = pid === null ? '' : `; \`kill -9 ${pid}\` ends it, and the lab starts another`;
    silence =
      probe?.kind === 'silent' ? `Redis does not answer: nothing is started or recorded until it does${end}` : null;
  };
  let timer: NodeJS.Timeout;
  const lookLater = (inMs: number) => {
    timer = setTimeout(() => {
      void look().finally(() => {
        if (!isStopped) lookLater(silence === null ? lookMs : lookAgainMs);
      });
    }, inMs);
    timer.unref();
  };
  lookLater(lookMs);

  return {
    current: () => redis,
    onError(error) {
      if (isStopped) return;
      problem = `Redis: ${error.message}`;
      if (isReviving) {
        giveUpRefill(error);
        return;
      }
      isReviving = true;
      void revive().finally(() => {
        isReviving = false;
      });
    },
    problem: () => problem ?? silence,
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
