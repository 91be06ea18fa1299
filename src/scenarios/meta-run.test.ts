/**
 * `lab meta run` with a real command agent: what it changes arrives in the root checkout as a whole or not at all, and what is not for it to
 * change stays out. The state is written by hand here; `lab meta on` and `off` have tests of their own.
 */
import { existsSync, readdirSync, readFileSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { labPaths } from '../config/lab-paths.ts';
import type { MetaState } from '../domain/meta.ts';
import { formatLocalTime } from '../domain/time.ts';
import { readMetaState, writeMetaState } from '../rules/meta-state.ts';
import { probeSandbox } from '../sandbox/bubblewrap.ts';
import {
  createTemporaryLab,
  evalScript,
  labCommand,
  type TemporaryLab,
  trainScript,
  waitUntil,
} from './temporary-lab.ts';

const works = (await probeSandbox()).kind === 'bubblewrap';

const agent = `import os, subprocess, sys, time
outbox, inbox, signals = os.environ["LAB_OUTBOX"], os.environ["LAB_INBOX"], os.environ["SIGNALS"]
prompt = open(sys.argv[1]).read()
request = open(os.path.join(inbox, "request.md")).read()
assert prompt.startswith("# Your role: meta") and request.strip() in prompt and "eval.py" in prompt
assert os.environ["LAB_ROLE"] == "meta" and "META_MODE" not in os.environ

def append(path, text):
    with open(path, "a") as file:
        file.write(text)

def hand_in(name, text):
    with open(os.path.join(outbox, name), "w") as file:
        file.write(text)

# A write that the sandbox refuses would be the reason of a failure.
for path in [] if "fail" in request else ["human_journal.md", "meta_journal.md", "RESEARCH_JOURNAL.md", "1_ideas/2026-01-01_mine.md"]:
    try:
        append(path, "the agent was here\\n")
    except OSError as error:
        print(f"{path}: {error}")
hand_in("notes.md", "One more line: \\x1b[31mred\\x1b[0m.")
if "cannot" in request:
    hand_in("cannot.md", "there is no such metric")
elif "nothing" not in request:
    append("eval.py", 'print(f"twice:            {2 * value:.6f}")\\n')
    append("train.py", "# theirs\\n")
if "link" in request:
    os.remove("train.py")
    os.symlink("/etc/passwd", "train.py")
if "nested" in request:
    subprocess.run(["git", "init", "-q", "sub"], check=True)
if "big" in request:
    append("weights.bin", "x" * 2_000_000)
if "tidy" in request:
    os.remove("old.py")
    os.makedirs("more")
    append("more/run.sh", "#!/bin/sh\\n")
    os.chmod("more/run.sh", 0o755)
if "outside" in request:
    append(os.path.join(os.environ["ROOT"], "old.py"), "# theirs\\n")
if "fail" in request:
    sys.exit("no idea how")
if "wait" in request:
    hand_in("ready", "")
    while not os.path.exists(os.path.join(signals, "go")):
        print("waiting", flush=True)
        time.sleep(0.05)
`;

let lab: TemporaryLab;

beforeEach(async () => {
  lab = await createTemporaryLab({
    files: { 'agent.py': agent, 'old.py': '# old\n' },
    local: `agents:
  use: scripted
  commands:
    scripted: python3 {directory}/agent.py {promptFile}
  env: [SIGNALS, ROOT, META_MODE]
`,
  });
  Object.assign(lab.env, { META_MODE: '1', SIGNALS: join(lab.root, '.git', 'signals'), ROOT: lab.root });
  await openMeta(3600);
});
afterEach(() => lab.remove());

/** Opens META_MODE as the human would: the grant in the newest entry, and the state. */
async function openMeta(seconds: number): Promise<MetaState> {
  const dayIn = (days: number) => formatLocalTime(new Date(Date.now() + days * 86_400_000)).slice(0, 10);
  // Good until tomorrow, so that a test that runs over midnight does not lose it.
  const grant = `## ${dayIn(0)} A second metric\n\nMETA_MODE=1 until ${dayIn(1)}\n`;
  await lab.write('human_journal.md', `# Human journal\n\n${grant}`);
  const state: MetaState = {
    ...{ schema: 1, reason: 'a second metric', track: '00000000', by: 'Researcher', touched: [], requests: [] },
    openedAt: formatLocalTime(new Date()),
    until: formatLocalTime(new Date(Date.now() + seconds * 1000)),
    start: await lab.git('rev-parse', 'main'),
  };
  await writeMetaState(labPaths(lab.root), state);
  return state;
}

function listPatches(): string[] {
  return readdirSync(join(lab.root, '.lab', 'meta')).filter((name) => name.endsWith('.patch'));
}

async function expectUntouched(): Promise<void> {
  expect(await lab.read('eval.py')).toBe(evalScript);
  expect(await lab.read('train.py')).toBe(trainScript);
  expect(await lab.git('status', '--porcelain')).toBe(' M human_journal.md');
  expectTreeGone();
}

function expectTreeGone(): void {
  expect(existsSync(join(lab.root, '.lab', 'meta', 'tree'))).toBe(false);
}

test("a change of frozen and regular files arrives on top of the human's own edits; journals and records do not", async () => {
  await lab.write('train.py', `# mine\n${trainScript}`);
  await lab.write('new.py', '# mine, too\n');
  const journal = await lab.read('human_journal.md');
  const index = readFileSync(join(lab.root, '.git', 'index'));
  const call = await lab.lab('meta', 'run', 'print a second metric, please');
  expect(call, call.stderr).toMatchObject({ code: 0 });

  expect(await lab.read('eval.py')).toBe(`${evalScript}print(f"twice:            {2 * value:.6f}")\n`);
  expect(await lab.read('train.py')).toBe(`# mine\n${trainScript}# theirs\n`);
  expect(await lab.read('human_journal.md')).toBe(journal);
  expect(existsSync(join(lab.root, '1_ideas', '2026-01-01_mine.md'))).toBe(false);
  expect((await lab.git('status', '--porcelain')).split('\n').map((line) => line.trim())).toEqual([
    'M eval.py',
    'M human_journal.md',
    'M train.py',
    '?? new.py',
  ]);
  expect(readFileSync(join(lab.root, '.git', 'index')).equals(index)).toBe(true);
  expect(await lab.git('rev-list', '--count', 'main')).toBe('2');

  expect(call.stdout).toContain('+print(f"twice:');
  expect(call.stdout).not.toContain('# mine, too');
  expect(call.stderr).toContain('notes of the agent');
  expect(call.stderr).not.toContain('\u001b');
  expect(call.stderr).toContain('lab meta off');
  expect(readMetaState(labPaths(lab.root))).toMatchObject({
    touched: ['eval.py', 'train.py'],
    requests: [`scripted${works ? '' : ' (without a sandbox)'}: print a second metric, please`],
  });
  expectTreeGone();

  // A second request goes on from the first.
  expect(await lab.lab('meta', 'run', 'tidy up')).toMatchObject({ code: 0 });
  expect(await lab.read('train.py')).toBe(`# mine\n${trainScript}# theirs\n# theirs\n`);
  expect(existsSync(join(lab.root, 'old.py'))).toBe(false);
  expect(await lab.git('ls-files', '--stage', '--others', 'more')).toBe('more/run.sh');
  expect((await execa('sh', ['-c', 'test -x more/run.sh'], { cwd: lab.root, reject: false })).exitCode).toBe(0);
  expect(readMetaState(labPaths(lab.root))?.touched).toEqual(['eval.py', 'more/run.sh', 'old.py', 'train.py']);
});

test.skipIf(!works)('in the sandbox journals are read-only for it also in META_MODE', async () => {
  expect((await lab.lab('meta', 'run', 'nothing')).stderr).toContain('changed nothing');
  const [run] = readdirSync(join(lab.root, '.lab', 'agents'));
  const transcript = await lab.read(`.lab/agents/${run}/transcript.jsonl`);
  for (const name of ['human_journal', 'meta_journal', 'RESEARCH_JOURNAL'])
    expect(transcript).toContain(`${name}.md: [Errno 30] Read-only file system`);
});

test('without a sandbox what is not for it to change is left out and named', async () => {
  await lab.write('lab.local.yaml', `${await lab.read('lab.local.yaml')}sandbox: off\n`);
  const call = await lab.lab('meta', 'run', 'print a second metric');
  expect(call, call.stderr).toMatchObject({ code: 0 });
  for (const path of ['human_journal.md', 'meta_journal.md', 'RESEARCH_JOURNAL.md', '1_ideas/2026-01-01_mine.md'])
    expect(call.stderr).toContain(`left out: ${path}`);
  expect(call.stderr).toContain('without a sandbox');
  expect(await lab.read('human_journal.md')).not.toContain('the agent was here');
  expect(readMetaState(labPaths(lab.root))?.requests).toEqual(['scripted (without a sandbox): print a second metric']);
});

test('without a sandbox a write outside its tree is named, and nothing of its work arrives', async () => {
  await lab.write('lab.local.yaml', `${await lab.read('lab.local.yaml')}sandbox: off\n`);
  const call = await lab.lab('meta', 'run', 'work outside');
  expect(call).toMatchObject({ code: 4, stdout: '' });
  expect(call.stderr).toMatch(/outside its tree changed .*old\.py/);
  expect(await lab.read('eval.py')).toBe(evalScript);
  expect(listPatches()).toHaveLength(1);
});

test.each([
  ['make a link', /train\.py is a symbolic link/],
  ['make a nested repository', /sub\/ is a git repository of its own/],
  ['make a big file', /weights\.bin has 2\.0 MB/],
  ['cannot be done', /cannot be done: there is no such metric/],
  ['fail at it', /the agent scripted failed: .*no idea how/],
])('asked to %s it brings nothing into the root checkout, and says why', async (request, reason) => {
  const call = await lab.lab('meta', 'run', request);
  expect(call).toMatchObject({ code: 4, stdout: '' });
  expect(call.stderr).toMatch(reason);
  await expectUntouched();
  expect(readMetaState(labPaths(lab.root))?.touched).toEqual([]);
});

async function startWaiting(request = 'wait') {
  const [node, script] = labCommand;
  const running = execa(node, [script, 'meta', 'run', request], {
    ...{ cwd: lab.root, env: lab.env, extendEnv: false, reject: false },
  });
  const agents = join(lab.root, '.lab', 'agents');
  await waitUntil(
    'the agent has made its change',
    async () =>
      existsSync(agents) && readdirSync(agents).some((name) => existsSync(join(agents, name, 'outbox', 'ready'))),
  );
  return { running, goOn: () => lab.write('.git/signals/go', '') };
}

test.each([
  ['edited by the human', () => lab.write('eval.py', `${evalScript}# mine\n`), /eval\.py changed in the root checkout/],
  [
    'a link meanwhile',
    async () => {
      unlinkSync(join(lab.root, 'eval.py'));
      symlinkSync('old.py', join(lab.root, 'eval.py'));
    },
    /eval\.py is a link in the root checkout/,
  ],
])(
  'where a file of its change was %s while it worked, nothing arrives and the patch is kept',
  async (_, act, reason) => {
    const { running, goOn } = await startWaiting();
    await act();
    const now = await lab.read('eval.py');
    await goOn();
    const call = await running;
    expect(call).toMatchObject({ exitCode: 1, stdout: '' });
    expect(call.stderr).toMatch(reason);
    expect(await lab.read('eval.py')).toBe(now);
    expect(await lab.read('old.py')).toBe('# old\n');
    expect(await lab.read('train.py')).toBe(trainScript);
    const [patch] = listPatches();
    expect(call.stderr).toContain(`git apply ${join(lab.root, '.lab', 'meta', patch ?? '')}`);
    await lab.git('checkout', 'eval.py');
    await lab.git('apply', '--check', join('.lab', 'meta', patch ?? ''));
    expectTreeGone();
  },
);

test('a grant that the human takes back while it works keeps its change out', async () => {
  const { running, goOn } = await startWaiting();
  await lab.git('checkout', 'human_journal.md');
  await goOn();
  const call = await running;
  expect(call).toMatchObject({ exitCode: 1, stdout: '' });
  expect(call.stderr).toContain('META_MODE is over');
  expect(await lab.git('status', '--porcelain')).toBe('');
  expect(listPatches()).toHaveLength(1);
});

test('the end of the grant ends the agent, and its change is kept as a patch', async () => {
  // Long enough for a slow machine to start the agent in.
  await openMeta(25);
  const { running } = await startWaiting();
  const call = await running;
  expect(call).toMatchObject({ exitCode: 1, stdout: '' });
  expect(call.stderr).toMatch(/META_MODE ended at .* while the agent was at work/);
  await expectUntouched();
  expect(listPatches()).toHaveLength(1);
});

test('Ctrl-C ends it with exit 130: nothing arrives, the patch is kept, and the next one goes as usual', async () => {
  const { running, goOn } = await startWaiting();
  running.kill('SIGINT');
  const call = await running;
  expect(call).toMatchObject({ exitCode: 130, stdout: '' });
  expect(call.stderr).toContain('stopped before the agent was done');
  await expectUntouched();
  expect(listPatches()).toHaveLength(1);
  await goOn();
  expect(await lab.lab('meta', 'run', 'print a second metric')).toMatchObject({ code: 0 });
});

test('what a killed run left is kept as a patch, and does not stand in the way', async () => {
  const { running, goOn } = await startWaiting();
  running.kill('SIGKILL');
  await running;
  expect(existsSync(join(lab.root, '.lab', 'meta', 'tree'))).toBe(true);
  await goOn();
  const call = await lab.lab('meta', 'run', 'print a second metric');
  expect(call, call.stderr).toMatchObject({ code: 0 });
  expect(call.stderr).toContain('that was killed left changes');
  expect(await lab.read(join('.lab', 'meta', listPatches()[0] ?? ''))).toContain('+# theirs');
  expect(await lab.read('train.py')).toBe(`${trainScript}# theirs\n`);
  expectTreeGone();
});

test.each([
  ['without META_MODE=1', {}, { META_MODE: '0' }, /META_MODE is "0" in the environment/],
  ['from inside an agent', {}, { LAB_ROLE: 'implementer' }, /LAB_ROLE is set/],
  ['by the recording', { agent: 'recorded' }, {}, /cannot serve a request/],
  ['by an unknown agent', { agent: 'cluade' }, {}, /--agent names the agent "cluade"/],
])('a request %s is refused before anything is made', async (_, options, env, reason) => {
  const words = [
    'meta',
    'run',
    'print a second metric',
    ...Object.entries(options).map(([name, value]) => `--${name}=${value}`),
  ];
  const call = await lab.labIn(lab.root, words, env);
  expect(call).toMatchObject({ code: 1, stdout: '' });
  expect(call.stderr).toMatch(reason);
  expect(existsSync(join(lab.root, '.lab', 'agents'))).toBe(false);
  await expectUntouched();
});

test('an empty request and a root checkout on another branch are errors that say what to do', async () => {
  expect(await lab.lab('meta', 'run')).toMatchObject({ code: 2, stderr: expect.stringContaining('needs a request') });
  await lab.git('checkout', '--quiet', '-b', 'feature');
  const call = await lab.lab('meta', 'run', 'print a second metric');
  expect(call.code).toBe(1);
  expect(call.stderr).toMatch(/has the branch feature checked out, expected main[\s\S]*git checkout main/);
});
