/**
 * Where a Redis server is reached, and ioredis clients for it. Covers targets, their URL form, the length of socket paths and
 * the two client behaviours; it neither starts nor checks servers (redis-server.ts, redis-foreign.ts).
 */
import { Redis, type RedisOptions } from 'ioredis';
import { LabError } from '../src/errors/lab-error.ts';

/** Where a server listens: a unix socket, or a host with its port. */
export type RedisTarget =
  | {
      path: string /** Number of the logical database; absent means 0. */;
      db?: number;
      username?: string;
      password?: string;
    }
  | {
      host: string;
      port: number;
      db?: number;
      username?: string;
      password?: string /** TLS (`rediss:`). */;
      tls?: boolean;
    };

/**
 * What a client does while Redis is away. `worker`: waits and tries for ever, every 500 ms (BullMQ's own back-off grows to 20 s,
 * which would delay a result by as much). `client`: each command fails at once, while the connection is tried again behind it.
 */
export type ConnectionRole = 'worker' | 'client';

/** Milliseconds between two tries to connect. */
const reconnectMs = 500;

/** The ioredis options of a target, without any retry behaviour. */
export function redisOptionsOf(target: RedisTarget): RedisOptions {
  if ('path' in target) return { ...target };
  const { tls, ...rest } = target;
  return tls === true ? { ...rest, tls: {} } : rest;
}

/**
 * An open ioredis client. Every connection error goes to `onError` (several a second while Redis is away), so that none is
 * unhandled; who calls decides how often to log it.
 */
export function createConnection(target: RedisTarget, role: ConnectionRole, onError: (error: Error) => void): Redis {
  const behaviour: RedisOptions =
    role === 'worker' ? { maxRetriesPerRequest: null } : { maxRetriesPerRequest: 0, enableOfflineQueue: false };
  const redis = new Redis({ ...redisOptionsOf(target), ...behaviour, retryStrategy: () => reconnectMs });
  redis.on('error', onError);
  return redis;
}

/**
 * Reads `redis://`, `rediss://` and `unix:///path?db=N` URLs, and a plain absolute path of a socket.
 * Throws LabError (config) that shows the URL without its password.
 */
export function parseRedisUrl(url: string): RedisTarget {
  if (url.startsWith('/')) return { path: url };
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw new LabError('config', `the Redis URL is not a URL: "${maskPassword(url)}"`, { hints: urlHints, cause });
  }
  const login = {
    ...(parsed.username === '' ? {} : { username: decodeURIComponent(parsed.username) }),
    ...(parsed.password === '' ? {} : { password: decodeURIComponent(parsed.password) }),
  };
  if (parsed.protocol === 'unix:') {
    const path = decodeURIComponent(parsed.pathname);
    if (parsed.host !== '' || path === '' || path === '/') {
      throw new LabError('config', `the Redis URL names no absolute socket path: "${maskPassword(url)}"`, {
        hints: urlHints,
      });
    }
    return { path, ...login, ...databaseOf(parsed.searchParams.get('db') ?? '', url) };
  }
  if (parsed.protocol !== 'redis:' && parsed.protocol !== 'rediss:') {
    const message = `the Redis URL has the scheme "${parsed.protocol.slice(0, -1)}", expected redis, rediss or unix`;
    throw new LabError('config', message, { hints: urlHints });
  }
  if (parsed.hostname === '') {
    throw new LabError('config', `the Redis URL names no host: "${maskPassword(url)}"`, { hints: urlHints });
  }
  return {
    host: parsed.hostname.replace(/^\[|\]$/g, ''),
    port: parsed.port === '' ? 6379 : Number(parsed.port),
    ...login,
    ...databaseOf(parsed.pathname.replace(/^\//, ''), url),
    ...(parsed.protocol === 'rediss:' ? { tls: true } : {}),
  };
}

/** A target for people: the socket's path or `host:port`, with the database where it is not 0. Never a password. */
export function formatRedisTarget(target: RedisTarget): string {
  const place = 'path' in target ? target.path : `${target.host}:${target.port}`;
  return target.db === undefined || target.db === 0 ? place : `${place} (database ${target.db})`;
}

const urlHints = [
  'write redis://HOST:PORT, rediss://HOST:PORT or unix:///path/of/redis.sock, or unset LAB_REDIS_URL for an own server',
];

function databaseOf(text: string, url: string): { db?: number } {
  if (text === '') return {};
  if (!/^\d{1,5}$/.test(text)) {
    const message = `the Redis URL names the database "${text}", expected a number: "${maskPassword(url)}"`;
    throw new LabError('config', message, { hints: urlHints });
  }
  return { db: Number(text) };
}

function maskPassword(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//***@');
}
