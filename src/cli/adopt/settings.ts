/** What lab.yaml of an adopted repository is to say, from what was recognised, the preset and the options. Pure. */
import { homedir } from 'node:os';
import { relative } from 'node:path';
import { LabError } from '../../errors/lab-error.ts';
import { isInside } from '../../sandbox/sandbox.ts';
import { type Recognised, trainingFiles } from './recognise.ts';

/** Ready-made answers for a kind of repository. */
export const presets = ['autoresearch', 'generic'] as const;
/** One of presets. */
export type Preset = (typeof presets)[number];

/** What the person gave; null: found by looking. */
export interface AdoptOptions {
  preset: Preset | null;
  metric: string | null;
  direction: 'lower' | 'higher';
  train: string | null;
  score: string | null;
  device: 'cpu' | 'gpu' | null;
}

/** What lab.yaml says. */
export interface AdoptSettings {
  preset: Preset;
  /** Why this preset, in a few words. */
  presetReason: string;
  main: string;
  metric: { name: string; direction: 'lower' | 'higher'; minMinutes: number; maxMinutes: number };
  train: string;
  score: string | null;
  device: 'cpu' | 'gpu';
  wallSeconds: number;
  /** FROZEN, by glob. */
  frozen: string[];
  setup: string | null;
  caches: string[];
  /** Paths of the root checkout that runs see read-only. */
  links: string[];
  sandboxRead: string[];
}

/** Where the field keeps data and tokenizer. */
export const usualDataFolder = '~/.cache/autoresearch';

// What packages and compiled kernels are kept in. Not the whole of the Hugging Face folder: its top holds the user's token.
const runCaches = [
  '~/.cache/uv',
  '~/.cache/huggingface/hub',
  '~/.cache/huggingface/datasets',
  '~/.cache/huggingface/xet',
  '~/.cache/torch',
  '~/.cache/torch_extensions',
  '~/.triton',
  '~/.nv',
];

// Where torch.compile would keep its kernels in /tmp, which a run has for itself and loses.
const compileCache = 'TORCHINDUCTOR_CACHE_DIR="$HOME/.cache/torch/inductor"';

const dependencySet = ['/pyproject.toml', '/uv.lock', '/uv.toml', '/.python-version', '/requirements*.txt'];

/** Chooses. Throws LabError (user) where the preset lacks a file, or nothing says what an experiment runs. */
export function chooseSettings(
  found: Recognised,
  options: AdoptOptions,
  scorerFiles: readonly string[],
): AdoptSettings {
  const { preset, presetReason } = choosePreset(found, options.preset);
  const has = (path: string) => found.files.some((file) => file.path === path);
  const usesUv = has('uv.lock') || has('pyproject.toml');
  const device = options.device ?? chooseDevice(found);
  const seconds = found.constants.TIME_BUDGET ?? null;
  const caches = preset === 'autoresearch' ? runCaches : usesUv ? ['~/.cache/uv'] : [];
  const { links, reads } = placeData(found, preset, caches);
  return {
    preset,
    presetReason,
    main: found.place.main,
    metric: { name: options.metric ?? 'val_bpb', direction: options.direction, ...chooseMinutes(seconds) },
    train: options.train ?? chooseTrain(found, usesUv, preset === 'autoresearch' && found.torchFrom !== null),
    score: options.score,
    device,
    // The field's hard limit is twice its 300 s.
    wallSeconds: Math.max(600, Math.ceil(2 * (seconds ?? 0))),
    frozen: [
      '/program.md',
      ...(has('prepare.py') ? ['/prepare.py'] : []),
      ...dependencySet,
      ...scorerFiles.map((path) => `/${path}`),
    ],
    setup: has('uv.lock') ? 'uv sync --frozen' : null,
    caches,
    links,
    sandboxRead: reads,
  };
}

function choosePreset(found: Recognised, asked: Preset | null): { preset: Preset; presetReason: string } {
  const { missing } = found;
  const lacks = `${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} not here`;
  if (asked === 'autoresearch' && missing.length > 0) {
    throw new LabError(
      'user',
      `the preset autoresearch needs ${trainingFiles.join(', ')} at the top of ${found.place.root}; ${lacks}`,
      {
        hints: [
          ...(missing.includes('program.md') ? ['program.md says in your words what experiments may try'] : []),
          ...(missing.includes('prepare.py') ? ['prepare.py holds data, constants and the evaluator'] : []),
          ...(missing.includes('train.py') ? ['train.py is the file that experiments change'] : []),
          '`lab init --adopt --preset generic --train "…"` adopts a repository of another shape',
        ],
      },
    );
  }
  if (asked !== null) return { preset: asked, presetReason: '--preset' };
  if (missing.length === 0) return { preset: 'autoresearch', presetReason: `${trainingFiles.join(', ')} are here` };
  return { preset: 'generic', presetReason: lacks };
}

function chooseTrain(found: Recognised, usesUv: boolean, compiles: boolean): string {
  if (found.missing.includes('train.py')) {
    throw new LabError('user', `${found.place.root} has no train.py, expected to be told what an experiment runs`, {
      hints: ['`lab init --adopt --train "python3 path/to/train.py"`'],
    });
  }
  const plain = usesUv ? 'uv run train.py' : 'python3 train.py';
  return compiles ? `${compileCache} ${plain}` : plain;
}

/** A login machine without a card may adopt code that runs nowhere else. */
function chooseDevice({ torchFrom, gpu, isCudaOnly }: Recognised): 'cpu' | 'gpu' {
  return torchFrom !== null && (gpu !== null || isCudaOnly) ? 'gpu' : 'cpu';
}

/** The bounds of `lab metric check`: the usual 5 to 40 minutes, moved as far as the training budget asks for. */
function chooseMinutes(seconds: number | null): { minMinutes: number; maxMinutes: number } {
  if (seconds === null) return { minMinutes: 5, maxMinutes: 40 };
  const minutes = seconds / 60;
  return {
    minMinutes: minutes < 1 ? 0 : Math.min(5, Math.floor(minutes * 10) / 10),
    maxMinutes: Math.max(40, Math.ceil(minutes * 1.5)),
  };
}

/** Data below the home is shown to runs, data beside the code is linked; what lies elsewhere is readable as it is. */
function placeData(found: Recognised, preset: Preset, caches: readonly string[]): { links: string[]; reads: string[] } {
  const home = process.env.HOME ?? homedir();
  const { root } = found.place;
  const links: string[] = [];
  const reads = preset === 'autoresearch' ? [usualDataFolder] : [];
  for (const path of found.dataFolders) {
    if (path !== root && isInside(path, root)) {
      if (found.untrackedData.includes(path)) links.push(relative(root, path));
      continue;
    }
    const below = relative(home, path);
    // The home itself, or a hidden folder of it as a whole (.cache, .config), would show keys and tokens.
    if (!isInside(path, home) || below === '' || /^\.[^/]+$/.test(below)) continue;
    const short = `~/${below}`;
    if (![...reads, ...caches].some((known) => isInside(short, known))) reads.push(short);
  }
  return { links, reads };
}
