import { expect, test } from 'vitest';
import { parseDataPaths } from './data-folder.ts';

const context = { folder: '/repo', home: '/home/me', env: {} };
const paths = (text: string, env: Record<string, string> = {}) => parseDataPaths(text, { ...context, env });

test('joined paths below the home folder are followed from name to name', () => {
  const text = `
CACHE_DIR = os.path.join(os.path.expanduser("~"), ".cache", "autoresearch")
DATA_DIR = os.path.join(CACHE_DIR, "data")  # shards
TOKENIZER_DIR = os.path.join(CACHE_DIR, 'tokenizer')
BASE_URL = "https://example.org/data"
MAX_SHARD = 6542
VAL_FILENAME = f"shard_{MAX_SHARD:05d}.parquet"
`;
  expect(paths(text)).toEqual({
    CACHE_DIR: '/home/me/.cache/autoresearch',
    DATA_DIR: '/home/me/.cache/autoresearch/data',
    TOKENIZER_DIR: '/home/me/.cache/autoresearch/tokenizer',
  });
});

test('a variable of the environment takes the place of the default', () => {
  const text = 'CACHE = Path(os.environ.get("MY_CACHE") or Path.home() / ".cache" / "x")\nDATA = CACHE / "data"\n';
  expect(paths(text)).toEqual({ CACHE: '/home/me/.cache/x', DATA: '/home/me/.cache/x/data' });
  expect(paths(text, { MY_CACHE: '/scratch' })).toEqual({ CACHE: '/scratch', DATA: '/scratch/data' });
  expect(paths('DATA_ROOT = os.getenv("ROOT", "data/tiny")')).toEqual({ DATA_ROOT: '/repo/data/tiny' });
  expect(paths('DATA = Path(os.environ["ROOT"]) / "tiny"', { ROOT: '/scratch' })).toEqual({ DATA: '/scratch/tiny' });
});

test.each([
  ['DATA_DIR = Path(__file__).parent / "data"', '/repo/data'],
  ['DATA_DIR: Path = Path("data")', '/repo/data'],
  ['DATA_DIR = os.path.expanduser("~/sets/tiny")', '/home/me/sets/tiny'],
  ['DATA_DIR = pathlib.Path.home() / "sets"', '/home/me/sets'],
])('%s is %s', (text, expected) => {
  expect(paths(text)).toEqual({ DATA_DIR: expected });
});

test.each(['DATA_DIR = find_data()', 'DATA = 5', 'CACHE = lru_cache()', '  DATA_DIR = Path("inside a function")', ''])(
  'of "%s" nothing is said',
  (text) => {
    expect(paths(text)).toEqual({});
  },
);
