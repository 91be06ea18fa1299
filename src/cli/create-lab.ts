/**
 * Makes a lab on disk from this package's own templates: the numbered folders, lab.yaml, charter and journals, the secret score seed,
 * a commit of exactly the files it wrote, and the git hooks. It changes no file that is there, but for lines added to .gitignore.
 */
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { labPaths } from '../config/lab-paths.ts';
import { packageRoot } from '../config/package-root.ts';
import { findRepositoryRoot } from '../config/repository-root.ts';
import { LabError } from '../errors/lab-error.ts';
import { loadLabConfig } from '../git/committed-config.ts';
import { commitPaths, openGit } from '../git/porcelain.ts';
import { resolveMainBranch } from '../git/repository.ts';
import { writeLabState } from '../lab/lab-state.ts';
import { resultsHeader } from '../lab/results-tsv.ts';
import { listFrozenFiles } from '../rules/frozen.ts';
import { findUnfrozenScorerFiles } from '../rules/scorer-files.ts';
import { papersText } from './adopt/plan-adoption.ts';
import { putHooks } from './put-hooks.ts';

/** What kind of lab to make. */
export interface CreateLabOptions {
  /** Whether the starter problem is put in; null: only in an empty folder. */
  starter: boolean | null;
  /** The starter's own charter instead of one with holes. */
  fillCharter: boolean;
  metric: string | null;
  direction: 'lower' | 'higher';
  train: string | null;
  score: string | null;
  /** Whether the git hooks are installed. */
  hooks: boolean;
}

/** What was made. */
export interface CreatedLab {
  root: string;
  branch: string;
  /** Files written, relative to the root. */
  written: string[];
  notes: string[];
}

const ignored = ['.lab/', '5_worktrees/', 'lab.local.yaml', '__pycache__/'];

/** Makes a lab at `folder`. Throws LabError (user) where one is there, or where a file of the lab would overwrite another. */
export async function createLab(folder: string, options: CreateLabOptions): Promise<CreatedLab> {
  const isNew = !existsSync(folder);
  if (!isNew && !statSync(folder).isDirectory()) throw new LabError('user', `${folder} is a file, expected a folder`);
  const present = isNew ? [] : readdirSync(folder).filter((name) => name !== '.git');
  const root = isNew ? null : findRepositoryRoot(folder);
  if (existsSync(join(folder, 'lab.yaml'))) {
    throw new LabError('user', `${folder} is a lab already (it has a lab.yaml)`, {
      hints: ['`lab doctor` checks it, `lab deinit` takes the lab out again'],
    });
  }
  if (root !== null && root !== realpathSync(folder) && present.length > 0) {
    throw new LabError('user', `${folder} lies inside the repository ${root}, expected its top`, {
      hints: [`\`lab init ${root}\` makes the lab there`],
    });
  }
  const isStarter = options.starter ?? present.length === 0;
  const given = (['metric', 'train', 'score'] as const).filter((name) => options[name] !== null);
  if (isStarter && given.length > 0) {
    throw new LabError('usage', `--${given[0]} does not go with the starter problem, which has its own`, {
      hints: [
        present.length === 0
          ? 'run `lab init` in the folder of your own code'
          : 'leave --starter out to keep your own code',
      ],
    });
  }
  const files = isStarter ? starterFiles(options) : adoptedFiles(folder, options, present);
  const taken = files.filter((file) => existsSync(join(folder, file.path)) && !file.mayStay);
  if (taken.length > 0) {
    throw new LabError(
      'user',
      `${taken.map((file) => file.path).join(', ')}: there already, and \`lab init\` overwrites nothing`,
      { hints: ['move them away, or make the lab in another folder'] },
    );
  }
  if (!existsSync(dirname(folder))) {
    throw new LabError('user', `${dirname(folder)} does not exist, expected the folder to make the lab in`, {
      hints: [`\`mkdir -p ${dirname(folder)}\` makes it`],
    });
  }
  mkdirSync(folder, { recursive: true });
  if (findRepositoryRoot(folder) !== realpathSync(folder))
    await openGit(folder).init(['--quiet', '--initial-branch=main']);
  const written: string[] = [];
  for (const file of files) {
    const target = join(folder, file.path);
    if (existsSync(target)) continue;
    mkdirSync(dirname(target), { recursive: true });
    if ('from' in file) copyFileSync(file.from, target);
    else writeFileSync(target, file.text);
    written.push(file.path);
  }
  if (addIgnoreLines(folder)) written.push('.gitignore');
  writeLabState(labPaths(folder));
  const branch = await commitFiles(folder, written);
  const frozen = await listFrozenFiles(folder, branch, loadLabConfig(realpathSync(folder)).rules);
  const frozenNote = `frozen from the first result on: ${frozen.map(({ path }) => path).join(', ')} (\`lab rules\` says why; META_MODE changes them)`;
  const notes = [
    frozenNote,
    ...(isStarter || options.score !== null
      ? []
      : ['there is no score command: the number that train prints counts, and its rows are flagged self-reported']),
  ];
  if (options.hooks) notes.push(...(await putHooks(folder)));
  return { root: realpathSync(folder), branch, written, notes };
}

type LabFile = { path: string; mayStay?: boolean } & ({ from: string } | { text: string });

function template(name: string): string {
  return join(packageRoot(), 'templates', name);
}

function commonFiles(metric: string): LabFile[] {
  const own = packageRoot();
  return [
    { path: 'RESEARCH_JOURNAL.md', from: template('RESEARCH_JOURNAL.md') },
    { path: 'meta_journal.md', from: template('meta_journal.md') },
    { path: 'human_journal.md', from: template('human_journal.md') },
    { path: 'results.tsv', text: `${resultsHeader(metric).join('\t')}\n` },
    { path: '1_ideas/_TEMPLATE.md', from: join(own, '1_ideas', '_TEMPLATE.md') },
    { path: '9_reports/_TEMPLATE.md', from: join(own, '9_reports', '_TEMPLATE.md') },
    {
      path: '0_docs/papers/README.md',
      text: papersText,
      mayStay: true,
    },
  ];
}

/** The starter lab: this repository's own problem, commands and recipes. */
function starterFiles(options: CreateLabOptions): LabFile[] {
  const own = packageRoot();
  return [
    { path: 'lab.yaml', from: join(own, 'lab.yaml') },
    { path: 'program.md', from: options.fillCharter ? join(own, 'program.md') : template('program.md') },
    { path: 'justfile', from: join(own, 'justfile') },
    { path: 'problem/prepare.py', from: join(own, 'problem', 'prepare.py') },
    { path: 'problem/train.py', from: join(own, 'problem', 'train.py') },
    { path: '0_docs/problem.md', from: join(own, '0_docs', 'problem.md') },
    ...commonFiles('val_bpb'),
  ];
}

/** A lab around code that is there: lab.yaml is filled from what the files show. */
function adoptedFiles(folder: string, options: CreateLabOptions, present: string[]): LabFile[] {
  const metric = options.metric ?? 'val_bpb';
  const usesUv = present.includes('uv.lock') || present.includes('pyproject.toml');
  const script = present.includes('train.py') ? 'train.py' : null;
  const train = options.train ?? (script === null ? null : usesUv ? `uv run ${script}` : `python3 ${script}`);
  if (train === null) {
    throw new LabError('user', `${folder} has no train.py, expected to be told what an experiment runs`, {
      hints: ['`lab init --train "python3 path/to/train.py"`, or `lab init --starter` for the starter problem'],
    });
  }
  const values: Record<string, string> = {
    METRIC: metric,
    DIRECTION: options.direction,
    TRAIN: JSON.stringify(train),
    SCORE: options.score === null ? 'null' : JSON.stringify(options.score),
    DEVICE: present.some(
      (name) => name === 'pyproject.toml' && readFileSync(join(folder, name), 'utf8').includes('torch'),
    )
      ? 'gpu'
      : 'cpu',
    WALL_SECONDS: '600',
    SETUP: present.includes('uv.lock') ? JSON.stringify('uv sync --frozen') : 'null',
  };
  const yaml = readFileSync(template('lab.yaml'), 'utf8').replace(
    /\{([A-Z_]+)\}/g,
    (whole, name: string) => values[name] ?? whole,
  );
  const unfrozen = findUnfrozenScorerFiles(folder, options.score, {});
  const rules = unfrozen.map((path) => `  ${JSON.stringify(`/${path}`)}: [FROZEN]\n`).join('');
  const frozen =
    rules === ''
      ? ''
      : `# What the scorer is made of: its folder holds main's frozen files and nothing else.\nrules:\n${rules}`;
  return [
    { path: 'lab.yaml', text: yaml + frozen },
    // The field's own charter stays where there is one.
    { path: 'program.md', from: template('program.md'), mayStay: true },
    ...commonFiles(metric).map((file) => (file.path === 'results.tsv' ? { ...file, mayStay: true } : file)),
  ];
}

function addIgnoreLines(folder: string): boolean {
  const file = join(folder, '.gitignore');
  const old = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const lines = new Set(old.split(/\r?\n/).map((line) => line.trim()));
  const wanted = [
    ...ignored,
    ...(existsSync(join(folder, 'problem', 'prepare.py')) ? ['problem/data/', 'problem/out/'] : []),
  ];
  const missing = wanted.filter((line) => !lines.has(line));
  if (missing.length === 0) return false;
  appendFileSync(file, `${old === '' || old.endsWith('\n') ? '' : '\n'}${missing.join('\n')}\n`);
  return true;
}

/** Commits exactly the written files; what the user had staged stays staged and uncommitted. */
async function commitFiles(folder: string, written: string[]): Promise<string> {
  await commitPaths(folder, 'nightlab: make a lab', written);
  return await resolveMainBranch(folder, null);
}
