/** What a person should know about an adoption, a sentence each: what is missing, what will not work yet, what stays as it is. Pure but for looking whether data is there. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { normalize } from 'node:path';
import type { Recognised } from './recognise.ts';
import type { AdoptSettings } from './settings.ts';

/** What lies at the places that the lab uses. */
export interface OwnThings {
  /** Names in 1_ideas/ and 9_reports/. */
  ownIdeas: string[];
  ownReports: string[];
  /** A .lab/ from an earlier lab. */
  hasState: boolean;
  /** A results.tsv that main does not have. */
  hasTable: boolean;
}

/** The notes, the most important first. */
export function listNotes(found: Recognised, settings: AdoptSettings, own: OwnThings): string[] {
  return [
    ...noteCode(found, settings),
    ...noteScorer(found, settings),
    ...noteMachine(found, settings),
    ...noteData(settings),
    ...noteOwn(own, settings),
    ...noteNumbers(found, settings),
  ];
}

function noteCode({ files, place }: Recognised, { preset, presetReason }: AdoptSettings): string[] {
  const named = (state: string) => files.filter((file) => file.state === state).map(({ path }) => path);
  const [changed, fresh] = [named('changed'), named('uncommitted')];
  return [
    ...(fresh.length === 0
      ? []
      : [
          `warning: ${fresh.join(', ')}: not committed, so runs and their frozen files lack ${fresh.length === 1 ? 'it' : 'them'}: \`git add -- ${fresh.join(' ')} && git commit\``,
        ]),
    ...(changed.length === 0
      ? []
      : [
          `warning: ${changed.join(', ')} ${changed.length === 1 ? 'has' : 'have'} uncommitted changes: what ${place.main} has counts`,
        ]),
    ...(preset === 'generic' && presetReason !== '--preset'
      ? [`preset generic, because ${presetReason}; \`--preset autoresearch\` once all three files are`]
      : []),
  ];
}

// Names by which a machine keeps its caches elsewhere than below the home.
const cacheNames = ['UV_CACHE_DIR', 'HF_HOME', 'HF_HUB_CACHE', 'TORCH_HOME', 'TRITON_CACHE_DIR', 'XDG_CACHE_HOME'];

/** The scorer stands in a folder of what main has. */
function noteScorer({ tracked }: Recognised, { score }: AdoptSettings): string[] {
  const scripts = (score ?? '').split(/[\s;&|()<>"'`]+/).filter((word) => /^[^-/$].*\.(?:py|sh)$/.test(word));
  const missing = scripts.map((word) => normalize(word)).filter((path) => !tracked.has(path));
  return missing.length === 0
    ? []
    : [`warning: the score command names ${missing.join(', ')}, which main has not: commit it before the first run`];
}

function noteMachine({ torchFrom, gpu, hasUv }: Recognised, { device, setup, train, caches }: AdoptSettings): string[] {
  const moved = caches.length === 0 ? [] : cacheNames.filter((name) => process.env[name]);
  const needsUv = setup?.startsWith('uv ') === true || /(?:^|\s)uv run\b/.test(train);
  return [
    ...(needsUv && !hasUv
      ? ['warning: uv is not on PATH here, and runs start with it: https://docs.astral.sh/uv']
      : []),
    ...(moved.length === 0
      ? []
      : [
          `${moved.map((name) => `${name}=${process.env[name]}`).join(', ')} here: name ${moved.length === 1 ? 'that folder' : 'those folders'} under checkout.caches in lab.local.yaml, with the ones of lab.yaml that runs still need`,
        ]),
    ...(device === 'gpu' && gpu === null
      ? [
          'warning: this machine shows no GPU, and runs wait for one: `--device cpu` if this code trains on the processor',
        ]
      : []),
    ...(device === 'cpu' && torchFrom !== null
      ? [`${torchFrom} asks for torch and this machine shows no GPU: device cpu; \`--device gpu\` writes gpu`]
      : []),
  ];
}

function noteData({ sandboxRead, preset }: AdoptSettings): string[] {
  const home = process.env.HOME ?? homedir();
  const missing = sandboxRead.filter((path) => !existsSync(path.replace(/^~/, home)));
  if (preset !== 'autoresearch' || missing.length === 0) return [];
  return [
    `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not here yet: run prepare.py once by hand (runs read the data, and cannot write it)`,
  ];
}

function noteOwn(own: OwnThings, { main }: AdoptSettings): string[] {
  const taken = [
    ...(own.ownIdeas.length > 0 ? [`1_ideas/ (${own.ownIdeas.length})`] : []),
    ...(own.ownReports.length > 0 ? [`9_reports/ (${own.ownReports.length})`] : []),
  ];
  return [
    ...(taken.length === 0
      ? []
      : [
          `${taken.join(' and ')}: files of yours stay; the lab reads pages there as its own, and no experiment may change them`,
        ]),
    ...(own.hasTable
      ? [
          `results.tsv is here, yours and not committed: the lab commits a table of that name to ${main}; \`mv results.tsv results.before.tsv\` keeps the two apart`,
        ]
      : []),
    ...(own.hasState ? ['.lab/ of an earlier lab is here: its runs count again'] : []),
  ];
}

function noteNumbers(found: Recognised, { score, metric }: AdoptSettings): string[] {
  const code = `${found.trainText}\n${found.prepareText}`;
  return [
    ...(code.includes(metric.name)
      ? []
      : [
          `neither train.py nor prepare.py names ${metric.name}: \`--metric NAME\` as the run prints it ("NAME: 1.234")`,
        ]),
    ...(found.trainText === '' || found.readsSeed
      ? []
      : [
          'train.py does not read LAB_SEED: seeds are repeats of one run, and the noise is what the machine alone adds',
        ]),
    score === null
      ? 'train.py prints its own number, so rows are flagged self-reported; a score step changes that (0_docs/guide/adopting.md)'
      : `the number comes from \`${score}\`, in a process of its own from frozen files`,
  ];
}
