/** What lab.yaml of an adopted repository says, from sketches of what was recognised; and that the text means what the settings say. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildConfig } from '../../config/load.ts';
import { rulesOf } from '../../rules/taxonomy.ts';
import { renderLabYaml } from './lab-yaml.ts';
import type { Recognised } from './recognise.ts';
import { type AdoptOptions, chooseSettings } from './settings.ts';

const asked: AdoptOptions = {
  ...{ preset: null, metric: null, direction: 'lower', train: null, score: null, device: null },
};
const home = process.env.HOME ?? homedir();

function sketch(changes: Partial<Recognised> & { names?: string[] } = {}): Recognised {
  const { names = ['program.md', 'prepare.py', 'train.py', 'pyproject.toml', 'uv.lock'], ...rest } = changes;
  return {
    place: { root: '/srv/clone', main: 'master', head: 'a'.repeat(40) },
    files: names.map((path) => ({ path, state: 'committed' })),
    missing: ['program.md', 'prepare.py', 'train.py'].filter((name) => !names.includes(name)),
    constants: { TIME_BUDGET: 300, MAX_SEQ_LEN: 2048, EVAL_TOKENS: 20_971_520 },
    dataFolders: [],
    untrackedData: [],
    torchFrom: 'pyproject.toml',
    isCudaOnly: true,
    gpu: 'NVIDIA H200',
    readsSeed: false,
    trainText: 'print(f"val_bpb: {val_bpb:.6f}")',
    prepareText: '',
    hasUv: true,
    tracked: new Set(names),
    dirty: [],
    ...rest,
  };
}

const choose = (found: Recognised, options: Partial<AdoptOptions> = {}, scorer: string[] = []) =>
  chooseSettings(found, { ...asked, ...options }, scorer);

test('a repository of autoresearch’s shape gets the field’s commands, limits, caches and data, and the text says the same', () => {
  const settings = choose(sketch());
  const { config, rules } = { config: buildConfig(textOf(settings), null, {}), rules: settings.frozen };
  expect(config).toMatchObject({
    main: 'master',
    metric: { name: 'val_bpb', direction: 'lower', minMinutes: 5, maxMinutes: 40 },
    commands: { train: expect.stringMatching(/ uv run train\.py$/), score: null },
    run: { device: 'gpu', wallSeconds: 600, seeds: [1, 2, 3, 4] },
    checkout: { setup: 'uv sync --frozen' },
    sandboxRead: ['~/.cache/autoresearch'],
  });
  expect(config.checkout.caches).toEqual(expect.arrayContaining(['~/.cache/uv', '~/.cache/torch', '~/.triton']));
  // Its top holds the user's token.
  expect(config.checkout.caches).not.toContain('~/.cache/huggingface');
  expect(config.commands.train).toContain('TORCHINDUCTOR_CACHE_DIR="$HOME/.cache/torch/');
  expect(rules).toContain('/prepare.py');
  for (const path of [
    'program.md',
    'prepare.py',
    'pyproject.toml',
    'uv.lock',
    '.python-version',
    'requirements-dev.txt',
  ])
    expect([path, rulesOf(path, config.rules)]).toEqual([path, ['FROZEN']]);
  expect(rulesOf('train.py', config.rules)).toEqual([]);
});

test.each<[string, Recognised, string]>([
  ['without torch', sketch({ torchFrom: null }), 'uv run train.py'],
  ['without uv', sketch({ torchFrom: null, names: ['program.md', 'prepare.py', 'train.py'] }), 'python3 train.py'],
  ['with a pyproject alone', sketch({ torchFrom: null, names: ['train.py', 'pyproject.toml'] }), 'uv run train.py'],
])('%s train is `%s`', (_what, found, command) => {
  expect(choose(found).train).toBe(command);
});

test.each([
  [300, 5, 40, 600],
  [60, 1, 40, 600],
  [10, 0, 40, 600],
  [3600, 5, 90, 7200],
  [undefined, 5, 40, 600],
])('a training budget of %s s is fit between %s and %s minutes, and is ended at %s s', (seconds, min, max, wall) => {
  const settings = choose(sketch({ constants: seconds === undefined ? {} : { TIME_BUDGET: seconds } }));
  expect(settings.metric).toMatchObject({ minMinutes: min, maxMinutes: max });
  expect(settings.wallSeconds).toBe(wall);
});

test.each<[string, Partial<Recognised>, AdoptOptions['device'], 'cpu' | 'gpu']>([
  ['torch and a GPU', {}, null, 'gpu'],
  ['torch, no GPU, code for CUDA alone', { gpu: null }, null, 'gpu'],
  ['torch, no GPU, code for more', { gpu: null, isCudaOnly: false }, null, 'cpu'],
  ['no torch and a GPU', { torchFrom: null }, null, 'cpu'],
  ['what the person says', { gpu: null }, 'cpu', 'cpu'],
])('device with %s', (_what, changes, option, device) => {
  expect(choose(sketch(changes), { device: option }).device).toBe(device);
});

test('data below the home is read, data beside the code is linked where git has none of it, and the home itself is never shown', () => {
  const inside = '/srv/clone/data';
  const found = sketch({
    dataFolders: [join(home, '.cache', 'other'), home, join(home, '.cache'), '/big/disk', inside, '/srv/clone/kept'],
    untrackedData: [inside],
  });
  expect(choose(found)).toMatchObject({ sandboxRead: ['~/.cache/autoresearch', '~/.cache/other'], links: ['data'] });
});

test('a scorer of another name is frozen, and a command with quotes survives the text', () => {
  const settings = choose(sketch(), { score: 'python3 "my score.py" # x', metric: 'val_loss' }, ['score.py']);
  const config = buildConfig(textOf(settings), null, {});
  expect(config.commands.score).toBe('python3 "my score.py" # x');
  expect(config.metric.name).toBe('val_loss');
  expect(rulesOf('score.py', config.rules)).toEqual(['FROZEN']);
});

test('a preset that lacks a file names it, and without train.py something must say what runs', () => {
  const without = sketch({ names: ['train.py'] });
  expect(() => choose(without, { preset: 'autoresearch' })).toThrow(/program\.md and prepare\.py are not here/);
  expect(choose(without)).toMatchObject({ preset: 'generic', presetReason: 'program.md and prepare.py are not here' });
  expect(() => choose(sketch({ names: ['prepare.py'] }))).toThrow(/has no train\.py/);
  expect(choose(sketch({ names: [] }), { train: 'make train' })).toMatchObject({ train: 'make train', caches: [] });
});

function textOf(settings: Parameters<typeof renderLabYaml>[0]): { text: string; name: string } {
  return { text: renderLabYaml(settings), name: 'lab.yaml' };
}
