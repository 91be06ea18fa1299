/** A Redis that the user runs (LAB_REDIS_URL): checks that the queue is safe in it. The lab never starts, changes or stops it. */
import { LabError, messageOf } from '../src/errors/lab-error.ts';
import { formatRedisTarget, parseRedisUrl, type RedisTarget } from './connection.ts';
import { isRedisTooOld, oldestRedis } from './redis-find.ts';
import { probeRedis, type RedisInfo, readRedisInfo } from './redis-probe.ts';

/** A foreign server that may be used. */
export interface ForeignRedis {
  target: RedisTarget;
  info: RedisInfo;
}

/**
 * Reaches the server and makes sure that it keeps what the queue holds. Throws LabError (config) where the URL is wrong, nothing
 * answers, the version is too old, the append-only file is off or keys may be evicted.
 */
export async function ensureForeignRedis(url: string): Promise<ForeignRedis> {
  const target = parseRedisUrl(url);
  const place = formatRedisTarget(target);
  const probe = await probeRedis(target);
  const ownServer = 'unset LAB_REDIS_URL to let the lab start its own server';
  if (probe.kind === 'absent' || probe.kind === 'silent') {
    const reason = probe.kind === 'absent' ? probe.reason : 'it does not answer';
    throw new LabError('config', `no Redis at ${place}: ${reason}`, {
      hints: [`${renderCli(target)} ping`, ownServer],
    });
  }
  let info: RedisInfo;
  try {
    info = await readRedisInfo(target);
  } catch (cause) {
    throw new LabError('config', `the Redis at ${place} refuses: ${messageOf(cause)}`, { hints: [ownServer], cause });
  }
  const problems = checkForeignRedis(info);
  if (problems.length > 0) {
    const hints = [
      ...problems.flatMap((problem) =>
        problem.setting === null ? [] : [`${renderCli(target)} config set ${problem.setting}`],
      ),
      ownServer,
    ];
    throw new LabError(
      'config',
      `the Redis at ${place} would lose jobs: ${problems.map((one) => one.text).join('; ')}`,
      { hints },
    );
  }
  return { target, info };
}

/** What makes a server unsafe for the queue. `setting` is the configuration that mends it; null where only another server does. */
export function checkForeignRedis(info: RedisInfo): { text: string; setting: string | null }[] {
  const problems: { text: string; setting: string | null }[] = [];
  if (isRedisTooOld(info.version)) {
    problems.push({ text: `its version is ${info.version}, at least ${oldestRedis} is needed`, setting: null });
  }
  if (!info.isAofOn) {
    problems.push({
      text: 'appendonly is no, expected yes (a restart would forget what was queued)',
      setting: 'appendonly yes',
    });
  }
  if (info.maxmemoryPolicy !== 'noeviction') {
    const text = `maxmemory-policy is ${info.maxmemoryPolicy ?? 'unknown'}, expected noeviction (jobs would be evicted)`;
    problems.push({ text, setting: 'maxmemory-policy noeviction' });
  }
  return problems;
}

function renderCli(target: RedisTarget): string {
  return 'path' in target ? `redis-cli -s ${target.path}` : `redis-cli -h ${target.host} -p ${target.port}`;
}
