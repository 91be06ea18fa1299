/** `lab audit` over what git lets people do: a commit past the hook on a day of a grant, a rebase, and the ways back after a slip. */
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { insertJournalEntry } from '../lab/journal.ts';
import { createTemporaryLab, type LabCall, type TemporaryLab } from './temporary-lab.ts';

let lab: TemporaryLab;
/** Main as it was, to be put back after each test. */
let main: string;

beforeAll(async () => {
  lab = await createTemporaryLab();
  const jobs = [
    await lab.add('--label', 'Q: is it one? H: costs 0 score', '--', 'python3 train.py'),
    await lab.add('--label', 'Q: does two help? H: saves 1 score', '--', 'echo 2.0 > $LAB_OUT/model.txt'),
  ];
  await lab.lab('wait', ...jobs.map(String));
  await lab.lab('down');
  main = await lab.git('rev-parse', 'main');
}, 120_000);

afterAll(() => lab.remove());

afterEach(async () => {
  // A closed META_MODE fails here, and that is fine.
  await meta('off', '--discard', '--yes');
  await lab.git('reset', '--quiet', '--hard', main);
});

interface Told {
  wrong: number;
  findings: { check: string; kind: string; place: string; message: string; settled?: true }[];
}

async function audit(folder = lab.root): Promise<Told & { code: LabCall['code'] }> {
  const { code, stdout, stderr } = await lab.labIn(folder, ['audit', '--json']);
  expect(stderr).toBe('');
  return { code, ...(JSON.parse(stdout) as Told) };
}

/** All findings, one line each. */
async function listFindings(): Promise<string[]> {
  const { code, wrong, findings } = await audit();
  expect(code).toBe(wrong === 0 ? 0 : 1);
  return findings.map(({ kind, place, message }) => `${kind} ${place}: ${message}`);
}

function meta(...words: string[]): Promise<LabCall> {
  return lab.labIn(lab.root, ['meta', ...words], { META_MODE: '1' });
}

async function commit(message = 'nothing to see'): Promise<string> {
  await lab.git('add', '--all', '.');
  await lab.git('commit', '--quiet', '--no-verify', `--message=${message}`);
  return (await lab.git('rev-parse', 'HEAD')).slice(0, 7);
}

async function edit(path: string, change: (text: string) => string): Promise<void> {
  const before = await lab.read(path);
  const after = change(before);
  expect(after, `${path} was changed`).not.toBe(before);
  await lab.write(path, after);
}

/** Puts an entry above the others of a journal. */
async function addEntry(path: string, title: string, text: string): Promise<void> {
  await edit(path, (old) => insertJournalEntry(old, `## ${title}\n\n${text}\n`));
}

async function grant(): Promise<void> {
  const { stdout } = await import('execa').then(({ execa }) => execa('date', ['+%F'], { env: lab.env }));
  await addEntry('human_journal.md', `${stdout}: the evaluator`, 'META_MODE=1');
  await commit('grant');
}

async function revert(hash: string): Promise<string> {
  await lab.git('revert', '--no-edit', hash);
  return (await lab.git('rev-parse', 'HEAD')).slice(0, 7);
}

const easier = () => edit('eval.py', (text) => `${text}# easier\n`);
const untold = 'eval.py was changed with a grant, and no entry of meta_journal.md tells of it';
const closing = ['--worked', 'it', '--failed', 'nothing', '--change', 'nothing', '--yes'];

test('a granted change past the hook is wrong while no entry tells of it, also where the next entry tells of something else', async () => {
  await grant();
  await easier();
  const hash = await commit();
  expect(await listFindings()).toEqual([`wrong main ${hash}: ${untold}, expected \`lab meta off\` to journal it`]);
  await addEntry('meta_journal.md', 'another matter', '`train.py` is slow');
  await commit();
  await addEntry('meta_journal.md', 'too late', 'it was about `eval.py`');
  await commit();
  expect(await listFindings()).toHaveLength(1);
  await addEntry('meta_journal.md', 'a slip', `${hash} was mine`);
  await commit();
  expect(await listFindings()).toEqual([
    expect.stringMatching(`^note main ${hash}: .*owned up to in meta_journal.md$`),
  ]);
});

test('a change that `lab meta off` commits, or one made by hand while it was open, is told of', async () => {
  await grant();
  expect(await meta('on', '--reason', 'harder')).toMatchObject({ code: 0 });
  await easier();
  const hash = await commit();
  expect(await listFindings()).toEqual([
    `note main ${hash}: ${untold}, META_MODE is open: \`lab meta off\` will journal it`,
  ]);
  await edit('lab.yaml', (text) => `${text}# more\n`);
  const closed = await meta('off', ...closing);
  expect(closed, closed.stderr).toMatchObject({ code: 0 });
  expect(await listFindings()).toEqual([]);
});

test('a change before META_MODE was opened is not excused by its being open', async () => {
  await grant();
  await easier();
  const hash = await commit();
  await meta('on', '--reason', 'later');
  expect(await listFindings()).toEqual([expect.stringMatching(`^wrong main ${hash}: ${untold}`)]);
});

test('recorder commits that a pull with rebase moved are a note where row and entry are on main, and wrong where one is not', async () => {
  const recorded = await lab.git('log', '--format=%H', '--author=nightlab', '--grep=^recorder: job', 'main');
  const [newest = '', oldest = ''] = recorded.split('\n');
  await lab.git('checkout', '--quiet', '-b', 'upstream', `${oldest}^`);
  await lab.write('notes.txt', 'from elsewhere\n');
  await commit('upstream');
  await lab.git('checkout', '--quiet', 'main');
  await lab.git('rebase', '--quiet', 'upstream');
  const { code, findings } = await audit();
  expect(code).toBe(0);
  const lines = findings.map(({ place, message }) => `${place}: ${message}`);
  expect(lines).toEqual(
    expect.arrayContaining([
      expect.stringMatching(
        `^main ${newest.slice(0, 7)}: the commit that recorded job \\d+ is not in main: it was rebased or amended; its row and entry are on main$`,
      ),
    ]),
  );
  expect(findings.every(({ kind, settled }) => kind === 'note' && settled === true)).toBe(true);
  const call = await lab.lab('audit');
  expect(call.stdout).toMatch(
    /\n {2}2 notes: main .*\n[\s\S]*\nnothing wrong; 2 notes: what they name was put right or owned up to\n$/,
  );
  const clone = join(lab.around, 'clone');
  await lab.git('clone', '--quiet', lab.root, clone);
  expect(await audit(clone)).toMatchObject({ code: 0, wrong: 0 });
  const inClone = await lab.labIn(clone, ['audit']);
  expect(inClone.stdout).toMatch(/rows: 2 checked, 0 wrong, 2 notes\n {2}2 notes: results\.tsv:2, results\.tsv:3 /);
  expect(inClone.stdout).toMatch(/\nnothing wrong; \d+ notes: what they name cannot be checked here\n$/);
  await edit('RESEARCH_JOURNAL.md', (text) => text.replace('2.000000', '0.200000'));
  await commit();
  expect(await listFindings()).toContainEqual(
    expect.stringMatching(`^wrong main ${newest.slice(0, 7)}: .*its history was rewritten$`),
  );
});

test("old text that was changed and put back are two notes, also with another journal's entry in between", async () => {
  await edit('results.tsv', (text) => text.replace('\t2.000000\t', '\t0.200000\t'));
  const bad = await commit();
  expect((await audit()).code).toBe(1);
  await addEntry('human_journal.md', 'meanwhile', 'a word');
  await commit();
  const good = await revert(bad);
  expect(await listFindings()).toEqual([
    expect.stringMatching(`^note main ${bad}: results\\.tsv:3 is APPEND-ONLY: .*; put back in ${good}$`),
    expect.stringMatching(`^note main ${good}: results\\.tsv:3 puts back what ${bad} changed$`),
  ]);
});

test('putting a journal back does not excuse that an entry added since is lost', async () => {
  await addEntry('human_journal.md', 'the first', 'first words');
  await commit();
  await edit('human_journal.md', (text) => text.replace('first words', 'other words'));
  const bad = await commit();
  await addEntry('human_journal.md', 'since then', 'new words');
  await commit();
  await lab.git('checkout', `${bad}^`, '--', 'human_journal.md');
  const lossy = await commit();
  const wrong = (await listFindings()).filter((line) => line.startsWith('wrong'));
  expect(wrong).toEqual([
    expect.stringMatching(`^wrong main ${bad}: human_journal.md`),
    expect.stringMatching(`^wrong main ${lossy}: human_journal.md`),
  ]);
  await addEntry('human_journal.md', 'since then', 'new words');
  const good = await commit();
  expect(await listFindings()).toEqual([
    expect.stringMatching(`^note main ${bad}: .*; put back in ${good}$`),
    expect.stringMatching(`^note main ${lossy}: .*; put back in ${good}$`),
  ]);
});

test('a row that was taken away and comes back at the end by itself needs no broken rule', async () => {
  const last = (await lab.read('results.tsv')).split('\n').at(-2) ?? '';
  await edit('results.tsv', (text) => text.replace(`${last}\n`, ''));
  const bad = await commit();
  await edit('results.tsv', (text) => `${text}${last}\n`);
  const good = await commit();
  expect(await listFindings()).toEqual([
    expect.stringMatching(`^note main ${bad}: results\\.tsv:3 .*; put back in ${good}$`),
  ]);
});

test('a frozen file that was put back is two notes, one that became something else stays wrong, and so does a mode', async () => {
  await easier();
  const bad = await commit();
  await edit('eval.py', (text) => `${text}# easier still\n`);
  const worse = await commit();
  await edit('eval.py', (text) => text.replace('# easier\n# easier still\n', '# a third\n'));
  await commit();
  expect((await listFindings()).map((line) => line.slice(0, 5))).toEqual(['wrong', 'wrong', 'wrong']);
  await lab.git('checkout', `${bad}^`, '--', 'eval.py');
  await lab.git('update-index', '--chmod=+x', 'eval.py');
  await lab.git('commit', '--quiet', '--no-verify', '--message=with another mode');
  expect((await listFindings()).map((line) => line.slice(0, 5))).toEqual(['wrong', 'wrong', 'wrong', 'wrong']);
  await lab.git('update-index', '--chmod=-x', 'eval.py');
  await lab.git('commit', '--quiet', '--no-verify', '--message=back');
  const good = await lab.git('rev-parse', '--short=7', 'HEAD');
  const found = await listFindings();
  expect(found).toHaveLength(5);
  expect(found).toContainEqual(expect.stringMatching(`^note main ${bad}: .*; put back in ${good}$`));
  expect(found).toContainEqual(expect.stringMatching(`^note main ${worse}: .*; put back in ${good}$`));
  expect(found.at(-1)).toBe(`note main ${good}: eval.py puts back what ${bad} changed`);
});

test('an older state of a frozen file does not come back over a change that was made by right since', async () => {
  await easier();
  const bad = await commit();
  await grant();
  await meta('on', '--reason', 'harder');
  await edit('eval.py', (text) => text.replace('# easier', '# harder'));
  const closed = await meta('off', ...closing);
  expect(closed, closed.stderr).toMatchObject({ code: 0 });
  await addEntry('human_journal.md', 'no more', 'the grant is over');
  await commit();
  await lab.git('checkout', `${bad}^`, '--', 'eval.py');
  const back = await commit();
  expect((await listFindings()).map((line) => line.slice(0, 18))).toEqual([`wrong main ${bad}`, `wrong main ${back}`]);
});
