import { expect, test } from 'vitest';
import { parseProgress, progressFraction } from './progress.ts';

function parse(text: string): string | null {
  return parseProgress(Buffer.from(text));
}

test.each([
  [
    '\rstep 00122 (40.9%) | loss: 1.24    \rstep 00123 (41.0%) | loss: 1.23    ',
    'step 00123 (41.0%) | loss: 1.23',
    0.41,
  ],
  ['epoch 5/100\nsaving checkpoint\n', 'epoch 5/100', 0.05],
  ['Train Epoch: 1 [640/60000 (1%)]\tLoss: 2.3\n', 'Train Epoch: 1 [640/60000 (1%)] Loss: 2.3', 640 / 60000],
  ['\r 45%|████▌     | 45/100 [00:10<00:12,  4.32it/s]', '45%|████▌ | 45/100 [00:10<00:12, 4.32it/s]', 0.45],
  ['Epoch 2/4:  50%|█████     | 5/10 [00:01<00:01]', 'Epoch 2/4: 50%|█████ | 5/10 [00:01<00:01]', 0.375],
  ["{'loss': 2.31, 'learning_rate': 0.1, 'epoch': 0.4}\n", "{'loss': 2.31, 'learning_rate': 0.1, 'epoch': 0.4}", null],
  ['\u001b[32miter 12\u001b[0m | mfu: 23.9%\n', 'iter 12 | mfu: 23.9%', null],
  ['\b\b\b\b12/100 [===>......]', '12/100 [===>......]', 0.12],
  ['step 3/9 | loss: 2    Traceback (most recent call last):\n  File "x"\n', 'step 3/9 | loss: 2', 1 / 3],
  ['\u001b[1A\u001b[2KTraining ━━━━━━━━╸━━━ 45% 0:00:12\n', 'Training ━━━━━━━━╸━━━ 45% 0:00:12', 0.45],
])('%j shows as %j, share %s', (text, shown, share) => {
  const progress = parse(text);
  expect(progress).toBe(shown);
  const fraction = progressFraction(progress ?? '');
  if (share === null) expect(fraction).toBeNull();
  else expect(fraction).toBeCloseTo(share, 10);
});

test('a tail without progress gives null', () => {
  expect(parse('reading config\nusing device cpu\nValueError: bad batch at step 12\n')).toBeNull();
  expect(parse('')).toBeNull();
});

test('a long record is cut to 80 characters, and never inside one', () => {
  const shown = parse(`step 5/9 ${'🙂'.repeat(200)}`);
  expect(Array.from(shown ?? '')).toHaveLength(80);
  expect(shown).not.toMatch(/[\ud800-\udbff](?![\udc00-\udfff])/);
});

test('a tail of UTF-16 that starts in the middle of a unit still shows its progress', () => {
  const bytes = Buffer.from('step 4/8 | loss: 1.5\r\nstep 5/8 | loss: 1.4\r\n', 'utf16le');
  expect(parseProgress(bytes.subarray(11))).toBe('step 5/8 | loss: 1.4');
});

test.each([
  ['12/31/2026 mapping', null],
  ['7/5 done', null],
  ['accuracy: 45.2% step 5/100', 0.05],
  ['250%', null],
  ['100.0%', 1],
  ['shard 3 of 12', 0.25],
])('the share in %j is %s', (text, share) => {
  expect(progressFraction(text)).toBe(share);
});
