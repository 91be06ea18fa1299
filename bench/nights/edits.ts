/**
 * What the scripted agents of `npm run bench nights` do to the starter's train.py: 60 and more small edits of each kind, all told as ideas. Sizes
 * of the real ones were not looked at before; their order is drawn by a fixed seed. Who plays them is scripted-agent.ts.
 */
import { createRandom } from '../../src/stats/seeded-random.ts';

/** One edit: the first match of `find` in train.py is replaced. */
export interface ScriptedEdit {
  slug: string;
  category: 'architecture' | 'optimizer' | 'data' | 'loss' | 'loop' | 'regularisation' | 'hyperparameter';
  /** A regular expression of Python, by lines. */
  find: string;
  /** What stands there then, as Python's re.sub reads it; null where `times` counts. */
  put: string | null;
  /** Factor of the number in the first group; null where `put` counts. */
  times: number | null;
}

type Part = Pick<ScriptedEdit, 'category' | 'find'> & { name: string; puts?: string[]; times?: number[] };

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Edits that change comments alone, each at another line of `train` (the text of train.py), so that they merge. */
export function listComments(train: string, count: number): ScriptedEdit[] {
  const lines = train.split('\n');
  const begin = lines.findIndex((line) => line.startsWith('ORDERS'));
  const isOnce = (line: string) => line.trim() !== '' && lines.filter((other) => other === line).length === 1;
  // Every second line: neighbours would not merge.
  const places = lines.flatMap((line, place) => (place >= begin && place % 2 === 0 && isOnce(line) ? [line] : []));
  return Array.from({ length: count }, (_, place) => {
    const line = places[place % places.length] ?? '';
    const [indent = ''] = /^\s*/.exec(line) ?? [];
    const put = `${indent}# note ${place + 1}: this line was looked at again\n\\g<0>`;
    return { slug: `note-${place + 1}`, category: 'loop', find: `^${escaped(line)}$`, put, times: null };
  });
}

/** Edits that draw random numbers and throw them away: nothing gets better or worse, but every number moves, as on a GPU. */
export function listIdleDraws(count: number): ScriptedEdit[] {
  const places: [string, string][] = [
    ['^    table = \\{\\}$', '    '],
    ['^    started = time.monotonic\\(\\)\n    smooth', '    '],
    ['^        rate = LEARNING_RATE .*$', '        '],
    ['^            target = index.*$', '            '],
    ['^            update\\(rows, slope, rate\\)$', '            '],
  ];
  return Array.from({ length: count }, (_, place) => {
    const [find, indent] = places[place % places.length] ?? ['', ''];
    // Where two places shift the draws alike, they do it by another number. Few of them in the innermost loop: they cost time.
    const round = Math.floor(place / places.length);
    const draws = indent.length < 12 ? place + 1 : 1 + 2 * round + (place % 2);
    const put = `${indent}[rng.random() for _ in range(${draws})]\n\\g<0>`;
    return { slug: `idle-draw-${place + 1}`, category: 'loop', find, put, times: null };
  });
}

const append = (text: string): string => `\\g<0>\n    keys.append(${text})`;

const parts: Part[] = [
  {
    ...{ name: 'learning-rate', category: 'hyperparameter', find: '^LEARNING_RATE = ([\\d.]+)' },
    times: [1.05, 0.95, 1.1, 0.9, 1.2, 0.85, 1.3, 0.8, 1.5, 0.7],
  },
  {
    ...{ name: 'decay', category: 'optimizer', find: '^        rate = LEARNING_RATE \\* .*$' },
    puts: [
      ...[0.7, 0.8, 0.9, 1.1, 1.25, 1.5].map((power) => `(1 - step / steps) ** ${power}`),
      ...[0.02, 0.05].map((floor) => `(${floor} + ${1 - floor} * (1 - step / steps))`),
      '0.5 * (1 + math.cos(math.pi * step / steps))',
      'min(1, (step + 1) / 5) * (1 - step / steps)',
    ].map((shape) => `        rate = LEARNING_RATE * ${shape}`),
  },
  {
    ...{ name: 'orders', category: 'architecture', find: '^ORDERS = \\([^)]*\\)' },
    puts: ['(1, 2, 3, 4)', '(1, 2, 4)', '(1, 2, 3, 5)', '(2, 3)', '(1, 2, 3, 6)'].map((orders) => `ORDERS = ${orders}`),
  },
  {
    ...{ name: 'feature', category: 'architecture', find: '^    keys = \\[.*$' },
    puts: ['"bias|"', '"two|" + past[-2:-1]', '"six|" + past[-6:-5]'].map(append),
  },
  {
    ...{ name: 'key', category: 'architecture', find: '^    return keys$' },
    puts: ['"nine|" + past[-9:-8]', '"gap|" + past[-1:] + past[-3:-2]', '"dots|" + str(past.count("."))'].map(
      (key) => `    return [*keys, ${key}]`,
    ),
  },
  {
    ...{ name: 'start-weight', category: 'hyperparameter', find: 'table\\.setdefault\\(key, \\[[-\\d.]+\\]' },
    puts: ['0.01', '0.1', '-0.05'].map((weight) => `table.setdefault(key, [${weight}]`),
  },
  {
    ...{ name: 'shrink', category: 'regularisation', find: 'row\\[:\\] = \\[.*? - rate \\* change' },
    puts: ['0.999999', '0.99999', '0.9999', '0.9998'].map((keep) => `row[:] = [${keep} * weight - rate * change`),
  },
  {
    ...{ name: 'clip', category: 'optimizer', find: 'for weight, change in zip\\(row, slope\\)\\]' },
    puts: ['0.001', '0.003', '0.01'].map(
      (least) => `if abs(change) > ${least} else weight for weight, change in zip(row, slope)]`,
    ),
  },
  {
    ...{ name: 'target', category: 'loss', find: '^            slope\\[target\\] -= [\\d.]+$' },
    puts: ['0.998', '0.99', '1.002', '1.01'].map((size) => `            slope[target] -= ${size}`),
  },
  {
    ...{ name: 'temper', category: 'architecture', find: '^    logits = .*$' },
    puts: ['0.95', '1.02', '1.05', '1.1'].map(
      (size) => `    logits = [${size} * sum(weights) for weights in zip(*rows)]`,
    ),
  },
  {
    ...{ name: 'shown-loss', category: 'loop', find: '^        smooth_loss \\+= [\\d.]+ ' },
    puts: ['0.05', '0.2', '0.3'].map((share) => `        smooth_loss += ${share} `),
  },
  {
    ...{ name: 'blend', category: 'loss', find: '^        os\\.write\\(1, frame\\.pack\\(.*$' },
    puts: ['0.0005', '0.002', '0.01'].map(
      (share) =>
        `        os.write(1, frame.pack(*((1 - ${share}) * chance + ${share} / len(symbols) for chance in predict(rows))))`,
    ),
  },
  {
    ...{ name: 'place', category: 'data', find: '^            position = .*$' },
    puts: [
      'rng.randrange(WINDOW + 1, len(text))',
      'WINDOW + int((len(text) - WINDOW) * rng.random())',
      'WINDOW + (step * STEP_SAMPLES + _) * 7919 % (len(text) - WINDOW)',
      'max(rng.randrange(WINDOW, len(text)), rng.randrange(WINDOW, len(text)))',
    ].map((place) => `            position = ${place}`),
  },
  {
    ...{ name: 'step-size', category: 'loop', find: '^STEP_SAMPLES = [\\d_]+' },
    puts: ['STEP_SAMPLES = 500', 'STEP_SAMPLES = 2_000'],
  },
];

/** Real changes of hyper-parameters and of small parts of the model, shuffled once and for all. */
export function listVariants(count: number): ScriptedEdit[] {
  const all = parts.flatMap(({ name, category, find, puts = [], times = [] }) => [
    ...puts.map((put, place) => ({ slug: `${name}-${place + 1}`, category, find, put, times: null })),
    ...times.map((factor, place) => ({ slug: `${name}-${place + 1}`, category, find, put: null, times: factor })),
  ]);
  const dice = createRandom(20261121);
  const drawn = all.map((edit) => ({ edit, place: dice.uniform() })).sort((a, b) => a.place - b.place);
  return drawn.slice(0, count).map(({ edit }) => edit);
}
