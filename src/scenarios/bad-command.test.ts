/** Command lines, places and labels that are wrong, or only look it: each a clear error that names the value, and nothing lost. */
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listProcesses } from '../../workers/process-tree.ts';
import { parseResults } from '../lab/results-tsv.ts';
import { createTemporaryLab, type TemporaryLab, waitUntil } from './temporary-lab.ts';

let lab: TemporaryLab;
let other: TemporaryLab;

beforeAll(async () => {
  lab = await createTemporaryLab();
  other = await createTemporaryLab();
});

afterAll(async () => {
  await Promise.all([lab, other].map((made) => made?.remove()));
});

const label = ['--label', 'Q: is it so? H: it is'];

test('commands that start the daemon at the same moment all get the same one', async () => {
  const calls = await Promise.all([1, 2, 3, 4].map(() => other.lab('status')));
  expect(calls.map((call) => call.code)).toEqual([0, 0, 0, 0]);
  const pids = calls.flatMap((call) => /started the daemon \(pid (\d+)\)/.exec(call.stderr)?.[1] ?? []);
  expect(new Set(pids).size).toBe(1);
  if (process.platform !== 'linux') return;
  // The others find its lock and end by themselves, a moment later.
  const left = await waitUntil('one daemon is left', async () => {
    const daemons = await findDaemons(other.root);
    return daemons.length <= 1 ? daemons : null;
  });
  expect(left.map(String)).toEqual([...new Set(pids)]);
});

test.each([
  { args: ['frobnicate'], says: ['"frobnicate" is no command', 'expected one of: '] },
  { args: ['staus'], says: ['"staus" is no command', 'did you mean `lab status`?'] },
  { args: ['status', '--bogus'], says: ['lab status has no option --bogus', 'expected one of: --state --group'] },
  { args: ['wait', 'three'], says: ['"three" is no job number', 'such as 3 or 5-7'] },
  { args: ['wait', '5-3'], says: ['"5-3" is no job number'] },
  { args: ['wait', '0'], says: ['"0" is no job number'] },
  { args: ['kill'], says: ['no job is named', 'hint: `lab status` shows the numbers'] },
  { args: ['log', '1', '--step', 'eval'], says: ['--step got "eval"', 'expected prepare, run or score'] },
  { args: ['add', '--', 'true'], says: ['the job has no label', 'hint: write --label "Q: '] },
  { args: ['add', '--label', 'Q: why?', '--', 'true'], says: ['"Q: why?" lacks H:', 'hint: write --label "Q: '] },
  { args: ['add', '--label', 'H: so', '--', 'true'], says: ['"H: so" lacks Q:', 'hint: write --label "Q: '] },
  { args: ['add', ...label], says: ['there is no command to queue', 'hint: lab add --label'] },
  { args: ['add', ...label, '--'], says: ['there is no command to queue'] },
  { args: ['add', ...label, '--', ' '], says: ['there is no command to queue'] },
  { args: ['add', ...label, 'stray', '--', 'true'], says: ['"stray" stands before --'] },
  { args: ['add', ...label, '--seed', 'x', '--', 'true'], says: ['--seed got "x"', 'expected a number'] },
  { args: ['add', ...label, '--seed=-1', '--', 'true'], says: ['seed'] },
  {
    args: ['add', ...label, '--device', 'tpu', '--', 'true'],
    says: ['--device got "tpu"', 'expected cpu, gpu, auto or one device'],
  },
])('wrong usage ends with exit code 2, no output and the way out: lab $args', async ({ args, says }) => {
  const { code, stdout, stderr } = await lab.lab(...args);
  for (const text of says) expect(stderr).toContain(text);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
});

test('a refused job takes no number and no place in the queue', async () => {
  await lab.lab('add', '--label', 'Q: only a question', '--', 'true');
  expect((await lab.status()).jobs).toEqual([]);
  expect(await lab.add('--label', 'Q: q H: h', '--no-score', '--', 'true')).toBe(1);
  expect((await lab.lab('wait', '1')).code).toBe(0);
});

test.each(['wait', 'status', 'kill', 'log', 'follow'])('lab %s of a job that never was says so', async (verb) => {
  const { code, stdout, stderr } = await other.lab(verb, '99');
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain('there is no job 99\nhint: `lab status` lists the jobs');
});

test('waiting for a job that never was leaves the queue as usable as before', async () => {
  expect((await other.lab('wait', '99')).code).toBe(1);
  const number = await other.add('--label', 'Q: q H: h', '--no-score', '--', 'true');
  expect((await other.lab('wait', String(number))).code).toBe(0);
});

test('a job that is over is not killed again, and its outcome stays', async () => {
  const number = await lab.add('--label', 'Q: q H: h', '--', 'python3', 'train.py');
  await lab.lab('wait', String(number));
  const { code, stdout, stderr } = await lab.lab('kill', String(number));
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain(`job ${number} is over already`);
  expect((await lab.status(number)).jobs[0]?.state).toMatchObject({ kind: 'ended', status: 'keep' });
});

test('outside a lab every command says where it stands and how a lab is made', async () => {
  const outside = join(lab.around, 'outside');
  await mkdir(outside);
  for (const args of [['baseline'], ['status'], ['wait', '1'], ['results'], ['log', '1'], ['down']]) {
    const { code, stderr } = await lab.labIn(outside, args);
    expect(code).toBe(1);
    expect(stderr).toContain(`${outside} is in no lab`);
    expect(stderr).toContain('hint: `lab init` makes a lab here');
  }
});

test('a lab.yaml inside no git repository is named, with the commands that make it one', async () => {
  const bare = join(lab.around, 'bare');
  await mkdir(join(bare, 'deep'), { recursive: true });
  await execa('cp', [join(lab.root, 'lab.yaml'), bare]);
  const { code, stderr } = await lab.labIn(join(bare, 'deep'), ['status']);
  expect(code).toBe(1);
  expect(stderr).toContain(`${bare} has a lab.yaml but is not the top of a git repository`);
  expect(stderr).toContain(`hint: \`git -C ${bare} init`);
});

test('a socket path that the system would cut is refused with its length and the limit', async () => {
  const fresh = await createTemporaryLab();
  try {
    const long = join(fresh.around, 'x'.repeat(90));
    await mkdir(long, { mode: 0o700 });
    const { code, stderr } = await fresh.labIn(fresh.root, ['status'], { XDG_RUNTIME_DIR: long });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /the socket path \S+ has 1\d\d bytes, this system takes at most 10[37]\nhint: set XDG_RUNTIME_DIR/,
    );
    // The queue of the same lab under a shorter path is whole.
    expect((await fresh.status()).jobs).toEqual([]);
  } finally {
    await fresh.remove();
  }
});

test('lab init leaves a lab, and files that stand in its way, byte for byte as they are', async () => {
  const again = await lab.lab('init', '--train', 'true');
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining(`${lab.root} is a lab already`) });
  const folder = join(lab.around, 'mine');
  await mkdir(folder);
  await execa('sh', ['-c', 'echo mine > RESEARCH_JOURNAL.md; echo 1 > train.py; git init -q'], { cwd: folder });
  const { code, stderr } = await lab.labIn(folder, ['init']);
  expect(code).toBe(1);
  expect(stderr).toContain('RESEARCH_JOURNAL.md: there already, and `lab init` overwrites nothing');
  expect(await readFile(join(folder, 'RESEARCH_JOURNAL.md'), 'utf8')).toBe('mine\n');
  const { stdout: files } = await execa('git', ['status', '--porcelain'], { cwd: folder });
  expect(files).toBe('?? RESEARCH_JOURNAL.md\n?? train.py');
});

test('tabs, line ends, quotes, emoji and markup of a label arrive whole in job, row and journal', async () => {
  const question = 'does "this" \'that\'\twork, 🚀 and\nnaïve? ## no heading | $HOME `x` \\n';
  const number = await lab.add('--label', `Q: ${question} H: saves 0.1, "sure" 日本`, '--', 'python3 train.py');
  expect((await lab.lab('wait', String(number))).code).toBe(0);
  const plain = question.replace(/\s+/g, ' ');
  const table = await lab.git('show', 'main:results.tsv');
  const row = parseResults(table).rows.find((found) => found.jobs.includes(number));
  expect(row).toMatchObject({ question: plain, description: plain, hypothesis: 'saves 0.1, "sure" 日本' });
  expect(parseResults(table).problems).toEqual([]);
  const journal = await lab.git('show', 'main:RESEARCH_JOURNAL.md');
  expect(journal).toContain(`- Question: ${plain}\n- Hypothesis: saves 0.1, "sure" 日本\n`);
  expect(journal).toMatch(new RegExp(`^job ${number}, attempt 1, commit `, 'm'));
});

test('a commit whose hash reads like a number keeps its leading zero in table and JSON', async () => {
  const tree = await lab.git('rev-parse', 'main^{tree}');
  const parent = await lab.git('rev-parse', 'main');
  let body = '';
  let hash = '';
  for (let nonce = 0; !/^0\d{6}/.test(hash); nonce++) {
    const who = `Researcher <researcher@example.org> ${1_700_000_000 + nonce} +0000`;
    body = `tree ${tree}\nparent ${parent}\nauthor ${who}\ncommitter ${who}\n\nnumber\n`;
    hash = createHash('sha1').update(`commit ${body.length}\0${body}`).digest('hex');
  }
  await execa('git', ['hash-object', '-w', '-t', 'commit', '--stdin'], { cwd: lab.root, env: lab.env, input: body });
  await lab.git('update-ref', 'refs/heads/main', hash);
  const number = await lab.add('--label', 'Q: q H: h', '--', 'python3', 'train.py');
  await lab.lab('wait', String(number));
  const { rows } = JSON.parse((await lab.lab('results', '--json')).stdout) as {
    rows: { commit: unknown; jobs: number[] }[];
  };
  expect(rows.find((row) => row.jobs.includes(number))?.commit).toBe(hash.slice(0, 7));
  expect((await lab.lab('results')).stdout).toContain(hash.slice(0, 7));
  expect(await lab.git('show', 'main:results.tsv')).toContain(`\n${hash.slice(0, 7)}\t`);
});

test('what --json prints is JSON and nothing else', async () => {
  const commands = [
    ['status'],
    ['status', '1'],
    ['results'],
    ['wait', '1'],
    ['log', '1'],
    ['kill', '1'],
    ['logs', '-n', '3'],
    ['doctor'],
    ['up'],
    ['add', ...label, '--no-score', '--', 'true'],
    ['down'],
  ];
  for (const args of commands) {
    const at = args.indexOf('--');
    const { stdout } = await lab.lab(
      ...(at < 0 ? [...args, '--json'] : [...args.slice(0, at), '--json', ...args.slice(at)]),
    );
    const texts = args[0] === 'logs' ? stdout.trim().split('\n') : [stdout];
    for (const text of texts) expect(() => JSON.parse(text), `${args.join(' ')}: ${text}`).not.toThrow();
  }
});

/** Process ids of the daemons of a lab (Linux). */
async function findDaemons(root: string): Promise<number[]> {
  const found: number[] = [];
  for (const { pid } of listProcesses()) {
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    if (words[1]?.endsWith('/daemon.js') && words[2] === root) found.push(pid);
  }
  return found;
}
