/** `lab results FILE…` as a user calls it, outside every lab: text, JSON, several files, and what is no table. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { labCommand } from './temporary-lab.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nl-field-'));
  const rows = [
    '3fa9c21\t1.204500\t41.2\tkeep\tbaseline',
    '9b07e4d\t1.190000\t41.2\tKEEP\twider',
    '77aa012\t0.000000\t0.0\tcrash\tOOM',
  ];
  await writeFile(join(folder, 'mar5.tsv'), ['commit\tval_bpb\tmemory_gb\tstatus\tdescription', ...rows].join('\r\n'));
  await writeFile(join(folder, 'speed.tsv'), '# metric_direction: higher\ncommit\ttok\tstatus\n3fa9c21\t150\tkeep\n');
  await writeFile(join(folder, 'notes.md'), 'Some words of mine.\n');
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const lab = async (...args: string[]) => {
  const { exitCode, stdout, stderr } = await execa(labCommand[0], [labCommand[1], 'results', ...args], {
    cwd: folder,
    reject: false,
  });
  return { exitCode, stdout, stderr };
};

test('a table is shown outside a lab, with the best and what was read into it', async () => {
  const { exitCode, stdout, stderr } = await lab('mar5.tsv');
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout).toContain('mar5.tsv: 3 rows: 2 keep, 1 crash\n');
  expect(stdout).toContain('best kept: 1.1900 at 9b07e4d, line 3\n');
  expect(stdout).toContain('  line 3: status "KEEP" read as keep');
});

test('--json of one file is its value, of several a list', async () => {
  const one = JSON.parse((await lab('mar5.tsv', '--json')).stdout);
  expect(one).toMatchObject({
    file: 'mar5.tsv',
    metric: 'val_bpb',
    direction: 'lower',
    directionFrom: 'the name val_bpb',
    counts: { keep: 2, discard: 0, crash: 1, baseline: 0, other: 0 },
    best: { commit: '9b07e4d', metric: 1.19, line: 3 },
    runningBest: [1.2045, 1.19, 1.19],
    notes: [{ line: 3, kind: 'interpreted', text: 'status "KEEP" read as keep' }],
  });
  expect(one.rows).toHaveLength(3);
  const several = JSON.parse((await lab('mar5.tsv', 'speed.tsv', '--json')).stdout);
  expect(several.map((table: { file: string; direction: string }) => [table.file, table.direction])).toEqual([
    ['mar5.tsv', 'lower'],
    ['speed.tsv', 'higher'],
  ]);
});

test('what is no table is an error that names it, and the other files are shown all the same', async () => {
  const { exitCode, stdout, stderr } = await lab('notes.md', 'mar5.tsv', 'absent.tsv');
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/^mar5\.tsv: 3 rows/);
  expect(stderr).toContain('error: notes.md is no result table, expected a header such as');
  expect(stderr).toContain('error: absent.tsv can not be read: there is no such file');
});

test('a metric that is no column is an error that lists the columns', async () => {
  const { exitCode, stderr } = await lab('mar5.tsv', '--metric', 'val_loss');
  expect(exitCode).toBe(1);
  expect(stderr).toContain(
    'mar5.tsv has no column "val_loss", expected one of: commit, val_bpb, memory_gb, status, description',
  );
});

test('options of the one form are refused with the other', async () => {
  expect(await lab('mar5.tsv', '--device', 'all')).toMatchObject({ exitCode: 2, stdout: '' });
  expect(await lab('--notes')).toMatchObject({ exitCode: 2, stdout: '' });
  expect((await lab('mar5.tsv', '--direction', 'up')).stderr).toContain(
    '--direction got "up", expected one of: lower, higher',
  );
});
