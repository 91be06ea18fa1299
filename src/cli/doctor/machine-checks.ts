/** What `lab doctor` checks of the machine: programs, Redis, devices, disk. Looks only; installs nothing. */
import { execFile } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import { findRedis } from '../../../queue/redis-find.ts';
import { defaultDeviceLockFolder } from '../../../workers/device-lock.ts';
import { probeDevices } from '../../../workers/device-probe.ts';
import { redisCacheFolder } from '../../config/lab-paths.ts';
import type { LabConfig } from '../../config/schema.ts';
import { messageOf } from '../../errors/lab-error.ts';
import { lockTools } from '../../lab/kernel-lock.ts';
import type { Check } from './check.ts';

/** Free space under which a lab runs into trouble, GB. */
const lowDiskGb = 5;

function readVersion(program: string, args: string[]): Promise<string | null> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: 10_000 }, (error, stdout, stderr) => {
      resolve(error ? null : ((stdout || stderr).trim().split('\n')[0] ?? ''));
    });
  });
}

const install = (name: string): string =>
  process.platform === 'darwin' ? `brew install ${name}` : `apt-get install ${name}`;

async function checkProgram(
  name: string,
  args: string[],
  missing: { state: 'note' | 'bad'; why: string; mend: string },
): Promise<Check> {
  const version = await readVersion(name, args);
  if (version !== null) return { name, state: 'ok', found: version, mend: '' };
  return { name, state: missing.state, found: `not found: ${missing.why}`, mend: missing.mend };
}

async function checkGit(): Promise<Check> {
  const version = await readVersion('git', ['--version']);
  const number = /(\d+)\.(\d+)/.exec(version ?? '');
  if (version === null || !number) return { name: 'git', state: 'bad', found: 'not found', mend: install('git') };
  const isOld = Number(number[1]) * 100 + Number(number[2]) < 225;
  return {
    name: 'git',
    state: isOld ? 'bad' : 'ok',
    found: isOld ? `${version}, expected 2.25 or newer` : version,
    mend: isOld ? install('git') : '',
  };
}

async function checkRedis(config: LabConfig | null): Promise<Check> {
  const choice = await findRedis({
    url: config?.redis.url ?? process.env.LAB_REDIS_URL ?? null,
    cacheDir: redisCacheFolder(),
    install: config?.redis.install ?? 'auto',
  });
  const mend = process.platform === 'darwin' ? 'brew install redis' : 'apt-get install redis-server';
  switch (choice.kind) {
    case 'url':
      return {
        name: 'redis',
        state: 'ok',
        found: `your own (${choice.url.replace(/\/\/[^@/]*@/, '//…@')}); it is checked when the daemon starts`,
        mend: '',
      };
    case 'server':
      return {
        name: 'redis',
        state: 'ok',
        found: `${choice.binary} ${choice.version} (${choice.from === 'path' ? 'on PATH' : "nightlab's own copy"})`,
        mend: '',
      };
    case 'installable':
      return { name: 'redis', state: 'note', found: `none on PATH; the first start does this: ${choice.how}`, mend };
    case 'stand-in':
      return {
        name: 'redis',
        state: 'note',
        found: `none (${choice.reason}); the stand-in in memory serves, slower; nothing is lost with it`,
        mend,
      };
  }
}

async function checkDevices(): Promise<Check[]> {
  const { devices, problems } = await probeDevices();
  const gpus = devices.filter((device) => device.class === 'gpu');
  const checks: Check[] = gpus.map((gpu) => ({
    name: gpu.id,
    state: 'ok',
    found: `${gpu.model}${gpu.memoryTotalMib === null ? '' : `, ${gpu.memoryUsedMib ?? 0} of ${gpu.memoryTotalMib} MiB used`}${gpu.driver ? `, driver ${gpu.driver}` : ''}`,
    mend: '',
  }));
  for (const problem of problems) checks.push({ name: 'gpu', state: 'note', found: problem, mend: 'nvidia-smi' });
  if (checks.length === 0)
    checks.push({
      name: 'gpu',
      state: 'note',
      found: 'none (looked for nvidia-smi, rocm-smi, Apple); jobs run on the CPU',
      mend: '',
    });
  const cpu = devices.find((device) => device.class === 'cpu');
  if (cpu) checks.push({ name: cpu.id, state: 'ok', found: cpu.model, mend: '' });
  return checks;
}

async function checkLockTool(config: LabConfig | null): Promise<Check> {
  for (const tool of lockTools) {
    if ((await readVersion(tool, ['--version'])) !== null)
      return {
        name: 'locks',
        state: 'ok',
        found: `${tool}; device locks in ${config?.devices.lockFolder ?? defaultDeviceLockFolder()}`,
        mend: '',
      };
  }
  return {
    name: 'locks',
    state: 'bad',
    found: `none of ${lockTools.join(', ')} found, expected one to lock devices with`,
    mend: install('util-linux'),
  };
}

async function checkDisk(folder: string): Promise<Check> {
  try {
    const { bavail, bsize } = await statfs(folder);
    const freeGb = (bavail * bsize) / 1e9;
    const isLow = freeGb < lowDiskGb;
    return {
      name: 'disk',
      state: isLow ? 'note' : 'ok',
      found: `${freeGb.toFixed(1)} GB free at ${folder}`,
      mend: isLow ? 'lab status shows old runs; delete run folders you do not need' : '',
    };
  } catch (error) {
    return { name: 'disk', state: 'bad', found: `${folder}: ${messageOf(error)}`, mend: '' };
  }
}

/** Checks the machine; `config` is null outside a lab or where its configuration is broken. */
export async function checkMachine(folder: string, config: LabConfig | null): Promise<Check[]> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isOldNode = major < 20 || (major === 20 && minor < 19);
  const groups = await Promise.all([
    Promise.resolve({
      name: 'node',
      state: isOldNode ? ('bad' as const) : ('ok' as const),
      found: `${process.version}${isOldNode ? ', expected 20.19 or newer' : ''}`,
      mend: '',
    }),
    checkGit(),
    checkProgram('python3', ['--version'], {
      state: 'note',
      why: 'the starter problem needs it',
      mend: install('python3'),
    }),
    checkProgram('uv', ['--version'], {
      state: 'note',
      why: 'only needed where lab.yaml uses it',
      mend: process.platform === 'darwin' ? 'brew install uv' : 'pip install uv',
    }),
    checkProgram('just', ['--version'], {
      state: 'note',
      why: 'recipes are a convenience; every command stands in lab.yaml',
      mend: process.platform === 'darwin' ? 'brew install just' : 'pip install rust-just',
    }),
    checkRedis(config),
    checkLockTool(config),
    checkDevices(),
    checkDisk(folder),
  ]);
  return groups.flat();
}
