/** `lab autoresearch results` through the built client: in a plain clone, on a session of a lab, on what is no table. */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeRatchetRows } from '../analysis/trial-rows-for-tests.ts';
import { labPaths } from '../config/lab-paths.ts';
import type { RatchetSession } from '../domain/ratchet.ts';
import { sessionFolder, worktreeOfTag, writeSession } from '../ratchet/session.ts';
import { formatRow, formatRowsHeader } from '../ratchet/session-rows.ts';
import { createTemporaryLab, labCommand, type TemporaryLab } from './temporary-lab.ts';

/** Its number depends on the seed, so that the baseline has noise. */
const seededTrain = `import os
value = 1.0 + 0.001 * int(os.environ["LAB_SEED"])
open(os.path.join(os.environ["LAB_OUT"], "model.txt"), "w").write(str(value))
`;

let clone: string;
let lab: TemporaryLab;
const rows = makeRatchetRows(40);
const table = formatRowsHeader('val_bpb') + rows.map(formatRow).join('');
const kept = rows.filter(({ status }) => status === 'keep').length;

beforeAll(async () => {
  clone = mkdtempSync(join(tmpdir(), 'nightlab-clone-'));
  writeFileSync(join(clone, 'results.tsv'), table);
  writeFileSync(join(clone, 'program.md'), '# Program\n');
  lab = await createTemporaryLab({ files: { 'train.py': seededTrain } });
  const paths = labPaths(lab.root);
  for (const [tag, beganAt, name] of [
    ['mar3', '2026-03-03T22:00:00Z', 'score'],
    ['mar4', '2026-03-04T22:00:00Z', 'val_bpb'],
    ['mar5', '2026-03-05T22:00:00Z', 'val_bpb'],
  ] as const) {
    const worktree = worktreeOfTag(paths, tag);
    const session: RatchetSession = {
      ...{ schema: 1, tag, branch: `autoresearch/${tag}`, desc: '', worktree, start: 'a'.repeat(40) },
      ...{ metric: { name, direction: 'lower' }, edits: ['train.py'], device: 'cpu', deviceId: null },
      ...{ rule: 'strict', track: '12345678', max: null, agent: null, beganAt, table: join(worktree, 'results.tsv') },
      budget: { trainingSeconds: 300, wallSeconds: 600, constants: {}, command: 'true', frozen: {} },
    };
    await writeSession(paths, session);
    await mkdir(dirname(session.table), { recursive: true });
    writeFileSync(session.table, tag === 'mar4' ? formatRowsHeader(name) : table.replace('val_bpb', name));
  }
});

afterAll(async () => {
  rmSync(clone, { recursive: true, force: true });
  await lab.remove();
});

const inClone = (...args: string[]) =>
  execa(labCommand[0], [labCommand[1], 'autoresearch', 'results', ...args], {
    ...{ cwd: clone, env: lab.env, extendEnv: false, reject: false },
  });

const fingerprint = (folder: string) =>
  readdirSync(folder).map(
    (name) =>
      `${name} ${createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex')}`,
  );

test('a plain clone is read without a lab, and nothing in it changes', async () => {
  const before = fingerprint(clone);
  const { stdout, stderr, exitCode } = await inClone();
  expect(exitCode).toBe(0);
  expect(stdout).toContain(`40 rows, ${kept} keep`);
  expect(stdout).toContain('noise unknown');
  expect(stdout).toContain('running best of val_bpb');
  expect(stdout).toMatch(/- keep 0\.\d{6} \(-0\.\d{6}\): .* \[results\.tsv [0-9a-f]{7}\]/);
  expect(stderr).toContain('reads only');
  expect(fingerprint(clone)).toEqual(before);
});

test('in a pipe no line of the chart and no list is wider than 100 columns, and none is coloured', async () => {
  const { stdout } = await inClone('--noise', '0.0005');
  const long = stdout
    .split('\n')
    .filter((line) => line.length > 100 && !/^(- |Newest families|noise: |kept, |next|or:)/.test(line));
  expect(long).toEqual([]);
  expect(stdout).not.toContain('\u001b');
});

test('with --out the picture is the one thing that is written', async () => {
  const { stdout, exitCode } = await inClone('--file', 'results.tsv', '--out', 'pictures/p.png');
  expect(exitCode).toBe(0);
  expect(stdout).toContain('picture pictures/p.png');
  expect(readdirSync(join(clone, 'pictures'))).toEqual(['p.png']);
  expect(readFileSync(join(clone, 'pictures', 'p.png')).toString('latin1', 1, 4)).toBe('PNG');
  rmSync(join(clone, 'pictures'), { recursive: true });
});

test('--json gives gains with their verdict, lines for program.md and the picture', async () => {
  const { stdout } = await inClone('--json', '--noise', '0.0005');
  const review = JSON.parse(stdout);
  expect(review).toMatchObject({ rows: 40, metric: { name: 'val_bpb', direction: 'lower' }, picture: null });
  expect(review.counts.keep).toBe(kept);
  expect(review.gains).toHaveLength(kept);
  for (const { gain, verdict } of review.gains)
    if (gain !== null) expect(verdict).toBe(gain >= review.noise.needed ? 'genuine' : 'within noise');
  expect(review.tried.length).toBeGreaterThan(3);
});

test('in a lab the newest session is read and its picture lies in its own folder; --tag takes another', async () => {
  const first = await lab.lab('autoresearch', 'results');
  expect(first.code).toBe(0);
  expect(first.stdout).toContain('session mar5 (autoresearch/mar5): 40 rows');
  expect(first.stdout).toContain('picture .lab/ratchet/mar5/progress.png');
  expect(first.stderr).toContain('--tag mar3, mar4');
  const picture = join(sessionFolder(labPaths(lab.root), 'mar5'), 'progress.png');
  expect(readFileSync(picture).toString('latin1', 1, 4)).toBe('PNG');
  const other = await lab.lab('autoresearch', 'results', '--tag', 'mar4');
  expect(other.stdout).toContain('session mar4 (autoresearch/mar4): 0 rows');
  expect(existsSync(join(sessionFolder(labPaths(lab.root), 'mar4'), 'progress.png'))).toBe(true);
});

test('wrong wishes are refused with what was expected, before anything is read or written', async () => {
  const wrong: [string[], RegExp][] = [
    [['--file', 'no.tsv'], /no\.tsv is no file/],
    [['--file', 'program.md'], /no table of results/],
    [['--out', 'train.py'], /ends in \.png or \.svg/],
    [['--noise', '-1'], /at least 0/],
    [['--tag', 'mar9'], /no lab here/],
    [['--file', 'results.tsv', '--direction', 'up'], /lower, higher/],
  ];
  for (const [args, message] of wrong) {
    const { exitCode, stderr, stdout } = await inClone(...args);
    expect({ args, isRefused: exitCode !== 0, stdout }).toEqual({ args, isRefused: true, stdout: '' });
    expect(stderr).toMatch(message);
  }
  const { code, stderr } = await lab.lab('autoresearch', 'results', '--tag', 'mar9');
  expect(code).not.toBe(0);
  expect(stderr).toContain('mar3, mar4, mar5');
});

test("without repeats in its table a session is judged by the lab's baseline of the same metric, and by no other", async () => {
  const before = await lab.lab('autoresearch', 'results', '--tag', 'mar3', '--json');
  expect(JSON.parse(before.stdout).noise).toBeNull();
  expect(await lab.lab('baseline', '--seeds', '3')).toMatchObject({ code: 0 });
  const { noise, gains } = JSON.parse((await lab.lab('autoresearch', 'results', '--tag', 'mar3', '--json')).stdout);
  expect(noise).toMatchObject({ degrees: 2, from: 'the baseline of this lab, 3 seeds' });
  expect(noise.sd).toBeGreaterThan(0);
  expect(gains.some(({ verdict }: { verdict: string }) => verdict === 'within noise')).toBe(true);
  expect(JSON.parse((await lab.lab('autoresearch', 'results', '--tag', 'mar5', '--json')).stdout).noise).toBeNull();
});
