/**
 * Asks a Redis server how it is: does it answer, which version, is its data safe. One short connection per question.
 * Decides nothing; redis-server.ts and redis-foreign.ts do.
 */
import { Redis } from 'ioredis';
import { messageOf } from '../src/errors/lab-error.ts';
import { type RedisTarget, redisOptionsOf } from './connection.ts';

/** How a server answered a PING. */
export type RedisProbe =
  /** It serves commands. `problem` holds what it complains about (a full disk, a missing password); null where it is well. */
  | { kind: 'ready'; problem: string | null }
  /** It reads its data from disk and will answer soon. */
  | { kind: 'loading' }
  /** It accepts the connection and says nothing: frozen, or not Redis. */
  | { kind: 'silent' }
  /** Nothing listens there. */
  | { kind: 'absent'; reason: string };

/** What a server says of itself (INFO). */
export interface RedisInfo {
  /** "7.0.15"; for Valkey the Redis version that it is compatible with. */
  version: string;
  /** Whether every write goes to the append-only file. */
  isAofOn: boolean;
  /** "noeviction", …; null where the server does not say (the stand-in). */
  maxmemoryPolicy: string | null;
  /** Its process, on its own host; null where it does not say. */
  pid: number | null;
}

/** Milliseconds after which a server that accepts a connection but does not answer counts as silent. */
const answerMs = 2000;

/** Whether a server answers at the target. Never throws. */
export async function probeRedis(target: RedisTarget): Promise<RedisProbe> {
  try {
    return await withRedis(target, async (redis) => {
      try {
        await redis.ping();
        return { kind: 'ready', problem: null };
      } catch (error) {
        // Error replies prove a living server: MISCONF (disk full), NOAUTH. LOADING alone means that it cannot serve yet.
        const message = messageOf(error);
        if (message.startsWith('LOADING')) return { kind: 'loading' };
        if (/^[A-Z]{3,} /.test(message)) return { kind: 'ready', problem: message };
        // A server that is just dying still takes the connection and closes it: that is absence, and the outer catch says so.
        throw error;
      }
    });
  } catch (error) {
    const message = messageOf(error);
    return /timed? ?out/i.test(message) ? { kind: 'silent' } : { kind: 'absent', reason: message };
  }
}

/** What the server says of itself. Throws what ioredis throws where it is unreachable or refuses. */
export async function readRedisInfo(target: RedisTarget): Promise<RedisInfo> {
  return parseRedisInfo(await withRedis(target, (redis) => redis.info()));
}

/** Reads the text of an INFO reply. A version that is missing becomes "0". */
export function parseRedisInfo(text: string): RedisInfo {
  const fields = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const at = line.indexOf(':');
    if (at > 0) fields.set(line.slice(0, at), line.slice(at + 1).trim());
  }
  const pid = Number(fields.get('process_id'));
  return {
    version: fields.get('redis_version') ?? '0',
    isAofOn: fields.get('aof_enabled') === '1',
    maxmemoryPolicy: fields.get('maxmemory_policy') ?? null,
    pid: Number.isInteger(pid) && pid > 0 ? pid : null,
  };
}

/** Asks the server to write its append-only file and exit. Throws its reply where it refuses (a disk that cannot be written). */
export async function requestShutdown(target: RedisTarget): Promise<void> {
  await withRedis(target, async (redis) => {
    try {
      await redis.call('SHUTDOWN');
    } catch (error) {
      // The connection closing without an answer is how a shutdown succeeds.
      const message = messageOf(error);
      if (/^[A-Z]{3,} /.test(message)) throw error;
    }
  });
}

async function withRedis<T>(target: RedisTarget, use: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis({
    ...redisOptionsOf(target),
    lazyConnect: true,
    enableReadyCheck: false,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    connectTimeout: answerMs,
    commandTimeout: answerMs,
    disableClientInfo: true,
  });
  let connectionError: Error | null = null;
  redis.on('error', (error: Error) => {
    connectionError = error;
  });
  try {
    try {
      await redis.connect();
    } catch (error) {
      // ioredis rejects with a bare "Connection is closed."; the reason came as an event.
      throw connectionError ?? error;
    }
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}
