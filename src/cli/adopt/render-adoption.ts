/** An adoption as text for a person and as JSON: what was recognised, what is or would be written, what to know. Pure. */
import { relative } from 'node:path';
import type { Adoption } from './adopt.ts';
import type { AdoptionPlan } from './plan-adoption.ts';
import type { Recognised } from './recognise.ts';

/** The whole plan, for `--dry-run`: every file with its content. */
export function renderPlan(plan: AdoptionPlan, hooks: boolean): string {
  const { settings, files, excludes, commit } = plan;
  const lines = [
    `\`lab init --adopt\` would make a lab of ${plan.found.place.root}; this wrote nothing`,
    '',
    ...renderFound(plan),
    '',
    `would write, in one commit on ${commit.branch} ("${commit.message}"):`,
    ...files.flatMap(({ path, text }) => ['', `--- ${path}`, ...text.replace(/\n$/, '').split('\n')]),
    '',
    `frozen: ${settings.frozen.map((glob) => glob.slice(1)).join(', ')}, and lab.yaml`,
    ...(settings.caches.length === 0 ? [] : [`runs may write and keep: ${settings.caches.join(', ')}`]),
    ...(settings.sandboxRead.length === 0 ? [] : [`runs may read below the home: ${settings.sandboxRead.join(', ')}`]),
    ...(settings.links.length === 0 ? [] : [`linked into each checkout, read-only: ${settings.links.join(', ')}`]),
    `git hooks: ${hooks ? 'would be installed' : 'none'}`,
    excludes.length === 0
      ? `${showExclude(plan)}: nothing to add`
      : `${showExclude(plan)}, of this clone alone, would get: ${excludes.join(' ')}`,
    'nothing else would change',
  ];
  return `${[...lines, ...renderNotes(plan.notes)].join('\n')}\n`;
}

/** What was done. */
export function renderAdoption({ plan, commit, left, notes }: Adoption): string {
  const { found, files, excludes, kept } = plan;
  const lines = [
    `made a lab of ${found.place.root} (preset ${plan.settings.preset}, branch ${plan.commit.branch}, commit ${commit.slice(0, 7)})`,
    '',
    ...renderFound(plan),
    '',
    'written:',
    ...files.map(({ path }) => `  ${path}`),
    ...(kept.length === 0 ? [] : [`there already, and kept: ${kept.join(', ')}`]),
    ...(left.length === 0 ? [] : [`written by somebody else meanwhile, and kept here: ${left.join(', ')}`]),
    ...(excludes.length === 0 ? [] : [`${showExclude(plan)}: ${excludes.join(' ')}`]),
  ];
  return `${[...lines, ...renderNotes(notes)].join('\n')}\n`;
}

function renderFound({ found, settings }: AdoptionPlan): string[] {
  const rows: [string, string][] = [
    ['preset', `${settings.preset} (${settings.presetReason})`],
    ['main branch', `${found.place.main} at ${found.place.head.slice(0, 7)}`],
    ...found.files.map(({ path, state }): [string, string] => [path, describeFile(found, path, state)]),
    ...found.missing.map((path): [string, string] => [path, 'not here']),
    ['torch', found.torchFrom === null ? 'not asked for' : `asked for by ${found.torchFrom}`],
    ['device', `${settings.device}; ${found.gpu === null ? 'no GPU here' : `here: ${found.gpu}`}`],
    ['metric', `${settings.metric.name}, ${settings.metric.direction} is better`],
    ['train', settings.train],
    ['score', settings.score ?? 'none'],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return ['recognised:', ...rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`)];
}

function describeFile({ constants }: Recognised, path: string, state: string): string {
  const words = { committed: 'committed', changed: 'committed, changed since', uncommitted: 'not committed' }[state];
  const values = Object.entries(constants).map(([name, value]) => `${name} ${value}`);
  return [words, ...(path === 'prepare.py' ? values : [])].join(', ');
}

const renderNotes = (notes: readonly string[]): string[] =>
  notes.length === 0 ? [] : ['', ...notes.map((note) => (note.startsWith('warning: ') ? note : `note: ${note}`))];

const showExclude = ({ found, excludeFile }: AdoptionPlan): string => relative(found.place.root, excludeFile);

/** The same as data. `commit` is null in a dry run. */
export function describeAdoption(plan: AdoptionPlan, commit: string | null, notes: readonly string[]): object {
  const { found, settings } = plan;
  const { preset, presetReason, main, ...chosen } = settings;
  return {
    root: found.place.root,
    dryRun: commit === null,
    preset,
    presetReason,
    main,
    recognised: {
      files: found.files,
      missing: found.missing,
      constants: found.constants,
      dataFolders: found.dataFolders,
      torchFrom: found.torchFrom,
      gpu: found.gpu,
      readsSeed: found.readsSeed,
      hasUv: found.hasUv,
      dirty: found.dirty,
    },
    settings: chosen,
    files: plan.files,
    kept: plan.kept,
    excludeFile: plan.excludeFile,
    excludes: plan.excludes,
    commit: { ...plan.commit, hash: commit },
    notes,
  };
}
