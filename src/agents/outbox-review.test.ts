/** Reviews and the prose of reports as agents hand them in, good and bad. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readReportProse, readReview } from './outbox-review.ts';

let outbox: string;

beforeEach(() => {
  outbox = mkdtempSync(join(tmpdir(), 'nl-outbox-'));
});

afterEach(() => {
  rmSync(outbox, { recursive: true, force: true });
});

const put = (name: string, text: string): void => writeFileSync(join(outbox, name), text);
const review = (front: string, text = 'It does what it says.\n') => {
  put('review.md', `---\n${front}\n---\n\n${text}`);
  return readReview(outbox);
};

test.each(['findings: []', 'findings:', 'findings: none', ''])('an approval with %j has no findings', (findings) => {
  expect(review(`verdict: approve\n${findings}`)).toEqual({
    kind: 'ok',
    verdict: 'approve',
    findings: [],
    text: 'It does what it says.',
  });
});

test('findings come through, with colons and hashes in unquoted texts, and over several lines', () => {
  const read = review(`verdict: changes
findings:
  - severity: Blocking
    file: problem/train.py
    text: the loop: it never ends # truly
  - severity: minor
    file:
    text: >
      a longer
      text
  - {severity: minor, file: a.py, text: "quoted: yes"}`);
  expect(read).toMatchObject({
    verdict: 'changes',
    findings: [
      { severity: 'blocking', file: 'problem/train.py', text: 'the loop: it never ends # truly' },
      { severity: 'minor', file: '', text: 'a longer text' },
      { severity: 'minor', file: 'a.py', text: 'quoted: yes' },
    ],
  });
  const plain = review('verdict: changes\nfindings:\n  - severity: blocking\n    text: goes on\n      and on');
  expect(plain).toMatchObject({ findings: [{ text: 'goes on and on' }] });
});

test('changes without a blocking finding: the text counts as one', () => {
  const minor = 'findings:\n  - {severity: minor, file: a.py, text: a name}';
  expect(review(`verdict: changes\n${minor}`, 'The sign is wrong.\n')).toMatchObject({
    verdict: 'changes',
    findings: [
      { severity: 'blocking', file: '', text: 'The sign is wrong.' },
      { severity: 'minor', text: 'a name' },
    ],
  });
  expect(review('verdict: changes', '')).toMatchObject({ kind: 'wrong', problems: [expect.stringMatching(/nowhere/)] });
});

test('an approval with a blocking finding counts as changes', () => {
  const blocked = 'findings:\n  - {severity: blocking, file: a.py, text: it cheats}';
  expect(review(`verdict: approve\n${blocked}`)).toMatchObject({ kind: 'ok', verdict: 'changes' });
});

test.each([
  ['verdict: fine', /verdict: got "fine", expected approve or changes/],
  ['findings: []', /verdict: expected/],
  ['verdict: changes\nfindings: it is bad', /findings: expected a list/],
  ['verdict: changes\nfindings:\n  - {severity: terrible, text: x}', /findings, number 1, severity: expected blocking/],
  ['verdict: changes\nfindings:\n  - {severity: blocking, file: a.py}', /findings, number 1, text/],
  ['verdict: changes\nfindings: [}', /broken YAML, line 3/],
  ['just: [text', /broken YAML/],
])('%j is turned back with the reason', (front, reason) => {
  expect(review(front)).toEqual({ kind: 'wrong', problems: [expect.stringMatching(reason)] });
});

test('no review, and one without a front matter, are turned back; dashes inside a text close nothing', () => {
  expect(readReview(outbox)).toEqual({ kind: 'wrong', problems: ['review.md is missing in the outbox'] });
  put('review.md', 'I approve.\n');
  expect(readReview(outbox)).toMatchObject({ problems: [expect.stringMatching(/no front matter/)] });
  const dashes = 'verdict: approve\nfindings:\n  - {severity: minor, file: a.py, text: a---b}';
  expect(review(dashes)).toMatchObject({ kind: 'ok', findings: [{ text: 'a---b' }] });
});

const report = (...sections: [heading: string, text: string][]) => {
  put('report.md', sections.map(([heading, text]) => `## ${heading}\n${text}\n`).join('\n'));
  return readReportProse(outbox);
};

test('the parts of a report go where they belong, and "None." is nothing', () => {
  const read = report(
    ['What was changed', 'One key more.'],
    ['Inferences', 'It fits.'],
    ['Claims', 'None.'],
    ['what next?', 'Pairs.'],
    ['Journal', 'It helps.'],
  );
  expect(read).toEqual({
    kind: 'ok',
    prose: { changed: 'One key more.', inferences: 'It fits.', claims: '', next: 'Pairs.', summary: 'It helps.' },
  });
});

test('a heading in a fence is text', () => {
  const code = '```python\n## Journal\nx = 1\n```';
  expect(report(['What was changed', code], ['Journal', 'It helps.'])).toMatchObject({
    prose: { changed: code, summary: 'It helps.' },
  });
});

test('a missing part, an unknown heading, one that stands twice and an endless entry are each told', () => {
  expect(
    report(['Observations', 'I measured 7.'], ['Inferences', 'a'], ['Inferences', 'b'], ['Journal', 'x'.repeat(1001)]),
  ).toEqual({
    kind: 'wrong',
    problems: [
      expect.stringMatching(/heading "Observations", expected only What was changed/),
      'report.md has the heading "Inferences" twice',
      'report.md has no text under "## What was changed"',
      expect.stringMatching(/has 1001 characters under "## Journal"/),
    ],
  });
});

test('no report is turned back', () => {
  expect(readReportProse(outbox)).toEqual({ kind: 'wrong', problems: ['report.md is missing in the outbox'] });
});
