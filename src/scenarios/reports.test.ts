/** Reports as a person meets them: listed, read, and reviewed by flags or one by one at the keyboard. */
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { recordingNotice } from '../agents/recording-notice.ts';
import { createRefusedFacts, createReportFacts, sampleProse } from '../lab/report-facts-fixture.ts';
import { parseReport } from '../lab/report-parse.ts';
import { formatReport } from '../lab/report-text.ts';
import { createTemporaryLab, type TemporaryLab } from './temporary-lab.ts';
import { runOnTerminal } from './terminal.ts';

let lab: TemporaryLab;

const paths = {
  old: '9_reports/2026-11-19_frozen-edit.md',
  first: '9_reports/2026-11-20_longer-contexts.md',
  again: '9_reports/2026-11-20_longer-contexts-2.md',
};

beforeEach(async () => {
  lab = await createTemporaryLab();
  await lab.git('config', 'user.name', 'Ada Reviewer');
  const base = await lab.git('rev-parse', 'HEAD');
  await lab.write('train.py', 'print("the changed line")\n');
  await lab.git('checkout', '--quiet', '-b', 'exp/longer-contexts');
  await lab.git('commit', '--quiet', '--no-verify', '--all', '--message=exp(longer-contexts): change');
  const commit = await lab.git('rev-parse', 'HEAD');
  await lab.git('checkout', '--quiet', 'main');
  const measured = { base, commit, date: '2026-11-20' };
  const first = createReportFacts({ ...measured, jobs: [6, 7], decision: 'discard', notice: recordingNotice });
  const again = createReportFacts({ ...measured, jobs: [12], notice: null });
  const refused = createRefusedFacts({
    base,
    slug: 'frozen-edit',
    title: 'Edits the evaluator',
    date: '2026-11-19',
    notice: null,
  });
  await lab.write(paths.first, formatReport(first, sampleProse));
  await lab.write(paths.again, formatReport(again, sampleProse));
  await lab.write(paths.old, formatReport(refused, null));
  await lab.git('add', '9_reports');
  await lab.git('commit', '--quiet', '--no-verify', '--message=reports');
});
afterEach(() => lab.remove());

const verdictOf = async (path: string) => {
  const { verdict, reviewer, reviewed, sections } = parseReport(await lab.git('show', `main:${path}`), path);
  return { verdict, reviewer, isTimed: !Number.isNaN(Date.parse(reviewed)), review: sections.Review ?? '' };
};

test('reports are listed newest first with what waits, filtered, and as JSON; a recording is told', async () => {
  const { code, stdout, stderr } = await lab.lab('reports');
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  expect(lines[0]).toBe('3 reports: 1 keep, 1 discard, 1 refused; 3 to review (`lab reports review`)');
  expect(lines.slice(3).map((line) => line.split(/ {2,}/).slice(0, 3))).toEqual([
    ['2026-11-20', 'longer-contexts', 'keep'],
    ['2026-11-20', 'longer-contexts', 'discard'],
    ['2026-11-19', 'frozen-edit', 'refused'],
  ]);
  expect(stderr).toContain(recordingNotice);
  const kept = await lab.lab('reports', '--decision', 'keep', '--json');
  expect(JSON.parse(kept.stdout)).toMatchObject({
    reports: 3,
    waiting: 3,
    rows: [{ path: paths.again, metric: 0.9286 }],
  });
  expect(kept.stderr).not.toContain(recordingNotice);
  expect((await lab.lab('reports', '--verdict', 'accept')).stdout).toContain('none to show');
  const wrong = await lab.lab('reports', '--verdict', 'acept');
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toContain('did you mean --verdict accept?');
});

test('a report is printed byte for byte, the newest where none is named; --path and --json give place and figures', async () => {
  expect((await lab.lab('report')).stdout).toBe(await lab.read(paths.again));
  expect((await lab.lab('report', 'frozen')).stdout).toBe(await lab.read(paths.old));
  expect((await lab.lab('report', paths.first, '--path')).stdout).toBe(`${join(lab.root, paths.first)}\n`);
  expect(JSON.parse((await lab.lab('report', 'frozen-edit', '--json')).stdout)).toMatchObject({
    decision: 'refused',
    metric: null,
  });
  const unknown = await lab.lab('report', 'nothing');
  expect(unknown).toMatchObject({ code: 1, stdout: '' });
  expect(unknown.stderr).toContain('no report is called "nothing"');
});

test('a verdict by flags is committed with name and time, and nothing else of the report changes', async () => {
  const before = await lab.read(paths.old);
  const call = await lab.lab('reports', 'review', 'frozen-edit', '--verdict', 'reject', '--note', 'as it should be');
  expect(call).toMatchObject({ code: 0, stdout: `${paths.old}: reject\n` });
  expect(await verdictOf(paths.old)).toMatchObject({ verdict: 'reject', reviewer: 'Ada Reviewer', isTimed: true });
  expect((await verdictOf(paths.old)).review).toContain('as it should be');
  const after = await lab.read(paths.old);
  const stable = (text: string) =>
    text.replaceAll(/^(reviewed|verdict|reviewer):.*\n/gm, '').replace(/\n+## Review[\s\S]*$/, '\n');
  expect(stable(after)).toBe(stable(before));
  expect(await lab.git('log', '-1', '--format=%s', 'main')).toBe('recorder: reject report frozen-edit');
  expect(await lab.git('status', '--porcelain')).toBe('');
  expect((await lab.lab('reports')).stdout).toContain('2 to review');
});

test.each([
  [['review'], 'stdin is no terminal to ask in, expected --verdict and a slug'],
  [['review', '--verdict', 'accept'], '--verdict accept names no report'],
  [['review', 'frozen-edit', '--note', 'x'], '--note was given without --verdict'],
  [['review', 'frozen-edit', '--verdict', 'maybe'], '--verdict got "maybe", expected one of: accept, reject'],
  [['reveiw'], 'did you mean `lab reports review`?'],
  [['--note', 'x'], 'lab reports list has no option --note'],
])('`lab reports %j` is refused as usage, and no report changes', async (args, words) => {
  const before = await lab.git('rev-parse', 'main');
  const call = await lab.lab('reports', ...args);
  expect(call).toMatchObject({ code: 2, stdout: '' });
  expect(call.stderr).toContain(words);
  expect(await lab.git('rev-parse', 'main')).toBe(before);
});

test('at the keyboard the reports come oldest first, with diff and log at hand, and each verdict is kept at once', async () => {
  const job = await lab.add('--label', 'Q: what is said? H: no change', '--no-score', '--', 'echo the end of the log');
  expect((await lab.lab('wait', String(job))).code).toBe(0);
  await lab.write(paths.first, (await lab.read(paths.first)).replace(/^jobs: .*$/m, `jobs: ${job}`));
  const prompt = '[q]uit > ';
  const call = await runOnTerminal(
    lab,
    ['reports', 'review'],
    [
      [`report 1 of 3: ${paths.old}`, ''],
      [prompt, 'd\n'],
      ['no diff:', ''],
      [prompt, 'accept\n'],
      ['note (empty: none): ', '\n'],
      [`report 2 of 3: ${paths.first}`, ''],
      [prompt, 'zzz\n'],
      ['"zzz" is no key', ''],
      [prompt, 'l\n'],
      ['the end of the log', ''],
      [prompt, 'd\n'],
      ['PAGED +print("the changed line")', ''],
      [prompt, 'r\n'],
      ['note (empty: none): ', 'too slow: why?\n'],
      [`report 3 of 3: ${paths.again}`, ''],
      [prompt, 'q\n'],
    ],
    { PAGER: 'sed "s/^/PAGED /"' },
  );
  expect(call.code).toBe(0);
  expect(call.screen).toMatch(/2 reviewed, 1 waits\n$/);
  expect(await verdictOf(paths.old)).toEqual({
    verdict: 'accept',
    reviewer: 'Ada Reviewer',
    isTimed: true,
    review: '',
  });
  expect(await verdictOf(paths.first)).toMatchObject({
    verdict: 'reject',
    review: expect.stringContaining('too slow: why?'),
  });
  expect(await verdictOf(paths.again)).toMatchObject({ verdict: '', reviewer: '' });
});

test('skipping leaves a report as it is, the end of input ends the review, and a named report is the only one shown', async () => {
  const before = await lab.git('rev-parse', 'main');
  const call = await runOnTerminal(
    lab,
    ['reports', 'review', 'frozen-edit', paths.first],
    [
      ['report 1 of 2', ''],
      ['[q]uit > ', 's\n'],
      ['report 2 of 2', ''],
      ['[q]uit > ', '\u0004'],
    ],
  );
  expect(call.code).toBe(0);
  expect(call.screen).toContain('0 reviewed, 3 wait');
  expect(await lab.git('rev-parse', 'main')).toBe(before);
});

test('Ctrl-C in the middle of a review keeps the verdicts that were given', async () => {
  const call = await runOnTerminal(
    lab,
    ['reports', 'review'],
    [
      ['[q]uit > ', 'a\n'],
      ['note (empty: none): ', '\n'],
      ['report 2 of 3', ''],
      ['[q]uit > ', '\u0003'],
    ],
  );
  expect(call.code).toBe(130);
  expect(await verdictOf(paths.old)).toMatchObject({ verdict: 'accept' });
  expect(await verdictOf(paths.first)).toMatchObject({ verdict: '' });
});

test('a base that is no commit never becomes a word of a git command', async () => {
  const text = (await lab.read(paths.first)).replace(/^base: .*$/m, 'base: --output=stolen');
  await lab.write(paths.first, text);
  const call = await runOnTerminal(
    lab,
    ['reports', 'review', paths.first],
    [
      ['[q]uit > ', 'd\n'],
      ['no diff: base is "--output=stolen"', ''],
      ['[q]uit > ', 'q\n'],
    ],
  );
  expect(call.code).toBe(0);
  await expect(lab.read('stolen')).rejects.toThrow('ENOENT');
});

test('a report that a person broke is listed and shown with what is wrong, and can still be reviewed', async () => {
  await lab.write(paths.old, (await lab.read(paths.old)).replace('decision: refused', 'decision: maybe'));
  const { code, stderr } = await lab.lab('reports');
  expect(code).toBe(0);
  expect(stderr).toContain(`${paths.old}: decision: got "maybe", expected one of keep`);
  expect((await lab.lab('reports', 'review', 'frozen-edit', '--verdict', 'accept')).code).toBe(0);
  expect(await verdictOf(paths.old)).toMatchObject({ verdict: 'accept' });
  expect(await lab.git('show', `main:${paths.old}`)).toContain('decision: maybe');
});

test('a lab without reports says how to get one', async () => {
  await lab.git('rm', '--quiet', '-r', ...Object.values(paths));
  expect((await lab.lab('reports')).stdout).toContain('no reports yet: `lab implement --best`');
  expect(await lab.lab('report')).toMatchObject({ code: 1, stdout: '' });
});
