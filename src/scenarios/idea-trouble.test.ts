/**
 * Ideas that nobody wants to go on with: files that cannot be read or written, ideators whose every idea is turned away, critics who send
 * ideas round in circles; and a baseline that failed. The agents are a script of the test behind the real command adapter.
 */
import { readdirSync } from 'node:fs';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, expect, test } from 'vitest';
import { createTemporaryLab, labCommand, type TemporaryLab, trainScript, waitUntil } from './temporary-lab.ts';

// IDEAS: what the ideator does. The critic says what stands in critiques.json for a slug, and 5 where nothing does.
const script = `import json, os, random, time
role, outbox, inbox = os.environ["LAB_ROLE"], os.environ["LAB_OUTBOX"], os.environ["LAB_INBOX"]
signals = os.environ["SIGNALS"]

def hand_in(name, text):
    with open(os.path.join(outbox, name), "w") as file:
        file.write(text)

def words():
    return " ".join("".join(random.choice("bdgklmnprst") + random.choice("aeiou") for _ in range(4)) for _ in range(8))

def propose(slug, hypothesis):
    hand_in(slug + ".md", f"""---
slug: {slug}
title: {words()}
category: architecture
expected: -0.100 score
refuted_by: no change
---

## Hypothesis

{hypothesis}

## Mechanism

{words()}

## Change

{words()}

## Test plan

One run.
""")

mode = os.environ.get("IDEAS", "")
if role == "ideator":
    known = open(os.path.join(inbox, "ideas.md")).read()
    count = known.count("\\n- ")
    for number in range(count, count + (4 if mode == "vague" else 2)):
        propose(f"idea-{number}", "" if mode == "vague" else "It lowers " + words())
elif role == "critic":
    if mode == "slow":
        open(os.path.join(signals, "started"), "w").close()
        while not os.path.exists(os.path.join(signals, "go")):
            time.sleep(0.02)
    said = json.loads(os.environ.get("CRITIQUES", "{}"))
    for name in os.listdir(inbox):
        front = said.get(name[:-3], "rating: 2\\nknob_only: true" if mode == "knobs" else "rating: 5")
        hand_in(name, f"---\\n{front}\\n---\\n\\nSound enough for {name}.\\n")
elif role == "implementer":
    hand_in("cannot.md", "there is no such place")
elif role == "reporter":
    hand_in("report.md", "## What was changed\\n\\nNothing.\\n\\n## Journal\\n\\nNothing.\\n")
`;

const open: TemporaryLab[] = [];
afterEach(async () => {
  for (const lab of open.splice(0)) await lab.remove();
});

async function createLab(mode: string, critiques: Record<string, string> = {}, config = ''): Promise<TemporaryLab> {
  const lab = await createTemporaryLab({
    files: { 'agent.py': script },
    config: `metric:\n  name: score\ncommands:\n  train: python3 train.py\n  score: python3 eval.py\nrun:\n  seeds: [1]\n${config}`,
    local:
      'agents:\n  use: scripted\n  commands:\n    scripted: python3 {directory}/agent.py {promptFile}\n  env: [IDEAS, CRITIQUES, SIGNALS]\nsandbox: off\n',
  });
  open.push(lab);
  const signals = join(lab.root, '.git', 'signals');
  await mkdir(signals, { recursive: true });
  Object.assign(lab.env, { IDEAS: mode, CRITIQUES: JSON.stringify(critiques), SIGNALS: signals });
  return lab;
}

const idea = (slug: string, state = 'proposed') =>
  `---\nslug: ${slug}\ntitle: About ${slug}\nstate: ${state}\ncategory: loss\nexpected: -0.1 score\nrefuted_by: no change\n---\n\n## Hypothesis\n\nIt helps ${slug}.\n\n## Mechanism\n\nm\n\n## Change\n\nc\n\n## Test plan\n\nt\n`;

async function writeIdeas(lab: TemporaryLab, ...slugs: string[]): Promise<void> {
  for (const slug of slugs) await lab.write(`1_ideas/2026-11-20_${slug}.md`, idea(slug));
  await lab.git('add', '--all', '1_ideas');
  await lab.git('commit', '--quiet', '--no-verify', '--message=ideas');
}

const files = (lab: TemporaryLab, folder: string) => {
  const names = readdirSync(join(lab.root, folder), { withFileTypes: true });
  return names
    .filter((entry) => !entry.isDirectory() && entry.name !== '_TEMPLATE.md')
    .map(({ name }) => name)
    .sort();
};

test.each([
  ['vague', 8, /has no hypothesis/],
  ['knobs', 4, /turns a knob and gives no mechanism/],
])(
  'where every idea is turned away (%s) the command ends and says why, and the ideator is told',
  {
    timeout: 240_000,
  },
  async (mode, count, reason) => {
    const lab = await createLab(mode);
    const ended = await lab.lab('ideate', '--until', '5');
    expect(ended, ended.stderr).toMatchObject({ code: 4 });
    expect(ended.stderr).toMatch(
      new RegExp(`ended early: the last ${count} ideas were turned away: the first, idea-\\d+: ${reason.source}`),
    );
    expect(files(lab, '1_ideas/rejected')).toHaveLength(count);
    const runs = readdirSync(join(lab.root, '.lab', 'agents')).filter((name) => name.includes('-ideator-'));
    expect(runs).toHaveLength(2);
    // Of two runs that began in the same second the names do not tell which came first: the first was told of no idea.
    const told = await Promise.all(runs.map((name) => lab.read(`.lab/agents/${name}/inbox/ideas.md`)));
    const lists = told.map((text) => text.split('\n').filter((line) => line.startsWith('- ')));
    expect(lists.map(({ length }) => length).sort()).toEqual([0, count / 2]);
    for (const line of lists.flat())
      expect(line).toMatch(new RegExp(`^- idea-\\d+ \\(rejected.*turned away: ${reason.source}`));
  },
);

test('files that cannot be read or written are left out and left alone, and hold no other idea back', {
  timeout: 240_000,
}, async () => {
  const lab = await createLab(
    '',
    { back: 'rating: 1\nknob_only: true' },
    'rules:\n  1_ideas/2026-11-20_human.md: [HUMAN]\n',
  );
  await writeIdeas(lab, 'good', 'human');
  await lab.write('1_ideas/rejected/2026-11-20_back.md', idea('back', 'rejected'));
  await lab.git('add', '--all', '1_ideas');
  await lab.git('commit', '--quiet', '--no-verify', '--message=rejected');
  const odd = { 'latin.md': Buffer.from([0x2d, 0xe9, 0x0a]), 'a\\b.md': idea('b'), 'c\u0007d.md': idea('d') };
  for (const [name, content] of Object.entries(odd)) await writeFile(join(lab.root, '1_ideas', name), content);
  await symlink('/etc/hostname', join(lab.root, '1_ideas/link.md'));
  // Taken up again by hand: copied back, its state changed.
  await lab.write('1_ideas/2026-11-20_back.md', idea('back'));

  const ended = await lab.lab('ideate', '--until', '3');
  expect(ended.stderr).toMatch(/left out: .*latin\.md is not UTF-8 text/);
  expect(ended.stderr).toMatch(/left out: .*rename it, for example to "a-b\.md"/);
  expect(ended.stderr).toMatch(/human: its critique could not be written: .*HUMAN/);
  expect(ended.stderr).toMatch(/ended early: the critique could not be written into human\n/);
  expect(await lab.read('1_ideas/2026-11-20_good.md')).toContain('rating: 5');
  expect(await lab.read('1_ideas/2026-11-20_human.md')).toBe(idea('human'));
  for (const [name, content] of Object.entries(odd))
    expect(await readFile(join(lab.root, '1_ideas', name))).toEqual(Buffer.from(content));
  expect(files(lab, '1_ideas/rejected')).toEqual(['2026-11-20_back-2.md', '2026-11-20_back.md']);
  expect(await lab.read('1_ideas/rejected/2026-11-20_back.md')).toBe(idea('back', 'rejected'));
  expect(await lab.read('1_ideas/rejected/2026-11-20_back-2.md')).toContain('Rejected: turns a knob');
  const counts = JSON.parse((await lab.lab('ideate', '--until', '3', '--json')).stdout) as { count: number };
  expect(counts.count).toBe(4);

  // The opinion was kept: once the file may be written, no critic is asked again.
  const critics = () =>
    readdirSync(join(lab.root, '.lab', 'agents')).filter((name) => name.includes('-critic-')).length;
  const asked = critics();
  await lab.write('lab.yaml', (await lab.read('lab.yaml')).replace(/rules:[\s\S]*$/, ''));
  await lab.git('commit', '--quiet', '--no-verify', '--all', '--message=rules');
  await lab.lab('down');
  expect(await lab.lab('ideate', '--until', '3')).toMatchObject({ code: 0 });
  expect(await lab.read('1_ideas/2026-11-20_human.md')).toContain('rating: 5');
  expect(critics()).toBe(asked);
});

test('a critic takes one of two twins away, and an idea that is said to repeat nobody stays with its rating', {
  timeout: 240_000,
}, async () => {
  const lab = await createLab('', {
    'm-one': 'rating: 4\nduplicate_of: m-two',
    'm-two': 'rating: 7\nduplicate_of: m-one',
    stranger: 'rating: 6\nduplicate_of: m-tw',
    child: 'rating: 8\nduplicate_of: m-one',
  });
  await writeIdeas(lab, 'm-one', 'm-two', 'stranger', 'child');
  const ended = await lab.lab('ideate', '--until', '2');
  expect(ended, ended.stderr).toMatchObject({ code: 0 });
  expect(ended.stderr).toContain('stranger: duplicate_of names m-tw, which is no idea of this lab');
  expect(ended.stderr).toContain('m-one, m-two are said to repeat each other; m-two stays');
  expect(files(lab, '1_ideas')).toEqual(['2026-11-20_m-two.md', '2026-11-20_stranger.md']);
  expect(await lab.read('1_ideas/2026-11-20_m-two.md')).toMatch(/state: critiqued[\s\S]*rating: 7/);
  expect(await lab.read('1_ideas/2026-11-20_stranger.md')).toMatch(/state: critiqued[\s\S]*rating: 6/);
  for (const slug of ['m-one', 'child'])
    expect(await lab.read(`1_ideas/rejected/2026-11-20_${slug}.md`)).toContain('Rejected: says the same as m-two');
});

test('an idea whose file goes while the critic is at work does not pass its rating on to one that begins like it', {
  timeout: 240_000,
}, async () => {
  const lab = await createLab('slow', { word: 'rating: 9', 'word-pairs': 'rating: 3' });
  await writeIdeas(lab, 'word', 'word-pairs');
  const [node, program] = labCommand;
  const running = execa(node, [program, 'ideate', '--until', '1'], {
    cwd: lab.root,
    env: lab.env,
    extendEnv: false,
    reject: false,
  });
  const signals = join(lab.root, '.git', 'signals');
  await waitUntil('the critic is at work', async () => readdirSync(signals).includes('started'));
  await rm(join(lab.root, '1_ideas/2026-11-20_word.md'));
  await writeFile(join(signals, 'go'), '');
  const { exitCode, stderr } = await running;
  expect(exitCode, stderr).toBe(0);
  expect(stderr).toContain('word: no critique is wanted any more');
  expect(await lab.read('1_ideas/2026-11-20_word-pairs.md')).toMatch(/rating: 3\n/);
});

test('a baseline that failed is measured again by the next command, once, and the hint says how', {
  timeout: 240_000,
}, async () => {
  const lab = await createLab('');
  await writeIdeas(lab, 'good');
  const setTrain = async (text: string) => {
    await lab.write('train.py', text);
    await lab.git('commit', '--quiet', '--no-verify', '--all', '--message=train');
  };
  const baselines = async () => (await lab.status()).jobs.filter(({ job }) => job.kind === 'baseline');
  await setTrain('raise SystemExit("no data")\n');
  expect((await lab.lab('ideate', '--until', '1')).code).toBe(0);
  for (const runs of [1, 2]) {
    const ended = await lab.lab('implement', '-n', '1');
    expect(ended, ended.stderr).toMatchObject({ code: 3 });
    const numbers = (await baselines()).map(({ job }) => job.number);
    expect(numbers).toHaveLength(runs);
    expect(ended.stderr).toContain('the baseline gave no number');
    expect(ended.stderr).toContain(`lab log ${numbers.at(-1)}`);
    expect(ended.stderr).toContain('`lab baseline`');
  }
  await setTrain(trainScript);
  expect((await lab.lab('implement', '-n', '1')).stderr).toContain('chosen: good');
  expect(await baselines()).toHaveLength(3);
  // A seed that has its number is not measured again.
  await lab.lab('implement', '-n', '1');
  expect(await baselines()).toHaveLength(3);
});
