/** What a person sees on a terminal of 60 columns and 12 rows: `lab status --watch` as it is drawn, and the question of `lab reset`. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTemporaryLab, labCommand, type TemporaryLab } from './temporary-lab.ts';
import { runOnTerminal, talkOnTerminal } from './terminal.ts';

let lab: TemporaryLab;

beforeAll(async () => {
  lab = await createTemporaryLab();
  const label = (text: string) => ['--label', `Q: ${text} H: no change`];
  for (let i = 1; i <= 9; i++)
    await lab.add(
      '--no-score',
      '--stashed',
      ...label(`is question ${i} with its many words cut to the screen?`),
      '--',
      'true',
    );
});

afterAll(async () => {
  await lab.remove();
});

test('watching draws whole screens and gives the terminal back as it was', async () => {
  const { code, screen } = await talkOnTerminal([...labCommand, 'status', '--watch'], [['  9  stashed', '\u0003']], {
    cwd: lab.root,
    env: { ...lab.env, TERM: 'xterm' },
    size: [60, 12],
  });
  expect(code).toBe(0);
  const [enter, ...drawn] = screen.replace('\u001b[?25h\u001b[?1049l', '').split('\u001b[H\u001b[J');
  expect(enter).toBe('\u001b[?1049h\u001b[?25l');
  expect(screen.endsWith('\u001b[?25h\u001b[?1049l')).toBe(true);
  for (const one of drawn) {
    const lines = one.replaceAll('^C', '').trimEnd().split('\n');
    const rows = lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / 60)), 0);
    expect(rows).toBeLessThan(12);
    expect(lines).toContainEqual(expect.stringMatching(/^job +state +/));
    expect(lines.at(-1)).toMatch(/^ +9 +stashed/);
  }
});

test('reset asks on the terminal, and only yes does it', async () => {
  const asked = 'kill, remove and clean every job? [y/N] ';
  for (const typed of ['\n', 'n\n', 'what\n', '\u0004']) {
    const { code, screen } = await runOnTerminal(lab, ['reset'], [[asked, typed]]);
    expect({ code, screen }).toEqual({ code: 1, screen: expect.stringContaining('nothing was changed') });
  }
  expect((await lab.status()).jobs.every(({ state }) => state.kind === 'stashed')).toBe(true);
  expect((await runOnTerminal(lab, ['reset'], [[asked, 'yes\n']])).code).toBe(0);
  expect((await lab.status()).jobs.some(({ state }) => state.kind === 'stashed')).toBe(false);
});
