import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { maskSecrets } from './mask-secrets.ts';

test('a secret is taken out of every log, also across chunks, and all other bytes stay', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nl-mask-'));
  try {
    const secret = 'hunter2-ä-token';
    // Streams read 64 KiB at a time: one value lies across that border.
    const before = 'x'.repeat(64 * 1024 - 5);
    writeFileSync(
      join(folder, 'run.log'),
      Buffer.concat([
        Buffer.from(before),
        Buffer.from(secret),
        Buffer.from([0xff, 0x00, 0x0d]),
        Buffer.from(`end ${secret}`),
      ]),
    );
    writeFileSync(join(folder, 'score.log'), 'nothing here\n');
    expect(await maskSecrets(folder, { TOKEN: secret, SHORT: 'end' })).toEqual(['run.log']);
    expect(readFileSync(join(folder, 'run.log'))).toEqual(
      Buffer.concat([Buffer.from(`${before}***`), Buffer.from([0xff, 0x00, 0x0d]), Buffer.from('end ***')]),
    );
    expect(readFileSync(join(folder, 'score.log'), 'utf8')).toBe('nothing here\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
