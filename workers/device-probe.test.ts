import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
      index: 0,
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
      index: 1,
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

test('a card keeps nvidia-smi’s number where the line before it is no card, and another vendor’s cards come after it', async () => {
  writeProgram('nvidia-smi', 'echo "GPU 0 is lost"; echo "1, GPU-b, 10, 1, 5, Card"');
  const path = writeProgram('rocm-smi', `printf '%s' '{"card0": {}, "card1": {}}'`);
  const { devices } = await probeDevices({ path, kfdFolder: folder });
  expect(devices.slice(1).map(({ id, vendor, index }) => [id, vendor, index])).toEqual([
    ['gpu1', 'nvidia', 1],
    ['gpu2', 'amd', 0],
    ['gpu3', 'amd', 1],
  ]);
});

test('AMD’s cards have the numbers that HIP counts them by, as far as the kernel tells them apart', async () => {
  const nodes = join(folder, 'nodes');
  const writeNode = (name: number, text: string) => {
    mkdirSync(join(nodes, String(name)), { recursive: true });
    writeFileSync(join(nodes, String(name), 'properties'), text);
  };
  writeNode(0, 'simd_count 0\nunique_id 0\n');
  // Ten is after two, and rocm-smi lists the cards the other way round.
  writeNode(2, 'simd_count 304\nunique_id 255\n');
  writeNode(10, 'simd_count 304\nunique_id 18446744073709551615\n');
  const report = { card0: { 'Unique ID': '0xffffffffffffffff' }, card1: { 'Unique ID': '0xff' } };
  const path = writeProgram('rocm-smi', `printf '%s' '${JSON.stringify(report)}'`);
  const numbersOf = async (kfdFolder: string) =>
    (await probeDevices({ path, kfdFolder })).devices.slice(1).map(({ id, index }) => [id, index]);
  expect(await numbersOf(nodes)).toEqual([
    ['gpu0', 1],
    ['gpu1', 0],
  ]);
  const asListed = [
    ['gpu0', 0],
    ['gpu1', 1],
  ];
  expect(await numbersOf(join(folder, 'none'))).toEqual(asListed);
  writeNode(2, 'simd_count 304\n');
  expect(await numbersOf(nodes)).toEqual(asListed);
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
