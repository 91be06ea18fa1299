import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { acceleratorOf, parseCudaVersion, parseWsl, readHardware } from './hardware.ts';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function putProgram(name: string, script: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'nl-hw-'));
  folders.push(folder);
  await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, name), 0o755);
  return folder;
}

test.runIf(process.platform === 'linux')('an NVIDIA card is told with memory, driver and CUDA', async () => {
  const path = await putProgram(
    'nvidia-smi',
    `case "$1" in
--query-gpu=*) echo '0, GPU-1, 143771, 4, 570.86.15, NVIDIA H200' ;;
*) echo '| NVIDIA-SMI 570.86.15    Driver Version: 570.86.15    CUDA Version: 12.8     |' ;;
esac`,
  );
  const { accelerator, cuda, gpus, problems } = await readHardware({ path, limitMs: 60_000 });
  expect({ accelerator, cuda, problems }).toEqual({ accelerator: 'cuda', cuda: '12.8', problems: [] });
  expect(gpus).toEqual([
    {
      id: 'gpu0',
      model: 'NVIDIA H200',
      vendor: 'nvidia',
      memoryTotalMib: 143771,
      memoryUsedMib: 4,
      driver: '570.86.15',
    },
  ]);
});

test('a driver that never answers is a problem and no card', async () => {
  const path = await putProgram('nvidia-smi', 'exec /bin/sleep 600');
  const { gpus, cuda, problems } = await readHardware({ path, limitMs: 200 });
  expect(gpus.filter(({ vendor }) => vendor === 'nvidia')).toEqual([]);
  expect(cuda).toBeNull();
  expect(problems.join()).toContain('nvidia-smi failed: no answer within 0.2 s');
});

test('without a card the processor and its memory are told', async () => {
  const { cpu, memoryTotalMib, platform } = await readHardware({ path: '/nowhere' });
  expect(cpu.model).not.toBe('');
  expect(cpu.threads).toBeGreaterThan(0);
  expect(memoryTotalMib).toBeGreaterThan(100);
  expect(['linux', 'macos', 'windows']).toContain(platform);
});

test.each([
  [['nvidia'], 'linux', 'x64', 'cuda'],
  [['amd'], 'linux', 'x64', 'rocm'],
  [['amd', 'nvidia'], 'linux', 'x64', 'cuda'],
  [['apple'], 'darwin', 'arm64', 'mlx'],
  [['amd'], 'darwin', 'x64', 'none'],
  [[], 'linux', 'x64', 'none'],
] as const)('%s on %s %s trains with %s', (vendors, platform, arch, expected) => {
  expect(
    acceleratorOf(
      vendors.map((vendor) => ({ vendor })),
      platform,
      arch,
    ),
  ).toBe(expected);
});

test('the CUDA version is read from the head of old and new tables', () => {
  expect(parseCudaVersion('| Driver Version: 535.1   CUDA Version: 12.2 |')).toBe('12.2');
  expect(parseCudaVersion('| KMD Version: 590.1   CUDA UMD Version: 13.1 |')).toBe('13.1');
  expect(parseCudaVersion('CUDA Version: N/A')).toBeNull();
});

test('Windows is known by the kernel of its Linux', () => {
  expect(parseWsl('Linux version 5.15.90.1-microsoft-standard-WSL2 (gcc)')).toBe('WSL 2');
  expect(parseWsl('Linux version 4.4.0-19041-Microsoft')).toBe('WSL 1');
  expect(parseWsl('Linux version 6.8.0-generic')).toBeNull();
});
