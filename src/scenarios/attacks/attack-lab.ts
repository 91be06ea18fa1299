/** Labs for the attacks: one problem, an evaluator whose honest score is 1, and any of the four locks opened. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type LockName, lockNames } from '../../config/open-locks.ts';
import { createTemporaryLab, type TemporaryLab } from '../temporary-lab.ts';

// A process that lurks holds the lock on `slow` until it has changed the model; nobody holds the lock of one that was ended.
const evaluator = `import fcntl, json, os
import prepare
out = os.environ["LAB_OUT"]
if os.path.exists(out + "/slow"):
    print("about to read", flush=True)
    with open(out + "/slow") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
print("---")
print(f"score:            {prepare.read(out):.6f}")
`;

const prepare = `import json, os
def read(out):
    with open(os.path.join(out, "model.json")) as file:
        return float(json.load(file)["value"])
`;

/** The end of every train.py: the model, honest unless an attack says otherwise. */
export const honestEnd = `
with open(os.environ["LAB_OUT"] + "/model.json", "w") as file:
    json.dump(MODEL, file)
`;

const config = `schema: 1
metric: {name: score, direction: lower}
commands: {train: python3 train.py, score: python3 eval.py}
checkout: {scoreLinks: [held-out]}
`;

/** Makes a lab in which all locks but `closed` are open. */
export async function createAttackLab(closed: readonly LockName[]): Promise<TemporaryLab> {
  const opened = lockNames.filter((name) => !closed.includes(name));
  const lab = await createTemporaryLab({
    files: {
      'eval.py': evaluator,
      'prepare.py': prepare,
      'lib/eval.py': 'print("nothing")\n',
      'train.py': `import json, os\nMODEL = {"value": 1.0}\n${honestEnd}`,
    },
    env: { LAB_TEST_OPEN_LOCKS: opened.join(',') },
  });
  await mkdir(join(lab.root, 'held-out'));
  await writeFile(join(lab.root, 'held-out', 'answers.json'), '{"value": 0}');
  await writeFile(join(lab.root, '.gitignore'), `${await lab.read('.gitignore')}held-out/\n`);
  await writeFile(join(lab.root, 'lab.yaml'), config);
  await lab.git('commit', '--quiet', '--no-verify', '--all', '--message=the problem');
  return lab;
}

/** Adds a worktree on a branch of its own, as an experiment has one; gives its folder. */
export async function addTree(lab: TemporaryLab, slug: string): Promise<string> {
  const tree = join(lab.root, '5_worktrees', slug);
  await lab.git('worktree', 'add', '--quiet', '-b', `exp/${slug}`, tree, 'main');
  return tree;
}

/** How a job ended: turned away at the door, or its score; null where it has none. */
export type JobEnd = { kind: 'refused'; message: string } | { kind: 'ended'; score: number | null; flags: string[] };

/** Queues train.py of a checkout and waits. */
export async function runTrain(lab: TemporaryLab, folder: string, env: Record<string, string> = {}): Promise<JobEnd> {
  const words = ['add', '--print-number', '--label', 'Q: does it cheat? H: no', '--', 'python3', 'train.py'];
  const added = await lab.labIn(folder, words, env);
  if (added.code !== 0) return { kind: 'refused', message: added.stderr };
  const number = Number(added.stdout);
  await lab.lab('wait', String(number));
  const state = (await lab.status(number)).jobs[0]?.state;
  if (state?.kind !== 'ended') throw new Error(`job ${number} is ${state?.kind}`);
  if (state.run.fate.kind === 'failed' && state.run.fate.failure === 'prepare-failed')
    return { kind: 'refused', message: state.run.fate.detail };
  return { kind: 'ended', score: state.run.metric, flags: state.run.flags };
}
