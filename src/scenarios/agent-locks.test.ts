/**
 * What the sandbox of an implementer holds: files with a rule stay as they are, other worktrees, the lab's state, sockets, the home and the
 * scorer's data are hidden. Without a sandbox the later locks hold, and the row says that there was none.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Experiment } from '../domain/experiment.ts';
import { parseResults } from '../lab/results-tsv.ts';
import { probeSandbox } from '../sandbox/bubblewrap.ts';
import { createTemporaryLab, evalScript, type TemporaryLab, trainScript } from './temporary-lab.ts';

const works = (await probeSandbox()).kind === 'bubblewrap';

/** Tries everything once and hands in how each attempt ended: "done", or the name of the error. */
const attacker = `import errno, json, os, subprocess, sys
outbox, root = os.environ["LAB_OUTBOX"], os.environ["ROOT_OF_TEST"]
ended = {}

def attempt(name, act):
    try:
        answer = act()
        ended[name] = answer if isinstance(answer, str) else "done"
    except OSError as error:
        ended[name] = errno.errorcode.get(error.errno, str(error.errno))

def write(path, mode="a"):
    with open(path, mode) as file:
        file.write("# easier\\n")

def read(path):
    if os.path.isdir(path):
        return "empty" if os.listdir(path) == [] else "done"
    with open(path) as file:
        return "empty" if file.read() == "" else "done"

def replace(path, make):
    make(path + ".new")
    try:
        os.rename(path + ".new", path)
    finally:
        if os.path.lexists(path + ".new"):
            os.remove(path + ".new")

def copy(path):
    with open(path, "w") as file:
        file.write("print('score: 0')\\n")

for path in ["eval.py", "tools/deep/prepare.py", "human_journal.md", "RESEARCH_JOURNAL.md", "results.tsv", "1_ideas/_TEMPLATE.md"]:
    if not os.path.exists(path):
        continue
    attempt("append " + path, lambda: write(path))
    attempt("truncate " + path, lambda: write(path, "w"))
    attempt("delete " + path, lambda: os.remove(path))
    attempt("move " + path, lambda: os.rename(path, "moved.py"))
    attempt("replace " + path, lambda: replace(path, copy))
    attempt("link over " + path, lambda: replace(path, lambda new: os.symlink("train.py", new)))
    attempt("hard link " + path, lambda: os.link(path, "hard.py"))
    attempt("chmod " + path, lambda: os.chmod(path, 0o777))
    attempt("utime " + path, lambda: os.utime(path, (1, 1)))
for folder in ["tools/deep", "tools"]:
    attempt("move folder " + folder, lambda: os.rename(folder, "elsewhere"))
attempt("move folder beside", lambda: os.rename("tools/deep", "tools/elsewhere"))
attempt("new record", lambda: write("1_ideas/2026-01-01_mine.md"))
attempt("write .git", lambda: write(".git"))
attempt("delete .git", lambda: os.remove(".git"))
attempt("write root", lambda: write(os.path.join(root, "train.py")))
attempt("write root git", lambda: write(os.path.join(root, ".git/config")))
attempt("read other worktree", lambda: read(os.path.join(root, "5_worktrees/other/secret.txt")))
attempt("write other worktree", lambda: write(os.path.join(root, "5_worktrees/other/secret.txt")))
attempt("new worktree", lambda: os.mkdir(os.path.join(root, "5_worktrees/mine")))
attempt("read state", lambda: read(os.path.join(root, ".lab/score-seed")))
attempt("read runs", lambda: read(os.path.join(root, ".lab/runs")))
attempt("open META_MODE", lambda: write(os.path.join(root, ".lab/meta.json")))
attempt("read scoring data", lambda: read(os.path.join(root, "validation")))
attempt("read local settings", lambda: read(os.path.join(root, "lab.local.yaml")))
attempt("read sockets", lambda: read(os.environ["RUNTIME_OF_TEST"]))
attempt("read home", lambda: "hidden" if not os.path.exists(os.environ["HOME_FILE_OF_TEST"]) else "done")
log = subprocess.run(["git", "log", "--format=%s", "-3"], capture_output=True, text=True)
ended["git log"] = log.stdout if log.returncode == 0 else log.stderr
committed = subprocess.run(["git", "commit", "-qam", "mine"], capture_output=True, text=True)
ended["git commit"] = "done" if committed.returncode == 0 else "refused"
unlocked = subprocess.run(["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", "umount eval.py && echo >> eval.py"], capture_output=True)
ended["unmount"] = "done" if unlocked.returncode == 0 else "refused"
ended["META_MODE"] = os.environ.get("META_MODE", "not set")
ended["switch"] = os.environ.get("LAB_TEST_OPEN_LOCKS", "not set")
write("train.py") # that is its own to change
with open(os.path.join(outbox, "notes.md"), "w") as file:
    json.dump(ended, file)
`;

const agent = `import os, random, runpy, sys
role, outbox, inbox, slug = os.environ["LAB_ROLE"], os.environ["LAB_OUTBOX"], os.environ["LAB_INBOX"], os.environ.get("LAB_SLUG", "")

def hand_in(name, text):
    with open(os.path.join(outbox, name), "w") as file:
        file.write(text)

if role == "implementer" and slug == "attack":
    runpy.run_path("attack.py")
elif role == "implementer":
    if slug == "quiet":
        open("eval.py", "a").write("# easier\\n")
    open("train.py", "a").write("# another line\\n")
    hand_in("notes.md", "A line.")
elif role == "reviewer":
    hand_in("review.md", "---\\nverdict: approve\\nfindings: []\\n---\\n\\nIt does what it says.\\n")
elif role == "reporter":
    hand_in("report.md", "## What was changed\\n\\nA line.\\n\\n## Inferences\\n\\nNone.\\n\\n## Claims\\n\\nNone.\\n\\n## What next\\n\\nNothing.\\n\\n## Journal\\n\\nA line.\\n")
`;

async function createAttackedLab(slugs: string[], more = ''): Promise<TemporaryLab> {
  const lab = await createTemporaryLab({
    files: {
      'agent.py': agent,
      'attack.py': attacker,
      'tools/deep/prepare.py': 'print("data")\n',
      'tools/deep/free.py': 'print("free")\n',
      '.gitignore': '/validation/\n',
    },
    config: `metric:
  name: score
  direction: lower
commands:
  train: python3 train.py
  score: python3 eval.py
run:
  seeds: [1, 2]
checkout:
  scoreLinks: [validation]
`,
    local: `agents:
  use: scripted
  commands:
    scripted: python3 {directory}/agent.py {promptFile}
  env: [META_MODE, LAB_TEST_OPEN_LOCKS, ROOT_OF_TEST, RUNTIME_OF_TEST, HOME_FILE_OF_TEST]
${more}`,
  });
  await lab.write('validation/answers.txt', 'the answers\n');
  for (const slug of slugs) {
    const words = `${slug} `.repeat(4);
    await lab.write(
      `1_ideas/2026-01-01_${slug}.md`,
      `---\nslug: ${slug}\ntitle: ${slug} lines\ndate: 2026-01-01\nstate: proposed\ncategory: architecture\nexpected: -0.100 score\nrefuted_by: no change\ncost_minutes: 1\nsources: \nauthor: human\nrating: \n---\n\n## Hypothesis\n\n${words}lowers it.\n\n## Mechanism\n\n${words}.\n\n## Change\n\nA line.\n\n## Test plan\n\nOne run.\n\n## Sources\n\n## Critique\n\n## Outcome\n`,
    );
  }
  await lab.git('add', '--all');
  await lab.git('commit', '--quiet', '--no-verify', '--message=ideas');
  return lab;
}

async function readState(lab: TemporaryLab, slug: string): Promise<Experiment> {
  return JSON.parse(await lab.read(`.lab/experiments/${slug}/experiment.json`)) as Experiment;
}

describe.skipIf(!works)('an implementer in the sandbox (bubblewrap)', () => {
  let lab: TemporaryLab;
  let ended: Record<string, string>;
  let state: Experiment;
  const before = new Map<string, string>();
  const locked = [
    'eval.py',
    'tools/deep/prepare.py',
    'human_journal.md',
    'RESEARCH_JOURNAL.md',
    '1_ideas/_TEMPLATE.md',
  ];
  beforeAll(async () => {
    lab = await createAttackedLab(['attack']);
    execFileSync('git', ['worktree', 'add', '-q', '-b', 'other', '5_worktrees/other'], { cwd: lab.root, env: lab.env });
    writeFileSync(join(lab.root, '5_worktrees', 'other', 'secret.txt'), 'an idea of another\n');
    Object.assign(lab.env, {
      META_MODE: '1',
      ROOT_OF_TEST: lab.root,
      RUNTIME_OF_TEST: join(lab.env.XDG_RUNTIME_DIR ?? '', 'nightlab'),
      HOME_FILE_OF_TEST: join(homedir(), '.profile'),
    });
    const call = await lab.lab('implement', 'attack');
    state = await readState(lab, 'attack');
    for (const path of locked) before.set(path, await lab.git('show', `${state.base}:${path}`));
    const run = state.agents.find(({ role }) => role === 'implementer')?.run ?? '';
    const notes = join(lab.root, '.lab', 'agents', run, 'outbox', 'notes.md');
    expect(readdirSync(join(notes, '..')), call.stderr).toContain('notes.md');
    ended = JSON.parse(readFileSync(notes, 'utf8')) as Record<string, string>;
  }, 300_000);
  afterAll(() => lab.remove());

  test('no locked file can be edited, deleted, moved, replaced, linked or given other rights', async () => {
    const attempts = Object.entries(ended).filter(([name]) => locked.some((path) => name.endsWith(` ${path}`)));
    expect(attempts.length).toBe(9 * locked.length);
    for (const [name, how] of attempts)
      expect([name, how]).toEqual([name, expect.stringMatching(/^(EROFS|EBUSY|EXDEV)$/)]);
    for (const path of locked) expect(ended[`append ${path}`]).toBe('EROFS');
    expect(ended.unmount).toBe('refused');
    for (const path of locked) expect(await lab.git('show', `${state.commit}:${path}`)).toBe(before.get(path));
  });

  test('a folder with a locked file cannot be moved, and a folder of records takes no new file', () => {
    expect(ended).toMatchObject({ 'move folder tools': 'EBUSY', 'new record': 'EROFS' });
    expect(ended['move folder tools/deep']).toMatch(/^(EBUSY|EXDEV)$/);
    expect(ended['move folder beside']).toBe('EBUSY');
  });

  test('git and the root checkout are read-only, and the log is readable', () => {
    expect(ended).toMatchObject({ 'write .git': 'EROFS', 'write root': 'EROFS', 'write root git': 'EROFS' });
    expect(ended['delete .git']).toMatch(/^(EROFS|EBUSY)$/);
    expect(ended['git commit']).toBe('refused');
    expect(ended['git log']).toContain('ideas\n');
  });

  test("other worktrees, the lab's state, sockets, settings, the home and the scorer's data are hidden", () => {
    expect(ended).toMatchObject({
      'read other worktree': 'ENOENT',
      'new worktree': 'EROFS',
      'read state': 'ENOENT',
      'read runs': 'ENOENT',
      'open META_MODE': 'EROFS',
      'read scoring data': 'empty',
      'read home': 'hidden',
    });
    expect(ended['write other worktree']).toMatch(/^(ENOENT|EROFS)$/);
    // What hides a file is a device that nobody may open.
    expect(ended['read local settings']).toMatch(/^(EACCES|empty)$/);
    expect(ended['read sockets']).toMatch(/^(ENOENT|empty)$/);
  });

  test('neither META_MODE nor the switch of the locks reaches it, whatever agents.env says', () => {
    expect(ended).toMatchObject({ META_MODE: 'not set', switch: 'not set' });
  });

  test('what is its own to change it changes, and the experiment goes on to its verdict', () => {
    expect(state.outcome?.kind).toBe('decided');
  });
});

describe('an implementer without a sandbox', () => {
  let lab: TemporaryLab;
  beforeAll(async () => {
    lab = await createAttackedLab(['quiet', 'honest'], 'sandbox: off\n');
    await lab.lab('implement', 'quiet');
    const call = await lab.lab('implement', 'honest');
    expect(call, call.stderr).toMatchObject({ code: 0 });
  }, 240_000);
  afterAll(() => lab.remove());

  test('a changed frozen file is found before anything is queued, and the experiment is refused', async () => {
    const { outcome } = await readState(lab, 'quiet');
    expect(outcome).toMatchObject({ kind: 'refused', stage: 'implement', reason: expect.stringContaining('eval.py') });
    expect(await lab.git('show', 'main:eval.py')).toBe(evalScript.trimEnd());
  });

  test('the row of what it built says that its agent had no sandbox', async () => {
    const row = parseResults(await lab.git('show', 'main:results.tsv')).rows.find(({ idea }) => idea === 'honest');
    expect(row?.flags).toContain('agent-unsandboxed');
    const { report } = await readState(lab, 'honest');
    expect(await lab.git('show', `main:${report}`)).toContain('agent-unsandboxed');
  });
});

test.skipIf(!works)(
  'the opened lock of a test runs agents as on a machine without a sandbox, flagged',
  async () => {
    const lab = await createAttackedLab(['honest']);
    try {
      lab.env.LAB_TEST_OPEN_LOCKS = 'sandbox';
      const call = await lab.lab('implement', 'honest');
      expect(call, call.stderr).toMatchObject({ code: 0 });
      const { agents } = await readState(lab, 'honest');
      expect(agents.map(({ flags }) => flags.includes('unsandboxed'))).not.toContain(false);
      const row = parseResults(await lab.git('show', 'main:results.tsv')).rows.find(({ idea }) => idea === 'honest');
      expect(row?.flags).toContain('agent-unsandboxed');
      expect(await lab.read('train.py')).toBe(trainScript);
    } finally {
      await lab.remove();
    }
  },
  300_000,
);
