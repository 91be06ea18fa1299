import { expect, test } from 'vitest';
import { captureEnvironment } from './capture-environment.ts';

test('what a run computes with is taken, tokens and the rest stay behind and are named', () => {
  const captured = captureEnvironment(
    {
      PATH: '/bin',
      CUDA_HOME: '/cuda',
      OMP_NUM_THREADS: '2',
      WANDB_API_KEY: 'w',
      MY_FLAG: '1',
      SHLVL: '2',
      UV_INDEX_TOKEN: 't',
    },
    [],
    [],
  );
  expect(captured.env).toEqual({ PATH: '/bin', CUDA_HOME: '/cuda', OMP_NUM_THREADS: '2' });
  expect(captured.left).toEqual(['MY_FLAG', 'UV_INDEX_TOKEN', 'WANDB_API_KEY']);
  expect(captured.secrets).toEqual({});
});

test('env.pass takes names and prefixes, but a prefix never takes a token along', () => {
  const captured = captureEnvironment({ MY_FLAG: '1', MY_TOKEN: 't', OTHER_KEY: 'k' }, ['MY_*', 'OTHER_KEY'], []);
  expect(captured.env).toEqual({ MY_FLAG: '1', OTHER_KEY: 'k' });
  expect(captured.left).toEqual(['MY_TOKEN']);
});

test('env.secret is passed apart from what is stored', () => {
  const captured = captureEnvironment({ WANDB_API_KEY: 'w' }, [], ['WANDB_API_KEY']);
  expect(captured).toEqual({ env: {}, secrets: { WANDB_API_KEY: 'w' }, left: [] });
});

test("META_MODE is the human's own: no job takes it, whatever lab.yaml passes, and nobody is told that it was left", () => {
  const captured = captureEnvironment({ META_MODE: '1', OTHER: 'x' }, ['META_MODE', 'META_*', '*'], ['META_MODE']);
  expect(captured).toEqual({ env: { OTHER: 'x' }, secrets: {}, left: [] });
});

test('what chooses a card is never taken, whatever lab.yaml passes: the lab gives each run its own', () => {
  const shell = {
    ...{ CUDA_VISIBLE_DEVICES: '1', CUDA_DEVICE_ORDER: 'FASTEST_FIRST', HIP_VISIBLE_DEVICES: '0' },
    ...{ ROCR_VISIBLE_DEVICES: '0', GPU_DEVICE_ORDINAL: '0', HIP_PLATFORM: 'amd' },
  };
  const captured = captureEnvironment(shell, ['CUDA_*', 'CUDA_VISIBLE_DEVICES', '*'], ['HIP_VISIBLE_DEVICES']);
  expect(captured).toEqual({ env: { HIP_PLATFORM: 'amd' }, secrets: {}, left: [] });
});
