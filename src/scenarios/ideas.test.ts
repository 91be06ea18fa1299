/** Ideas as a person works with them: written by flags, in an editor and by hand, changed, turned away, and never lost. */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { recordingNotice } from '../agents/recording-notice.ts';
import { createTemporaryLab, type TemporaryLab } from './temporary-lab.ts';
import { runOnTerminal } from './terminal.ts';

let lab: TemporaryLab;
beforeAll(async () => {
  lab = await createTemporaryLab();
});
afterAll(() => lab.remove());

// One lab for all, because its daemon starts once; its ideas are the same ones again before each test.
beforeEach(async () => {
  await rm(join(lab.root, '.lab/drafts'), { recursive: true, force: true });
  await mkdir(join(lab.root, '1_ideas/rejected'), { recursive: true });
  for (const folder of ['1_ideas', '1_ideas/rejected'])
    for (const name of await files(folder)) await rm(join(lab.root, folder, name));
  for (const [slug, rating] of [
    ['low', '2'],
    ['zero', '0'],
    ['high', '9.5'],
    ['none', ''],
  ] as const)
    await lab.write(`1_ideas/2026-11-20_${slug}.md`, wholeIdea(slug, { front: `rating: ${rating}`.trim() }));
  await lab.write('1_ideas/rejected/2026-11-20_bad.md', wholeIdea('bad'));
  await lab.git('add', '--all', '1_ideas');
  await lab.git('commit', '--quiet', '--no-verify', '--allow-empty', '--message=the ideas of the test');
});

const half = '1_ideas/2026-11-20_half.md';
const halfText = '---\nrating: 7\n---\n# Half an idea\n\n## hypothesis\n\nIt helps.\n';

/** An editor that is a few lines of shell; "$1" is the file. */
async function createEditor(name: string, script: string): Promise<Record<string, string>> {
  const path = join(lab.around, `${name}.sh`);
  await writeFile(path, script);
  return { EDITOR: `sh ${path}`, VISUAL: '' };
}

const wholeIdea = (slug: string, more: { title?: string; front?: string; author?: string } = {}) => `---
slug: ${slug}
title: ${more.title ?? `The idea ${slug}`}
date: 2026-11-20
state: critiqued
category: data
expected: -0.010 score
refuted_by: no change beyond the noise
cost_minutes: 2
author: ${more.author ?? 'somebody'}
${more.front ?? 'rating: 5'}
---

## Hypothesis

The ${slug} makes the score fall.

## Mechanism

It does so by ${slug}.

## Change

One line about ${slug}.

## Test plan

Three seeds of ${slug}.
`;

const json = async (...args: string[]) => JSON.parse((await lab.lab(...args, '--json')).stdout);
const files = async (folder: string) =>
  (await readdir(join(lab.root, folder))).filter((name) => /^2/.test(name)).sort();

test('an idea by flags is committed on main, and what it lacks is said in words', async () => {
  const call = await lab.lab(
    'idea',
    'new',
    'A bigger model',
    '--expected',
    '-0.2 score',
    '--hypothesis',
    'More is better.',
  );
  expect(call.code).toBe(0);
  const [, path = ''] = /^wrote (1_ideas\/\d{4}-\d\d-\d\d_a-bigger-model\.md)\n$/.exec(call.stdout) ?? [];
  expect(await lab.git('show', `main:${path}`)).toContain('More is better.');
  expect(await lab.read(path)).toContain('expected: -0.2 score');
  expect(await lab.git('status', '--porcelain')).toBe('');
  expect(await lab.git('log', '-1', '--format=%an: %s', 'main')).toBe('nightlab: recorder: add idea a-bigger-model');
  expect(call.stderr).toContain('has no mechanism');
  expect(call.stderr).not.toContain('has no hypothesis');
  const shown = await json('idea', 'show', 'a-bigger');
  expect(shown).toMatchObject({ slug: 'a-bigger-model', path, rating: null, state: 'proposed', experiment: null });
  expect(shown.missing).toHaveLength(4);
});

test('a second idea of the same name is refused, and the first one stays', async () => {
  const before = await lab.git('rev-parse', 'main');
  const call = await lab.lab('idea', 'new', 'High');
  expect(call).toMatchObject({ code: 1, stdout: '' });
  expect(call.stderr).toContain('1_ideas/2026-11-20_high.md has the slug "high" already');
  expect(call.stderr).toContain('hint: lab idea edit high');
  expect(await lab.git('rev-parse', 'main')).toBe(before);
});

test('in the editor an idea starts from the template, and its hints are not left in the file', async () => {
  const editor = await createEditor(
    'fill',
    'cp "$1" "$1.seen"; sed -i.bak "s/^## Mechanism/## Mechanism\\n\\nBy hand./; s/^cost_minutes:/cost_minutes: 3 # about/" "$1"; rm "$1.bak"\n',
  );
  const call = await lab.labIn(lab.root, ['idea', 'new', 'Typed by hand', '--category', 'loss', '--edit'], editor);
  expect(call.code).toBe(0);
  const [, path = ''] = /^wrote (\S+)\n/.exec(call.stdout) ?? [];
  const text = await lab.read(path);
  expect(text).toContain('## Mechanism\n\nBy hand.');
  expect(text).toContain('cost_minutes: 3 # about');
  expect(text).not.toContain('<!--');
  expect(await lab.read('.lab/drafts/typed-by-hand.md.seen')).toContain('<!-- What is edited, in a few lines. -->');
  // The draft itself is gone: its text is recorded.
  expect(await readdir(join(lab.root, '.lab/drafts'))).toEqual(['typed-by-hand.md.seen']);
});

test('at a terminal a title alone opens the editor, and flags that say it all do not', async () => {
  const editor = await createEditor('stamp', 'echo opened; printf "\\nseen by the editor\\n" >> "$1"\n');
  const bare = await runOnTerminal(lab, ['idea', 'new', 'Only a title'], [], editor);
  expect(bare.screen).toContain('opened');
  expect(await lab.git('show', `main:${/wrote (\S+)/.exec(bare.screen)?.[1]}`)).toContain('seen by the editor');
  const whole = await runOnTerminal(lab, ['idea', 'new', 'All said', '--hypothesis', 'It helps.'], [], editor);
  expect(whole.screen).toMatch(/wrote 1_ideas\/\S+_all-said\.md/);
  expect(whole.screen).not.toContain('opened');
});

test('a text that was left as it was makes no idea', async () => {
  const call = await lab.labIn(lab.root, ['idea', 'new', 'Never mind', '--edit'], { EDITOR: 'true', VISUAL: '' });
  expect(call).toMatchObject({ code: 0, stdout: '' });
  expect(call.stderr).toContain('nothing was written');
  expect((await files('1_ideas')).filter((name) => name.includes('never-mind'))).toEqual([]);
});

test('ideas are listed by rating with the unrated last, counted, filtered and as JSON', async () => {
  await lab.write(
    '1_ideas/2026-11-21_later.md',
    wholeIdea('later', { front: 'rating:' }).replace('critiqued', 'proposed').replace('11-20', '11-21'),
  );
  const order = async (...args: string[]) =>
    (await json('ideas', ...args)).ideas.map((idea: { slug: string }) => idea.slug);
  expect(await order()).toEqual(['high', 'low', 'zero', 'later', 'none']);
  expect(await order('--min-rating', '2')).toEqual(['high', 'low']);
  expect(await order('--sort', 'slug')).toEqual(['high', 'later', 'low', 'none', 'zero']);
  expect((await order('--sort', 'date'))[0]).toBe('later');
  expect(await order('--category', 'loss')).toEqual([]);
  expect(await order('--state', 'proposed')).toEqual(['later']);
  expect(await order('--rejected')).toEqual(['bad']);
  const table = (await lab.lab('ideas')).stdout.split('\n');
  expect(table[0]).toBe('5 ideas: 4 critiqued, 1 proposed; 1 rejected (`lab ideas --rejected`)');
  expect(table[3]).toMatch(/^ +9\.5 {2}high +data +critiqued +-0\.010 score +2 min {2}The idea high$/);
  const wrong = await lab.lab('ideas', '--state', 'critqued');
  expect(wrong).toMatchObject({ code: 2, stdout: '' });
  expect(wrong.stderr).toContain('did you mean --state critiqued?');
});

test('a file of a person that lacks keys is told in one line on stderr and listed all the same', async () => {
  await lab.write(half, halfText);
  const { code, stdout, stderr } = await lab.lab('ideas', '--sort', 'slug');
  expect(code).toBe(0);
  expect(stdout).toMatch(/half +architecture +proposed .*Half an idea/);
  const lines = stderr.split('\n').filter((line) => line.startsWith(`${half}: `));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/ \(and \d+ more: `lab idea show half`\)$/);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect((await lab.lab('idea', 'show', 'half')).stderr).toContain('has no mechanism');
});

test('an idea of a recording says so wherever it is shown, and others do not', async () => {
  expect((await lab.lab('ideas')).stderr).not.toContain(recordingNotice);
  await lab.write('1_ideas/2026-11-20_played.md', wholeIdea('played', { author: 'recorded' }));
  expect((await lab.lab('ideas')).stderr).toContain(recordingNotice);
  expect((await lab.lab('idea', 'show', 'played')).stderr).toContain(recordingNotice);
  expect((await lab.lab('idea', 'show', 'low')).stderr).not.toContain(recordingNotice);
});

test('a file that nobody has committed is taken up by an edit, with all that the person wrote in it', async () => {
  await lab.write(half, halfText);
  const call = await lab.lab('idea', 'edit', 'half', '--set', 'rating=8', '--set', 'cost-minutes=4');
  expect(call).toMatchObject({ code: 0, stdout: `changed ${half}\n` });
  const text = await lab.git('show', `main:${half}`);
  expect(text).toContain('rating: 8');
  expect(text).toContain('# Half an idea\n\n## hypothesis\n\nIt helps.');
  expect(await lab.git('status', '--porcelain')).toBe('');
  expect(await json('idea', 'show', 'half')).toMatchObject({ rating: 8, costMinutes: 4, title: 'Half an idea' });
});

test.each([
  ['ratng=7', 'the key "ratng", expected one of: title, state'],
  ['rating=70', 'rating got "70", expected a number from 0 to 10'],
  ['state=done', 'state got "done", expected one of: proposed'],
  ['rating', 'got "rating", expected key=value'],
])('--set %s is refused as usage and changes nothing', async (setting, words) => {
  const before = await lab.git('rev-parse', 'main');
  const call = await lab.lab('idea', 'edit', 'low', '--set', setting);
  expect(call.code).toBe(2);
  expect(call.stderr).toContain(words);
  expect(await lab.git('rev-parse', 'main')).toBe(before);
});

test('an edit that breaks the file leaves it alone and keeps the text; the kept text can be mended and taken up', async () => {
  await lab.write(half, halfText);
  const editor = await createEditor(
    'break',
    'printf "my long thoughts\\n" >> "$1"; sed -i.bak "s/^rating: 7/rating: very good/" "$1"; rm "$1.bak"\n',
  );
  const call = await lab.labIn(lab.root, ['idea', 'edit', 'half'], editor);
  expect(call).toMatchObject({ code: 1, stdout: '' });
  expect(call.stderr).toContain(`${half} stays as it was`);
  expect(call.stderr).toContain('rating: got "very good"');
  expect(await lab.read(half)).toBe(halfText);
  const [, kept = ''] = /your text is in (\S+)/.exec(call.stderr) ?? [];
  const text = await lab.read(kept);
  expect(text).toContain('my long thoughts');
  await lab.write(kept, text.replace('very good', '6'));
  expect((await lab.lab('idea', 'edit', 'half', '--from', kept)).stdout).toBe(`changed ${half}\n`);
  expect(await lab.git('show', `main:${half}`)).toContain('my long thoughts');
});

test('an editor that fails, changes nothing or renames the idea loses and changes nothing', async () => {
  const before = await lab.git('rev-parse', 'main');
  const edit = async (env: Record<string, string>) => await lab.labIn(lab.root, ['idea', 'edit', 'low'], env);
  const failed = await edit(await createEditor('fail', 'echo gone >> "$1"; exit 3\n'));
  expect(failed.code).toBe(1);
  expect(failed.stderr).toContain('ended with exit code 3');
  const [, kept = ''] = /your text is in (\S+)/.exec(failed.stderr) ?? [];
  expect(await lab.read(kept)).toContain('gone');
  const same = await edit({ EDITOR: 'true', VISUAL: '' });
  expect(same).toMatchObject({ code: 0, stdout: '1_ideas/2026-11-20_low.md is unchanged\n' });
  const renamed = await edit(
    await createEditor('rename', 'sed -i.bak "s/^slug: low/slug: lower/" "$1"; rm "$1.bak"\n'),
  );
  expect(renamed.code).toBe(1);
  expect(renamed.stderr).toContain('slug: got "lower", expected "low"');
  expect(await lab.git('rev-parse', 'main')).toBe(before);
  expect(await lab.git('status', '--porcelain')).toBe('');
});

test('a file that changed while the editor was open is not written over, and the typed text is kept', async () => {
  const path = '1_ideas/2026-11-20_zero.md';
  const editor = await createEditor('both', `echo mine >> "$1"; echo theirs >> ${join(lab.root, path)}\n`);
  const call = await lab.labIn(lab.root, ['idea', 'edit', 'zero'], editor);
  expect(call).toMatchObject({ code: 1, stdout: '' });
  expect(call.stderr).toContain(`${path} has changed since it was read`);
  expect(await lab.read(path)).toMatch(/theirs\n$/);
  expect(await lab.read(path)).not.toContain('mine');
  const [, kept = ''] = /your text is in (\S+)/.exec(call.stderr) ?? [];
  expect(await lab.read(kept)).toMatch(/mine\n$/);
});

test('at a terminal a text with problems is edited again until it has none', async () => {
  const editor = await createEditor(
    'twice',
    'if grep -q "^rating: bad" "$1"; then sed -i.bak "s/^rating: bad/rating: 8/" "$1"; else sed -i.bak "s/^rating: .*/rating: bad/" "$1"; fi; rm "$1.bak"\n',
  );
  const call = await runOnTerminal(lab, ['idea', 'edit', 'high'], [['[k]eep the text aside? ', 'e\n']], editor);
  expect(call.code).toBe(0);
  expect(call.screen).toContain('rating: got "bad"');
  expect(await lab.read('1_ideas/2026-11-20_high.md')).toContain('rating: 8');
});

test('a rejection needs its reason; with it the file moves, the reason stands in it, and it can be taken up again', async () => {
  expect(await lab.lab('idea', 'reject', 'low')).toMatchObject({ code: 2, stdout: '' });
  expect(await files('1_ideas/rejected')).toEqual(['2026-11-20_bad.md']);
  expect((await lab.lab('idea', 'reject', 'low', '--reason', 'zero says the same')).code).toBe(0);
  expect(await files('1_ideas/rejected')).toEqual(['2026-11-20_bad.md', '2026-11-20_low.md']);
  expect(await files('1_ideas')).not.toContain('2026-11-20_low.md');
  const text = await lab.git('show', 'main:1_ideas/rejected/2026-11-20_low.md');
  expect(text).toMatch(/## Outcome\n\nRejected: zero says the same/);
  expect((await lab.lab('idea', 'reject', 'low', '--reason', 'again')).stdout).toContain('is rejected already');
  const back = await lab.lab('idea', 'edit', 'low', '--set', 'state=proposed');
  expect(back.stdout).toBe('changed and moved to 1_ideas/2026-11-20_low.md\n');
  expect(await lab.git('ls-tree', '-r', '--name-only', 'main', '1_ideas/rejected')).not.toContain('low');
  expect((await lab.lab('idea', 'edit', 'low', '--set', 'state=rejected')).stderr).toContain('needs a reason');
});

test('an unknown idea and an unknown verb are answered with the nearest', async () => {
  const idea = await lab.lab('idea', 'show', 'hgih');
  expect(idea).toMatchObject({ code: 1, stdout: '' });
  expect(idea.stderr).toContain('high');
  const verb = await lab.lab('idea', 'shwo', 'high');
  expect(verb.code).toBe(2);
  expect(verb.stderr).toContain('did you mean `lab idea show`?');
});

test('the text of an idea cannot steer the terminal that shows it', async () => {
  await lab.write('1_ideas/2026-11-20_evil.md', wholeIdea('evil', { title: 'clear \u001b[2J the \u0007 screen' }));
  const shown = await runOnTerminal(lab, ['idea', 'show', 'evil'], []);
  const listed = await runOnTerminal(lab, ['ideas'], []);
  expect(shown.screen).toContain('clear \ufffd[2J the \ufffd screen');
  expect(`${shown.screen}${listed.screen}`).not.toContain('\u001b[2J');
});
