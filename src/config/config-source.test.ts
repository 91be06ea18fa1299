import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createConfigSource } from './config-source.ts';

test('a changed file counts at once, a broken one changes nothing and is told', () => {
  const root = mkdtempSync(join(tmpdir(), 'nl-source-'));
  try {
    writeFileSync(join(root, 'lab.yaml'), 'run:\n  wallSeconds: 5\n');
    const source = createConfigSource(root, {});
    expect(source.current().run.wallSeconds).toBe(5);
    writeFileSync(join(root, 'lab.local.yaml'), 'run:\n  wallSeconds: 77\n');
    expect(source.current().run.wallSeconds).toBe(77);
    writeFileSync(join(root, 'lab.local.yaml'), 'run:\n  wallSeconds: never\n');
    expect(source.current().run.wallSeconds).toBe(77);
    expect(source.problem()).toContain('lab.local.yaml: run.wallSeconds: got "never"');
    rmSync(join(root, 'lab.local.yaml'));
    expect([source.current().run.wallSeconds, source.problem()]).toEqual([5, null]);
  } finally {
    rmSync(root, { recursive: true });
  }
});
