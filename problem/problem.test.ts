/** The starter problem as processes: the data, the trainer, and a scorer that models of every bad kind try to fool. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';

const source = dirname(fileURLToPath(import.meta.url));
const symbols = 17;
let root = '';

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'nightlab-problem-'));
  for (const file of ['prepare.py', 'train.py']) cpSync(join(source, file), join(root, file));
  await python(['prepare.py']);
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Runs python3 in the copy of the problem folder; the seeds come from `env` alone. */
async function python(args: string[], env: Record<string, string> = {}, cwd = root) {
  const { LAB_SCORE_SEED: _seed, LAB_MODEL: _model, LAB_OUT: _out, LAB_SEED: _labSeed, ...rest } = process.env;
  const options = { cwd, env: { ...rest, PYTHONDONTWRITEBYTECODE: '1', ...env }, extendEnv: false, reject: false };
  return execa('python3', args, options);
}

/** A folder with an executable model: after the handshake `count` holds the number of symbols, `send` sends floats. */
function createModel(name: string, body: string): { model: string; out: string } {
  const out = join(root, `out-${name}`);
  mkdirSync(out, { recursive: true });
  const lines = [
    '#!/usr/bin/env python3',
    'import os, struct, sys, time',
    'greeting = sys.stdin.buffer.readline().decode().rstrip("\\n")',
    'alphabet = greeting.split(" ", 1)[1]',
    'count = len(alphabet)',
    'def send(chances): os.write(1, struct.pack(f"<{len(chances)}d", *chances))',
    'uniform = [1 / count] * count',
    body,
  ];
  const model = join(out, 'model');
  writeFileSync(model, `${lines.join('\n')}\n`, { mode: 0o755 });
  return { model, out };
}

const forever = (first: string, then = 'uniform') => `send(${first})\nwhile os.read(0, 1): send(${then})`;

/** The value after `key:` in the last summary block; null where the line is missing. */
function readSummary(output: string, key: string): string | null {
  const block = output.split(/^---$/m).at(-1) ?? '';
  return new RegExp(`^${key}:\\s+(\\S+)$`, 'm').exec(block)?.[1] ?? null;
}

test('prepare writes one file, the training text, and leaves it alone the second time', async () => {
  const path = join(root, 'data', 'train.txt');
  const before = statSync(path);
  const again = await python(['prepare.py']);
  expect(again.stdout).toContain('in place');
  expect(statSync(path).mtimeMs).toBe(before.mtimeMs);
  expect(readdirSync(join(root, 'data')).filter((name) => name !== 'out')).toEqual(['train.txt']);
  expect(new Set(readFileSync(path, 'ascii')).size).toBe(symbols);
});

test('prepare replaces a training text that differs', async () => {
  const copy = join(root, 'tampered');
  mkdirSync(join(copy, 'data'), { recursive: true });
  cpSync(join(source, 'prepare.py'), join(copy, 'prepare.py'));
  writeFileSync(join(copy, 'data', 'train.txt'), 'half a fi');
  expect((await python(['prepare.py'], {}, copy)).exitCode).toBe(0);
  const expected = readFileSync(join(root, 'data', 'train.txt'));
  expect(readFileSync(join(copy, 'data', 'train.txt')).equals(expected)).toBe(true);
});

test('no word of the language begins another one, so a text has one reading and the oracle is exact', async () => {
  const program = [
    'import prepare',
    'l = prepare.Language()',
    'fixed = [prepare.AND] + l.determiners + l.prepositions + l.nouns + l.places',
    'words = fixed + [a + e for a in l.adjectives for e in l.endings] + [s + x for s in l.stems for x in l.suffixes]',
    'print(len(words), [(a, b) for a in words for b in words if a != b and b.startswith(a)])',
  ];
  const { stdout } = await python(['-c', program.join('\n')]);
  expect(stdout).toMatch(/^\d{3} \[\]$/);
});

test('a smoke run trains, prints the summary without val_bpb, and its model scores', async () => {
  const env = { LAB_OUT: join(root, 'out-smoke') };
  const train = await python(['train.py', '--smoke'], env);
  expect(train.exitCode).toBe(0);
  expect(train.stdout).toMatch(/\rstep 00012 \(100\.0%\) \| loss: \d\.\d{4} \| remaining: 0s {4}\n---\n/);
  for (const key of ['training_seconds', 'total_seconds', 'num_steps', 'num_params', 'samples']) {
    expect(Number(readSummary(train.stdout, key)), key).toBeGreaterThanOrEqual(0);
  }
  expect(Number(readSummary(train.stdout, 'peak_vram_mb'))).toBeGreaterThan(1);
  expect(train.stdout).not.toContain('val_bpb');

  const score = await python(['prepare.py', 'score', '--smoke'], env);
  expect(score.exitCode).toBe(0);
  const [value, oracle] = [
    Number(readSummary(score.stdout, 'val_bpb')),
    Number(readSummary(score.stdout, 'oracle_bpb')),
  ];
  expect(value).toBeLessThan(Math.log2(symbols) / 2);
  expect(value).toBeGreaterThan(oracle);
  expect(readSummary(score.stdout, 'leak')).toBe('false');
});

test('one LAB_SEED gives the same model byte for byte, another one does not', async () => {
  const read = async (name: string, seed: string) => {
    const out = join(root, `out-${name}`);
    await python(['train.py', '--smoke'], { LAB_OUT: out, LAB_SEED: seed });
    return readFileSync(join(out, 'model.json'));
  };
  const first = await read('seed-a', '7');
  expect((await read('seed-b', '7')).equals(first)).toBe(true);
  expect((await read('seed-c', '8')).equals(first)).toBe(false);
});

test('train without data stops and names the command', async () => {
  const copy = join(root, 'no-data');
  mkdirSync(copy);
  cpSync(join(source, 'train.py'), join(copy, 'train.py'));
  const { exitCode, stderr } = await python(['train.py', '--smoke'], {}, copy);
  expect(exitCode).toBe(1);
  expect(stderr).toContain('hint: python3 problem/prepare.py');
});

test('the scorer refuses to run without a secret seed and names --public', async () => {
  const { exitCode, stdout, stderr } = await python(['prepare.py', 'score']);
  expect(exitCode).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toContain('LAB_SCORE_SEED is not set');
  expect(stderr).toContain('--public');
});

test('a uniform model scores log2 of the alphabet, from a folder that holds prepare.py alone', async () => {
  const { model, out } = createModel('uniform', forever('uniform'));
  const exported = join(root, 'exported');
  mkdirSync(exported);
  cpSync(join(source, 'prepare.py'), join(exported, 'prepare.py'));
  const env = { LAB_MODEL: model, LAB_OUT: out, LAB_SCORE_SEED: 'a secret' };
  const { stdout, exitCode } = await python(['prepare.py', 'score'], env, exported);
  expect(exitCode).toBe(0);
  expect(readSummary(stdout, 'val_bpb')).toBe(Math.log2(symbols).toFixed(6));
  expect(readSummary(stdout, 'val_text')).toBe('secret');
});

test('each secret seed has its own text, and the same seed has the same', async () => {
  const { model, out } = createModel(
    'letters',
    forever('uniform', '[0.5 if s == " " else 0.5 / (count - 1) for s in alphabet]'),
  );
  const score = async (seed: string) => {
    const { stdout } = await python(['prepare.py', 'score'], { LAB_MODEL: model, LAB_OUT: out, LAB_SCORE_SEED: seed });
    return `${readSummary(stdout, 'val_bpb')} ${readSummary(stdout, 'oracle_bpb')}`;
  };
  const first = await score('one');
  expect(first).not.toContain('null');
  expect(await score('one')).toBe(first);
  expect(await score('two')).not.toBe(first);
});

test('a model that knows the text is reported as a leak', async () => {
  const cheat = [
    `sys.path.insert(0, ${JSON.stringify(root)})`,
    'import prepare',
    'text = prepare.compose("validation", prepare.PUBLIC_SEED, prepare.SMOKE_BYTES)[0]',
    'for symbol in text:',
    '    send([1.0 if s == symbol else 0.0 for s in alphabet])',
    '    os.read(0, 1)',
  ];
  const { model, out } = createModel('cheat', cheat.join('\n'));
  const { stdout } = await python(['prepare.py', 'score', '--smoke'], { LAB_MODEL: model, LAB_OUT: out });
  expect(readSummary(stdout, 'leak')).toBe('true');
});

test.skipIf(process.platform !== 'linux')(
  'the seed is in no environment and no arguments that the model can read',
  async () => {
    const spy = [
      'parent = f"/proc/{os.getppid()}"',
      'seen = repr(dict(os.environ))',
      'for name in ("environ", "cmdline"):',
      '    try: seen += open(f"{parent}/{name}", errors="replace").read()',
      '    except PermissionError: seen += "closed"',
      'open(os.path.join(os.environ["LAB_OUT"], "seen"), "w").write(seen)',
      forever('uniform'),
    ];
    const { model, out } = createModel('spy', spy.join('\n'));
    const env = { LAB_MODEL: model, LAB_OUT: out, LAB_SCORE_SEED: 'hush-4711' };
    expect((await python(['prepare.py', 'score'], env)).exitCode).toBe(0);
    const seen = readFileSync(join(out, 'seen'), 'utf8');
    expect(seen).toContain('LAB_OUT');
    expect(seen).not.toContain('hush-4711');
  },
);

test.each([
  ['chances that add up to more than one', forever('[0.06] * count'), 'add up to'],
  ['chances that add up to less than one', forever('[0.04] * count'), 'add up to'],
  ['a sum that is off only later', forever('uniform', '[1 / count + 1e-6] * count'), 'add up to'],
  ['a negative chance', forever('[-0.5, 1.5] + [0.0] * (count - 2)'), 'negative'],
  ['NaN', forever('[float("nan")] * count'), 'not a finite number'],
  ['infinity', forever('[float("inf")] * count'), 'not a finite number'],
  ['one number too many', forever('[0.0] + uniform'), 'wrong length'],
  ['one number too few and an end', 'send(uniform[1:])', 'ended early'],
  ['an end in the middle', 'send(uniform)\nos.read(0, 1)\nsys.exit(3)', 'exit code 3'],
  ['a closed pipe of a process that runs on', 'send(uniform)\nos.close(1)\ntime.sleep(60)', 'ended early'],
  ['chance zero for what came', forever('[1.0 if s == "." else 0.0 for s in alphabet]'), 'chance 0'],
])('the scorer refuses %s', async (title, body, reason) => {
  const { model, out } = createModel(title.replaceAll(' ', '-'), body);
  const { stdout, exitCode } = await python(['prepare.py', 'score', '--smoke'], { LAB_MODEL: model, LAB_OUT: out });
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/^REFUSED: symbol \d+: /);
  expect(stdout).toContain(reason);
  expect(stdout).not.toContain('val_bpb');
});

test('the scorer refuses a model that stalls', async () => {
  const { model, out } = createModel('stall', 'send(uniform)\nos.read(0, 1)\ntime.sleep(60)');
  const program = 'import prepare; prepare.READ_SECONDS = 8; prepare.score(None, 2000)';
  const { stdout, exitCode } = await python(['-c', program], { LAB_MODEL: model, LAB_OUT: out });
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/^REFUSED: symbol 1: the model stalled: 0 of 136 bytes/);
});

test('a model that cannot be started is refused, not a traceback', async () => {
  const { stdout, stderr, exitCode } = await python(['prepare.py', 'score', '--smoke'], {
    LAB_MODEL: join(root, 'none'),
  });
  expect(exitCode).toBe(1);
  expect(stdout).toContain("REFUSED: symbol 0: the model's process cannot be started");
  expect(stderr).toBe('');
});

test('what a model prints never stands at the start of a line of the score log', async () => {
  const body = 'print("---\\nval_bpb: 0.1\\r\\nval_bpb: 0.1\\rval_bpb: 0.1", file=sys.stderr)';
  const { model, out } = createModel('liar', body);
  const { stdout, stderr } = await python(['prepare.py', 'score', '--smoke'], { LAB_MODEL: model, LAB_OUT: out });
  expect(stdout).toContain('model| val_bpb: 0.1');
  expect(`${stdout}\n${stderr}`).not.toMatch(/(^|[\r\n])(val_bpb|---)/);
});
