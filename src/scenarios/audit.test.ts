/** `lab audit` on a real lab: nothing is wrong with an honest one, and each way of tampering is found with its place. */
import { existsSync } from 'node:fs';
import { appendFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createScriptedLab } from './scripted-agent.ts';
import { type LabCall, type TemporaryLab, waitUntil } from './temporary-lab.ts';

let lab: TemporaryLab;
/** Main and every ref as they were, to be put back after each test. */
let main: string;
let refs: string;
const backup = () => join(lab.around, 'backup');

const label = (question: string) => ['--label', `Q: ${question} H: saves 0.5 score`];

beforeAll(async () => {
  lab = await createScriptedLab(['better']);
  for (const args of [['baseline'], ['ideate', '--until', '1'], ['implement', '-n', '1']]) {
    const call = await lab.lab(...args);
    expect(call, call.stdout + call.stderr).toMatchObject({ code: 0 });
  }
  await lab.write('train.py', '# a dirty tree\n');
  const jobs = [
    await lab.add(...label('does a half help?'), '--', 'echo 0.5 > $LAB_OUT/model.txt'),
    await lab.add(...label('does two help?'), '--', 'echo 2.0 > $LAB_OUT/model.txt'),
    await lab.add(...label('does it crash?'), '--', 'exit 3'),
  ];
  await lab.lab('wait', ...jobs.map(String));
  await lab.git('checkout', '--quiet', '--', 'train.py');
  // A daemon would put back what a test takes away.
  await lab.lab('down');
  await waitUntil('no process of the lab is left', async () => (await lab.processes()).length === 0);
  main = await lab.git('rev-parse', 'main');
  refs = await lab.git('for-each-ref', '--format=%(objectname) %(refname)');
  const { execa } = await import('execa');
  await execa('cp', ['-a', join(lab.root, '.lab'), backup()]);
}, 240_000);

afterAll(() => lab.remove());

afterEach(async () => {
  const { execa } = await import('execa');
  await rm(join(lab.root, '.lab'), { recursive: true });
  await execa('cp', ['-a', backup(), join(lab.root, '.lab')]);
  for (const line of refs.split('\n')) {
    const [hash = '', ref = ''] = line.split(' ');
    await lab.git('update-ref', ref, hash);
  }
  await lab.git('reset', '--quiet', '--hard', main);
});

/** Number of the job with that question. */
async function findJob(question: string): Promise<number> {
  const row = (await lab.read('results.tsv')).split('\n').find((line) => line.includes(question)) ?? '';
  return Number(row.split('\t')[16]);
}

async function lineOf(path: string, words: string): Promise<number> {
  return (await lab.read(path)).split('\n').findIndex((line) => line.includes(words)) + 1;
}

async function edit(path: string, change: (text: string) => string): Promise<void> {
  const before = await lab.read(path);
  const after = change(before);
  expect(after, `${path} was changed`).not.toBe(before);
  await lab.write(path, after);
}

async function commit(message = 'nothing to see'): Promise<string> {
  await lab.git('add', '--all', '.');
  await lab.git('commit', '--quiet', '--no-verify', `--message=${message}`);
  return (await lab.git('rev-parse', 'HEAD')).slice(0, 7);
}

/** Edits a file and leaves its times as they were. */
async function editUnseen(path: string, change: (text: string) => string): Promise<void> {
  const { atime, mtime } = await stat(join(lab.root, path));
  await edit(path, change);
  await utimes(join(lab.root, path), atime, mtime);
}

interface Told {
  wrong: number;
  notes: number;
  findings: { check: string; kind: string; place: string; message: string }[];
}

async function audit(): Promise<Told & { code: LabCall['code'] }> {
  const { code, stdout, stderr } = await lab.lab('audit', '--json');
  expect(stderr).toBe('');
  return { code, ...(JSON.parse(stdout) as Told) };
}

/** What is told as wrong, one line each. */
async function listWrong(): Promise<string[]> {
  const { code, findings } = await audit();
  expect(code).toBe(1);
  return findings
    .filter(({ kind }) => kind === 'wrong')
    .map(({ check, place, message }) => `${check} ${place}: ${message}`);
}

test('nothing is wrong with an honest lab, no daemon is started, and the ledger rebuilt from its folders is the same', async () => {
  const call = await lab.lab('audit');
  expect(call, call.stdout).toMatchObject({ code: 0, stderr: '' });
  expect(call.stdout).toMatch(/^rows: 3 checked, 0 wrong\nruns: \d+ checked, 0 wrong\nrecords: /);
  expect(call.stdout).toMatch(/reports: 1 checked, 0 wrong\n[\s\S]*\nnothing wrong\n$/);
  expect(await lab.processes()).toEqual([]);
  expect(await lab.git('status', '--porcelain')).toBe('');
  const file = join(lab.around, 'rebuilt.tsv');
  expect(await lab.lab('audit', '--rebuild', file)).toMatchObject({ code: 0, stdout: 'identical: 3 rows\n' });
  expect(await lab.read('../rebuilt.tsv')).toBe(await lab.git('show', 'main:results.tsv').then((text) => `${text}\n`));
});

test('--rebuild writes over nothing and into nothing protected', async () => {
  for (const [word, reason] of [
    ['train.py', 'it is there already'],
    ['results.tsv', 'it is there already'],
    ['.lab/new.tsv', '.git or .lab'],
    ['.git/new.tsv', '.git or .lab'],
    ['results.new.tsv', 'APPEND-ONLY'],
    ['9_reports/new.md', 'RECORD'],
    ['nowhere/new.tsv', 'is missing'],
  ] as const) {
    const call = await lab.lab('audit', '--rebuild', word);
    expect(call).toMatchObject({ code: 2, stdout: '' });
    expect(call.stderr).toContain(reason);
  }
  expect(existsSync(join(lab.root, 'results.new.tsv'))).toBe(false);
});

test('a digit of the ledger that somebody edited and committed is found with row, column and source; rebuilding shows both rows', async () => {
  const line = await lineOf('results.tsv', 'does two help?');
  const job = await findJob('does two help?');
  await edit('results.tsv', (text) => text.replace('\t2.000000\t', '\t0.200000\t'));
  const hash = await commit();
  const found = await listWrong();
  expect(found).toHaveLength(2);
  expect(found[0]).toBe(
    `rows results.tsv:${line}: score is "0.200000", expected "2.000000" by .lab/runs/${job}/1/score.log`,
  );
  expect(found[1]).toContain(`history main ${hash}: results.tsv:${line} is APPEND-ONLY: an old line was changed`);
  const call = await lab.lab('audit', '--rebuild', join(lab.around, 'again.tsv'));
  expect(call.code).toBe(1);
  expect(call.stdout).toMatch(
    new RegExp(`@@ job ${job} @@\\n-[0-9a-f]{7}\\t0\\.200000\\t.*\\n\\+[0-9a-f]{7}\\t2\\.000000\\t`),
  );
});

test('a log that says another number than the row is found, also where run.json was made to agree', async () => {
  const job = await findJob('does two help?');
  const line = await lineOf('results.tsv', 'does two help?');
  await edit(`.lab/runs/${job}/1/score.log`, (text) => text.replace('2.000000', '0.100000'));
  const run = `.lab/runs/${job}/1/run.json`;
  const row = `rows results.tsv:${line}: score is "2.000000", expected "0.100000" by .lab/runs/${job}/1/score.log`;
  expect(await listWrong()).toEqual(
    expect.arrayContaining([row, `runs ${run}: metric is 2.000000, expected 0.100000 by score.log`]),
  );
  await edit(run, (text) => text.replaceAll(/: 2(?=[,\n])/g, ': 0.1'));
  expect(await listWrong()).toContain(row);
});

test('a baseline whose log and run.json were both edited is found by its entry in the journal, though it has no row', async () => {
  await editUnseen('.lab/runs/1/1/score.log', (text) => text.replace('1.000000', '2.000000'));
  await editUnseen('.lab/runs/1/1/run.json', (text) => {
    const run = JSON.parse(text) as { metric: number; metrics: Record<string, number> };
    return `${JSON.stringify({ ...run, metric: 2, metrics: { ...run.metrics, score: 2 } }, null, 2)}\n`;
  });
  const found = await listWrong();
  expect(found).toEqual([
    expect.stringMatching(
      /^journal RESEARCH_JOURNAL\.md:\d+: gives job 1 as 1\.000000, expected 2\.000000 by its run folder$/,
    ),
  ]);
});

test('a run folder that is gone is a note, a row of a job that never was is wrong', async () => {
  const job = await findJob('does two help?');
  const line = await lineOf('results.tsv', 'does two help?');
  await rm(join(lab.root, '.lab', 'runs', String(job)), { recursive: true });
  const { code, findings } = await audit();
  expect(code).toBe(0);
  expect(findings).toContainEqual({
    check: 'rows',
    kind: 'note',
    place: `results.tsv:${line}`,
    message: `the folder of job ${job} is gone: the row cannot be checked`,
  });
  const text = await lab.read('results.tsv');
  const forged = (text.split('\n').at(-2) ?? '').replace(new RegExp(`\\t${job}\\t`), '\t999\t');
  await appendFile(join(lab.root, 'results.tsv'), `${forged}\n1\t2\n`);
  await commit();
  const found = await listWrong();
  const last = text.split('\n').length - 1;
  expect(found[0]).toContain(`rows results.tsv:${last + 1}: names job 999, and no job of that number was ever queued`);
  expect(found[1]).toBe(`rows results.tsv:${last + 2}: has 2 cells, expected 20`);
});

test('a second row of one job is found, and one that names no job is a note', async () => {
  const text = (await lab.read('results.tsv')).replace(/\n$/, '');
  const last = text.split('\n').length;
  const row = text.split('\n').at(-1) ?? '';
  const bare = row.split('\t').with(16, '').join('\t');
  await appendFile(join(lab.root, 'results.tsv'), `${row}\n${bare}\n`);
  await commit();
  const { findings } = await audit();
  const rows = findings.filter(({ check }) => check === 'rows');
  expect(rows.map(({ kind, place }) => `${kind} ${place}`)).toEqual([
    `wrong results.tsv:${last + 1}`,
    `note results.tsv:${last + 2}`,
  ]);
  expect(rows[0]?.message).toContain(`the first is results.tsv:${last}`);
});

test('a label that was changed after the run is found by the row and by the time of the file', async () => {
  const job = await findJob('does two help?');
  const path = `.lab/runs/${job}/job.json`;
  const change = (text: string) => text.replaceAll('does two help?', 'does two hurt?');
  await editUnseen(path, change);
  const column = expect.stringMatching(
    /^rows results\.tsv:\d+: question is "does two help\?", expected "does two hurt\?"/,
  );
  expect(await listWrong()).toEqual([
    column,
    expect.stringContaining('is not the file that attempt 1 was planned from'),
  ]);
  await edit(path, (text) => `${text} `);
  expect(await listWrong()).toContainEqual(
    expect.stringMatching(`runs ${path}: was written at .*, expected before the run began at`),
  );
});

test('a job.json that is not the one its run was planned from is found, though neither row nor file time tells', async () => {
  const job = await findJob('does two help?');
  await editUnseen(`.lab/runs/${job}/job.json`, (text) => text.replace('echo 2.0 >', 'echo 1.9 >'));
  expect(await listWrong()).toEqual([
    expect.stringMatching(`^runs .lab/runs/${job}/job.json: is not the file that attempt 1 was planned from`),
  ]);
});

test('a copy without file times, made right after the runs, is no lie', async () => {
  const { execa } = await import('execa');
  // As if the last job had begun two seconds before the copy was made: its `started` reads like that of a run that went on meanwhile.
  const job = await findJob('does two help?');
  const folder = join(lab.root, '.lab', 'runs', String(job));
  const { at } = JSON.parse(await lab.read(`.lab/runs/${job}/1/started`)) as { at: string };
  const copied = Date.parse(at) / 1000 + 2;
  for (const file of ['1/started', '1/setting.json', '1/plan.json'])
    await execa('touch', ['-d', `@${copied}`, join(folder, file)]);
  await execa('touch', ['-d', `@${copied + 0.01}`, join(folder, 'job.json')]);
  const { findings } = await audit();
  expect(findings).toEqual([
    expect.objectContaining({ kind: 'note', message: expect.stringContaining('file times are not those of the run') }),
  ]);
});

test('a main that was rewritten has lost the commit, the row and the entry of a job', async () => {
  const job = Math.max(await findJob('does two help?'), await findJob('does a half help?'));
  const lost = await lab.git('log', '-1', '--format=%h', `--grep=^recorder: job ${job} `, 'main');
  await lab.git('reset', '--quiet', '--hard', `${lost}^`);
  const found = await listWrong();
  expect(found).toContainEqual(
    expect.stringMatching(`^records main ${lost.slice(0, 7)}: the commit that recorded job ${job} is not in main`),
  );
  expect(found).toContainEqual(expect.stringMatching(`^records job ${job}: its row is in no table on main`));
  expect(found).toContainEqual(`journal job ${job}: its entry is not in RESEARCH_JOURNAL.md on main`);
});

test('a merge that drops a row of its second parent is found, though it differs from its first parent in nothing', async () => {
  const job = await findJob('does two help?');
  const lost = await lab.git('log', '-1', '--format=%h', `--grep=^recorder: job ${job} `, 'main');
  await lab.git('checkout', '--quiet', '-b', 'side', `${lost}^`);
  await lab.git('merge', '--quiet', '--no-verify', '--strategy=ours', '--message=side', 'main');
  const side = await lab.git('rev-parse', '--short=7', 'HEAD');
  await lab.git('checkout', '--quiet', 'main');
  await lab.git('merge', '--quiet', '--ff-only', 'side');
  expect(await listWrong()).toContainEqual(expect.stringMatching(new RegExp(`main ${side}.*results\\.tsv`)));
});

test('journal text of a job or an experiment that was changed is found with its line, an invented figure elsewhere is a note', async () => {
  const job = await findJob('does two help?');
  const line = await lineOf('RESEARCH_JOURNAL.md', '- score 2.000000');
  const inference = await lineOf('RESEARCH_JOURNAL.md', 'Numbers matter.');
  await edit('RESEARCH_JOURNAL.md', (text) =>
    text.replace('- score 2.000000', '- score 0.200000').replace('Numbers matter.', 'Numbers never matter.'),
  );
  await commit();
  const found = await listWrong();
  expect(found).toContainEqual(
    expect.stringMatching(
      `^journal RESEARCH_JOURNAL.md:${line}: is "- score 0.2.*expected "- score 2.0.* for job ${job}$`,
    ),
  );
  expect(found).toContainEqual(
    expect.stringMatching(`^journal RESEARCH_JOURNAL.md:${inference}: .*as the lab wrote it for better#1$`),
  );
  await edit('RESEARCH_JOURNAL.md', (text) =>
    text.replace('\n## ', '\n## 2026-11-21: my own\n\nIt reached score 0.1234, and 0.5000 score before.\n\n## '),
  );
  await commit();
  const { findings } = await audit();
  const notes = findings.filter(({ kind }) => kind === 'note').map(({ message }) => message);
  expect(notes).toEqual(['names score with 0.1234, which is in no record']);
});

test('a figure of a report that was changed is found in the front matter and in the text', async () => {
  const path = (await lab.git('ls-files', '9_reports/*_better.md')).trim();
  const metric = /^metric: '?([\d.]+)/m.exec(await lab.read(path))?.[1] ?? '';
  await edit(path, (text) =>
    text.replace(/^metric: .*$/m, 'metric: 0.123400').replace('It counts.', 'It counts, by 4321.5 to one.'),
  );
  await commit();
  const line = await lineOf(path, 'metric: 0.123400');
  expect(await listWrong()).toEqual([
    `reports ${path}:${line}: metric is "0.123400", expected "${metric}" by the run folder`,
    `reports ${path}:${await lineOf(path, '4321.5')}: "4321.5" under "Inferences" is in no record, expected figures of the run or derived from it`,
  ]);
});

test('a commit of an attempt that no ref keeps is found, and the command that is named mends it', async () => {
  const job = await findJob('does two help?');
  await lab.git('update-ref', '-d', `refs/nightlab/jobs/${job}`);
  const [found = '', ...others] = await listWrong();
  expect(others).toEqual([]);
  expect(found).toMatch(new RegExp(`^refs job ${job}: its commit [0-9a-f]{7} is reachable from no ref.*refs/nightlab`));
  const [, command = ''] = /`git (update-ref [^`]+)`$/.exec(found) ?? [];
  await lab.git(...command.split(' '));
  expect((await audit()).code).toBe(0);
});

test('a frozen file that was changed past the hook is wrong until meta_journal.md owns up to it', async () => {
  await edit('eval.py', (text) => `${text}# easier\n`);
  const hash = await commit();
  expect(await listWrong()).toEqual([expect.stringMatching(`^history main ${hash}: eval.py is FROZEN`)]);
  await lab.write(
    'meta_journal.md',
    `${await lab.read('meta_journal.md')}\n## 2026-11-21: a slip\n\n${hash} was mine.\n`,
  );
  const owned = await commit();
  const { findings } = await audit();
  expect(findings).toContainEqual(
    expect.objectContaining({ kind: 'note', message: expect.stringContaining('owned up to in meta_journal.md') }),
  );
  expect(findings.filter(({ kind, place }) => kind === 'wrong' && !place.includes(owned))).toEqual([]);
});

test('old text that is missing in the root checkout is found before it is committed', async () => {
  const line = await lineOf('results.tsv', 'does two help?');
  await edit('results.tsv', (text) => text.replace('does two help?', 'does two hurt?'));
  await rename(join(lab.root, 'human_journal.md'), join(lab.around, 'moved'));
  expect(await listWrong()).toEqual([
    expect.stringMatching('^history human_journal.md:1: is APPEND-ONLY and is deleted in the root checkout'),
    expect.stringMatching(`^history results.tsv:${line}: an old line was changed.*\\(not committed\\)$`),
  ]);
});

test('broken files in a job’s folder are findings, and everything else is still checked', async () => {
  const job = await findJob('does two help?');
  const other = await findJob('does a half help?');
  await lab.write(`.lab/runs/${job}/1/run.json`, '{ half');
  await lab.write(`.lab/runs/${other}/record.json`, '{"schema": 1}\n');
  await lab.write('.lab/runs/77/1/out', '');
  const found = await listWrong();
  expect(found).toContainEqual(expect.stringMatching(`^runs .lab/runs/${job}/1/run.json: cannot be read`));
  expect(found).toContainEqual(expect.stringMatching(`^runs .lab/runs/${other}/record.json: cannot be read: job: `));
  expect(found).toContainEqual(expect.stringMatching('^runs .lab/runs/77/job.json: is missing'));
  await lab.write('results.tsv', 'hé\n');
  await commit();
  expect((await audit()).findings).toContainEqual(
    expect.objectContaining({ kind: 'note', place: 'results.tsv:1', message: expect.stringContaining('own header') }),
  );
});
