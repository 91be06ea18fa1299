import { expect, test } from 'vitest';
import { renderCardHint } from './card-hint.ts';

const any = { device: null, needs: { deviceId: null, gpus: 1, vramMib: null } };

test.each([
  ['CUDA_VISIBLE_DEVICES', '1', '--device gpu1'],
  ['CUDA_VISIBLE_DEVICES', '0, 3', '--gpus 2'],
  ['CUDA_VISIBLE_DEVICES', '', '--device cpu'],
  ['CUDA_VISIBLE_DEVICES', '-1', '--device cpu'],
  ['CUDA_VISIBLE_DEVICES', 'GPU-1a2b', 'lab status'],
  ['HIP_VISIBLE_DEVICES', '2', 'lab status'],
  ['ROCR_VISIBLE_DEVICES', '0', 'lab status'],
  ['HIP_VISIBLE_DEVICES', '0,1', '--gpus 2'],
])('who sets %s=%s is told of %s', (name, value, option) => {
  const line = renderCardHint({ [name]: value }, [any]);
  expect(line).toContain(`${name}=${value} is not taken along`);
  expect(line).toContain(`\`${option}`);
});

test('AMD’s number is not told as a name of the lab’s, which may be another card’s', () => {
  for (const name of ['HIP_VISIBLE_DEVICES', 'ROCR_VISIBLE_DEVICES'])
    expect(renderCardHint({ [name]: '0' }, [any])).not.toMatch(/gpu\d/);
});

test('nothing is told where no card was chosen, where the job says what it runs on, and where the lab set the variable itself', () => {
  const chosen = { CUDA_VISIBLE_DEVICES: '1' };
  expect(renderCardHint({}, [any])).toBeNull();
  expect(renderCardHint(chosen, [{ ...any, device: 'cpu' }])).toBeNull();
  expect(renderCardHint(chosen, [{ device: 'gpu', needs: { ...any.needs, deviceId: 'gpu1' } }])).toBeNull();
  expect(renderCardHint({ ...chosen, LAB_RUN: 'x/1.1' }, [any])).toBeNull();
  expect(renderCardHint({ CUDA_VISIBLE_DEVICES: '', LAB_ROLE: 'implementer' }, [any])).toBeNull();
  expect(renderCardHint(chosen, [{ ...any, device: 'cpu' }, any])).not.toBeNull();
});
