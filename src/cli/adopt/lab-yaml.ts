/** The text of lab.yaml for an adopted repository: every line that it needs, with a word about why, and no key that is the default. Pure. */
import type { AdoptSettings } from './settings.ts';

/** Renders the file; it ends in one line end. */
export function renderLabYaml(settings: AdoptSettings): string {
  return [
    ...head(settings),
    ...metricLines(settings),
    ...commandLines(settings),
    ...runLines(settings),
    ...checkoutLines(settings),
    ...ruleLines(settings),
    '',
  ].join('\n');
}

/** A word as YAML takes it for text, whatever is in it. */
const quote = (text: string): string => JSON.stringify(text);

const list = (key: string, values: readonly string[], indent: string): string[] => [
  `${indent}${key}:`,
  ...values.map((value) => `${indent}  - ${quote(value)}`),
];

const head = ({ preset, main }: AdoptSettings): string[] => [
  '# yaml-language-server: $schema=.lab/schema/lab.schema.json',
  `# Written by \`lab init --adopt\` (preset ${preset}). What all machines of this lab share; it counts as committed on ${main}. By hand before the`,
  '# first result, then through META_MODE (`lab meta on`): a change of metric, commands or budget starts a new track of numbers.',
  "# Every key, its default, flag and environment name: 0_docs/guide/configuration.md of nightlab. This machine's own things: lab.local.yaml",
  'schema: 1',
  `main: ${quote(main)}`,
];

const metricLines = ({ metric }: AdoptSettings): string[] => [
  'metric:',
  `  name: ${quote(metric.name)}`,
  `  direction: ${metric.direction}`,
  '  # The smallest change worth having, in the unit of the metric; `lab metric check` holds the noise against it.',
  '  smallestEffect: null',
  '  # Minutes of one run that `lab metric check` passes.',
  `  minMinutes: ${metric.minMinutes}`,
  `  maxMinutes: ${metric.maxMinutes}`,
];

const commandLines = ({ train, score }: AdoptSettings): string[] => [
  'commands:',
  `  train: ${quote(train)}`,
  ...(score === null
    ? [
        '  # None: the number that train prints counts, and its rows are flagged self-reported. A command here reads the metric in a fresh',
        "  # process, in a folder of main's frozen files, from what train left in LAB_OUT.",
        '  score: null',
      ]
    : [
        "  # Reads the metric in a fresh process, in a folder of main's frozen files, from what train left in LAB_OUT.",
        `  score: ${quote(score)}`,
      ]),
];

const runLines = ({ device, wallSeconds }: AdoptSettings): string[] => [
  'run:',
  `  device: ${device}`,
  '  # Hard limit of one run: past it the run is killed and is a failure.',
  `  wallSeconds: ${wallSeconds}`,
  '  seeds: [1, 2, 3, 4]',
];

function checkoutLines({ setup, caches, links, sandboxRead }: AdoptSettings): string[] {
  const checkout = [
    ...(setup === null ? [] : ['  # In each fresh checkout, before the run.', `  setup: ${quote(setup)}`]),
    ...(caches.length === 0
      ? []
      : ['  # Folders that a run may write and that stay between runs.', ...list('caches', caches, '  ')]),
    ...(links.length === 0
      ? []
      : ['  # Data of this folder that runs see read-only, linked into each checkout.', ...list('links', links, '  ')]),
  ];
  return [
    ...(checkout.length === 0 ? [] : ['checkout:', ...checkout]),
    ...(sandboxRead.length === 0
      ? []
      : [
          '# Data and tokenizer below the home folder: runs read them and cannot write them.',
          ...list('sandboxRead', sandboxRead, ''),
        ]),
  ];
}

const ruleLines = ({ frozen }: AdoptSettings): string[] => [
  '# No experiment changes, adds or removes one of these: the charter, the evaluator, the dependency set.',
  'rules:',
  ...frozen.map((glob) => `  ${quote(glob)}: [FROZEN]`),
];
