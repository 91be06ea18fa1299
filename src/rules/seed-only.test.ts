/** What counts as moving a seed and nothing else; the false alarms matter more than the misses. */
import { expect, test } from 'vitest';
import { compareSeeds } from './seed-only.ts';

const kindOf = (before: string, after: string, path = 'train.py') => compareSeeds(path, before, after).kind;

test.each([
  ['seed = 42', 'seed = 1337'],
  ['SEED: int = 42', 'SEED: int = 7'],
  ['torch.manual_seed(42)', 'torch.manual_seed(137)'],
  ['np.random.seed( 1 )', 'np.random.seed( 2 )'],
  ['rng = random.Random(0)', 'rng = random.Random(3)'],
  ['key = jax.random.PRNGKey(0)', 'key = jax.random.PRNGKey(11)'],
  ['split(x, random_state=0, shuffle=True)', 'split(x, random_state=5, shuffle=True)'],
  ['def train(text, data_seed=1, samples=5):', 'def train(text, data_seed=2, samples=5):'],
  ['seed = int(os.environ.get("LAB_SEED", "1"))', 'seed = int(os.environ.get("LAB_SEED", "9"))'],
  ['args = {"seed": 1, "rate": 0.1}', 'args = {"seed": 2, "rate": 0.1}'],
  ['run(["python", "x.py"], "--seed 3 --rate 0.1")', 'run(["python", "x.py"], "--seed 4 --rate 0.1")'],
  ['torch.manual_seed(1); rate = 0.1', 'torch.manual_seed(2); rate = 0.1'],
  ['a = 1\nseed = 1  # the usual one\nb = 2', 'a = 1\n\n# a luckier one\nseed = 2\nb = 2  # as before'],
])('%j to %j moves a seed', (before, after) => {
  expect(kindOf(before, after)).toBe('seeds');
});

test.each([
  ['rate = 0.1', 'rate = 0.2'],
  ['torch.manual_seed(42); rate = 0.1', 'torch.manual_seed(42); rate = 0.2'],
  ['torch.manual_seed(42); rate = 0.1', 'torch.manual_seed(43); rate = 0.2'],
  ['fit(seed=1, rate=0.1)', 'fit(seed=1, rate=0.2)'],
  ['num_seeds = 3', 'num_seeds = 5'],
  ['n_seed = 3', 'n_seed = 5'],
  ['max_seed = 3', 'max_seed = 5'],
  ['seed_length = 16', 'seed_length = 32'],
  ['seedling = 3', 'seedling = 4'],
  ['proceed = 3', 'proceed = 4'],
  ['rate = 0.1  # seed 3', 'rate = 0.2  # seed 3'],
  ['if seed == 1:', 'if seed == 2:'],
  ['seed += 1', 'seed += 2'],
  ['seed = 3 * epoch', 'seed = 4 * epoch'],
  ['seed = 1 if first else rate', 'seed = 2 if first else rate'],
  ['rates = [0.1 for seed in range(3)]', 'rates = [0.1 for seed in range(4)]'],
  ['rate = lambda seed: 1', 'rate = lambda seed: 2'],
  ['piece = text[seed:100]', 'piece = text[seed:200]'],
  ['seed = 1', 'seed = 2.0 * rate'],
  ['seed = 1', 'SEED = 1'],
  ['seed = 1', 'seed = 2\nrate = 0.2'],
  ['seed = 1\nrate = 0.1', 'seed = 2'],
  ['embed(seed, 3)', 'embed(seed, 4)'],
  ['hash_seed_buckets = 100', 'hash_seed_buckets = 200'],
  ['title = "# 1"\nseed = 1', 'title = "# 2"\nseed = 2'],
  ['PROMPT = """\n# Task 1\n"""\nseed = 1', 'PROMPT = """\n# Task 2\n"""\nseed = 2'],
])('%j to %j is a change like any other', (before, after) => {
  expect(kindOf(before, after)).toBe('other');
});

test('what begins a comment depends on the file', () => {
  const [before, after] = ['#define RATE 1\nint seed = 1;\n', '#define RATE 2\nint seed = 2;\n'];
  expect(kindOf(before, after, 'kernel.cu')).toBe('other');
  expect(kindOf('int seed = 1; // one\n', 'int seed = 2; // two\n', 'kernel.cu')).toBe('seeds');
  expect(kindOf('{"seed": 1}', '{"seed": 2}', 'config.json')).toBe('seeds');
  expect(kindOf('# old\nseed: 1\n', '# new\nseed: 2\n', 'config.yaml')).toBe('seeds');
  expect(kindOf('text: |\n  # 1\nseed: 1\n', 'text: |\n  # 2\nseed: 2\n', 'config.yaml')).toBe('other');
});

test('a change of comments alone moves no seed, and the first seed that moves is named with its line', () => {
  expect(kindOf('# one\nrate = 1\n', '# two\nrate = 1\n')).toBe('same');
  expect(compareSeeds('train.py', '# one\n\nseed = 1\nx = 1\n', '# two\n\n  \nseed = 2\nx = 1\n')).toEqual({
    kind: 'seeds',
    line: 4,
    before: 'seed = 1',
    after: 'seed = 2',
  });
});
