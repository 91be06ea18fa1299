/** What looks like a key and what does not. The keys are put together here, so that no scanner takes this file for a leak. */
import { expect, test } from 'vitest';
import { findKeys } from './key-text.ts';

const letters = 'aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1eF3hJ5';

test.each([
  ['an AWS access key', `AK${'IA'}ABCDEFGHIJKLMNOP`],
  ['a GitHub token', `gh${'p_'}${letters}`],
  ['a GitHub token', `github_${'pat_'}${letters}${letters}`],
  ['a GitLab token', `glp${'at-'}${letters}`],
  ['a Hugging Face token', `h${'f_'}${letters}`],
  ['a Google key', `AI${'za'}${letters.slice(1)}`],
  ['a Slack token', `xo${'xb-'}${letters}`],
  ['an npm token', `np${'m_'}${letters}`],
  ['an API key', `s${'k-'}${letters}`],
  ['an API key', `s${'k-'}proj-${letters}`],
  ['an API key', `s${'k-'}ant-api03-${letters}-${letters}`],
])('%s is found inside a line, and only its first four characters are shown', (kind, value) => {
  const [finding] = findKeys(`first\nkey = "${value}"\n`);
  expect(finding).toMatchObject({ kind, line: 2, shown: `${value.slice(0, 4)}…` });
  expect(finding?.value.startsWith(value.slice(0, 30))).toBe(true);
});

test.each(['', 'RSA ', 'EC ', 'OPENSSH ', 'ENCRYPTED '])('a %sprivate key block is found', (kind) => {
  const block = `-----BEGIN ${kind}${'PRIVATE'} KEY-----`;
  expect(findKeys(`x = """\n${block}\nMIIE\n`)).toMatchObject([{ kind: 'a private key', line: 2, shown: block }]);
});

test.each([
  'sk-learn-pipeline-of-many-words-and-more-words',
  'task-0123456789abcdef0123456789abcdef',
  'commit 0123456789abcdef0123456789abcdef01234567',
  'hf_model_name',
  'AKIA',
  '-----BEGIN PUBLIC KEY-----',
  'ghp_short',
  `x = "${'0123456789'.repeat(8)}"`,
])('%s is no key', (text) => {
  expect(findKeys(text)).toEqual([]);
});

test('a key that stands in two lines is told once, two keys in the order of their lines', () => {
  const github = `gh${'p_'}${letters}`;
  const api = `s${'k-'}${letters}`;
  expect(findKeys(`${api}\n${github}\n${api}\n`).map(({ line, value }) => [line, value])).toEqual([
    [1, api],
    [2, github],
  ]);
});
