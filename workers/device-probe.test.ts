import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cleanCpuModel, parseAppleDisplays, parseRocmGpus } from './device-parse.ts';
import { probeDevices, readGpuProcessMemory } from './device-probe.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'device-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A stand-in for a vendor's program: a shell script with a body, on a PATH that has nothing else. */
function writeProgram(name: string, body: string): string {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${body}\n`);
  chmodSync(file, 0o755);
  return folder;
}

test('a machine without GPU programs has exactly cpu0 and no problem', async () => {
  const { devices, problems } = await probeDevices({ path: folder });
  expect(problems).toEqual([]);
  expect(devices.map((device) => [device.id, device.class, device.vendor])).toEqual([['cpu0', 'cpu', 'cpu']]);
  expect(devices[0]?.model).not.toBe('');
  expect(devices[0]?.memoryTotalMib).toBeGreaterThan(0);
});

test('two NVIDIA cards become gpu0 and gpu1, with what nvidia-smi does not know as null', async () => {
  const path = writeProgram(
    'nvidia-smi',
    [
      'echo "0, GPU-aaaa, 143771, 512, 570.86.15, NVIDIA H200"',
      'echo "1, GPU-bbbb, [N/A], [Not Supported], 570.86.15, NVIDIA Odd, with comma"',
    ].join('\n'),
  );
  const { devices, problems } = await probeDevices({ path });
  expect(problems).toEqual([]);
  expect(devices.slice(1)).toEqual([
    {
      id: 'gpu0',
      class: 'gpu',
      model: 'NVIDIA H200',
      uuid: 'GPU-aaaa',
      memoryTotalMib: 143771,
      memoryUsedMib: 512,
      vendor: 'nvidia',
      driver: '570.86.15',
    },
    {
      id: 'gpu1',
      class: 'gpu',
      model: 'NVIDIA Odd, with comma',
      uuid: 'GPU-bbbb',
      memoryTotalMib: null,
      memoryUsedMib: null,
      vendor: 'nvidia',
      driver: '570.86.15',
    },
  ]);
});

test('an nvidia-smi that fails is one problem line with its own words, and cpu0 is still there', async () => {
  const path = writeProgram(
    'nvidia-smi',
    'echo "NVIDIA-SMI has failed because it could not reach the driver."; exit 9',
  );
  const { devices, problems } = await probeDevices({ path });
  expect(devices.map((device) => device.id)).toEqual(['cpu0']);
  expect(problems).toEqual(['nvidia-smi failed: NVIDIA-SMI has failed because it could not reach the driver.']);
});

test('a line that is no card is named as a problem, and the card beside it is kept', async () => {
  const path = writeProgram('nvidia-smi', 'echo "WARNING: infoROM is corrupted"; echo "0, GPU-a, 10, 1, 5, Card"');
  const { devices, problems } = await probeDevices({ path });
  expect(devices.map((device) => device.id)).toEqual(['cpu0', 'gpu0']);
  expect(problems).toEqual(['nvidia-smi says something that is not understood: WARNING: infoROM is corrupted']);
});

test('"No devices were found" is neither a device nor a problem', async () => {
  const path = writeProgram('nvidia-smi', 'echo "No devices were found"');
  expect(await probeDevices({ path })).toMatchObject({ problems: [], devices: [{ id: 'cpu0' }] });
});

test('process memory is read for one card only, added up per pid, and left out where it is not told', async () => {
  const path = writeProgram(
    'nvidia-smi',
    ['GPU-a, 100, 700', 'GPU-b, 100, 9999', 'GPU-a, 100, 24', 'GPU-a, 200, [N/A]', 'GPU-a, 300, 5']
      .map((line) => `echo "${line}"`)
      .join('\n'),
  );
  expect([...(await readGpuProcessMemory('GPU-a', { path }))]).toEqual([
    [100, 724],
    [300, 5],
  ]);
});

test('without nvidia-smi no process memory is invented', async () => {
  expect((await readGpuProcessMemory('GPU-a', { path: folder })).size).toBe(0);
});

test('an AMD card is read from rocm-smi --json, warnings before the object included', async () => {
  const report = {
    card1: { 'Card Series': 'Instinct B', 'VRAM Total Memory (B)': 'N/A' },
    card0: {
      'Card series': 'Instinct A',
      'Unique ID': '0x12',
      'VRAM Total Memory (B)': '68702699520',
      'VRAM Total Used Memory (B)': '10485760',
    },
    system: { 'Driver version': '6.3' },
  };
  const path = writeProgram('rocm-smi', `echo "WARNING: low power"\nprintf '%s' '${JSON.stringify(report)}'`);
  const { devices, problems } = await probeDevices({ path });
  expect(problems).toEqual([]);
  expect(devices.slice(1)).toMatchObject([
    {
      id: 'gpu0',
      model: 'Instinct A',
      uuid: '0x12',
      memoryTotalMib: 65520,
      memoryUsedMib: 10,
      vendor: 'amd',
      driver: '6.3',
    },
    { id: 'gpu1', model: 'Instinct B', uuid: null, memoryTotalMib: null, memoryUsedMib: null },
  ]);
  expect(parseRocmGpus('no json')).toBeNull();
});

test("only Apple's own GPU is taken from system_profiler, with the machine's memory", () => {
  const text = JSON.stringify({
    SPDisplaysDataType: [{ sppci_model: 'Apple M3 Max' }, { sppci_model: 'Intel UHD 630' }],
  });
  expect(parseAppleDisplays(text, 65536)).toMatchObject([
    { model: 'Apple M3 Max', memoryTotalMib: 65536, vendor: 'apple' },
  ]);
});

test.each([
  ['Intel(R) Xeon(R) CPU @ 2.20GHz', 'Intel Xeon'],
  ['Intel(R) Core(TM) i9-9880H CPU @ 2.30GHz', 'Intel Core i9-9880H'],
  ['AMD EPYC 9554 64-Core Processor                ', 'AMD EPYC 9554 64-Core'],
  ['Apple M3', 'Apple M3'],
  ['unknown', 'arm64 processor'],
])('the brand %j is shown as %j', (brand, shown) => {
  expect(cleanCpuModel(brand, 'arm64')).toBe(shown);
});
