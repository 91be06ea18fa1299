/**
 * Makes a lab on disk from this package's own templates: the numbered folders, lab.yaml, charter and journals, the secret score seed,
 * a commit of exactly what it wrote, and the git hooks. It changes no file that is there, but for lines added to .gitignore. lab.yaml, which
 * makes a folder a lab, comes last, so that a call that was cut off can be given again.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { labPaths } from '../config/lab-paths.ts';
import { packageRoot } from '../config/package-root.ts';
import { findRepositoryRoot } from '../config/repository-root.ts';
import { LabError } from '../errors/lab-error.ts';
import { loadLabConfig } from '../git/committed-config.ts';
import { commitPaths, initOnMain } from '../git/porcelain.ts';
import { findCommit, readTreeEntry, resolveMainBranch } from '../git/repository.ts';
import { commitPathsAndText } from '../git/text-commit.ts';
import { writeLabState } from '../lab/lab-state.ts';
import { resultsHeader } from '../lab/results-tsv.ts';
import { listFrozenFiles } from '../rules/frozen.ts';
import { findUnfrozenScorerFiles } from '../rules/scorer-files.ts';
import { papersText } from './adopt/plan-adoption.ts';
import { addIgnoreLines, type IgnoreLines } from './ignore-lines.ts';
import { holdsNothingBut, isSame, type LabFile, readContent } from './lab-files.ts';
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

/** Makes a lab at `folder`. Throws LabError (user) where one is there, or where a file of the lab would overwrite another. */
export async function createLab(folder: string, options: CreateLabOptions): Promise<CreatedLab> {
  const isNew = !existsSync(folder);
  if (!isNew && !statSync(folder).isDirectory()) throw new LabError('user', `${folder} is a file, expected a folder`);
  const present = isNew ? [] : readdirSync(folder).filter((name) => name !== '.git');
  const root = isNew ? null : findRepositoryRoot(folder);
  if (existsSync(join(folder, 'lab.yaml'))) {
    const isCommitted = root !== null && (await holdsLabYaml(root));
    throw new LabError('user', `${folder} is a lab already (it has a lab.yaml${isCommitted ? '' : ' in no commit'})`, {
      hints: isCommitted
        ? ['`lab doctor` checks it, `lab deinit` takes the lab out again']
        : [`where an earlier \`lab init\` was cut off, \`rm ${join(folder, 'lab.yaml')}\` and give it again`],
    });
  }
  if (root !== null && root !== realpathSync(folder) && present.length > 0) {
    throw new LabError('user', `${folder} lies inside the repository ${root}, expected its top`, {
      hints: [`\`lab init ${root}\` makes the lab there`],
    });
  }
  const isStarter = options.starter ?? holdsNothingBut(folder, starterFiles(options));
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
  // Left by a call that was cut off: they go into the commit as if they were written now.
  const same = new Set(files.filter((file) => isSame(folder, file)));
  const isAgain = [...same].some((file) => !file.mayStay);
  const taken = files.filter((file) => existsSync(join(folder, file.path)) && !file.mayStay && !same.has(file));
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
  if (findRepositoryRoot(folder) !== realpathSync(folder)) await initOnMain(folder);
  const written: string[] = [];
  const put = (file: LabFile): void => {
    const target = join(folder, file.path);
    const isThere = existsSync(target);
    if (isThere && !(isAgain && same.has(file))) return;
    mkdirSync(dirname(target), { recursive: true });
    if (!isThere) writeFileSync(target, readContent(file));
    written.push(file.path);
  };
  const isLast = (file: LabFile): boolean => file.path === 'lab.yaml';
  for (const file of files) if (!isLast(file)) put(file);
  const ignores = await addIgnoreLines(folder);
  writeLabState(labPaths(folder));
  for (const file of files) if (isLast(file)) put(file);
  if (ignores.toCommit !== null) written.push('.gitignore');
  const branch = await commitFiles(folder, written, ignores).catch((error: unknown) => {
    // What is left is no lab yet, and the call can be given again.
    if (written.includes('lab.yaml')) rmSync(join(folder, 'lab.yaml'), { force: true });
    throw error;
  });
  const frozen = await listFrozenFiles(folder, branch, loadLabConfig(realpathSync(folder)).rules);
  const frozenNote = `frozen from the first result on: ${frozen.map(({ path }) => path).join(', ')} (\`lab rules\` says why; META_MODE changes them)`;
  const notes = [
    frozenNote,
    ...(ignores.isMixed ? [".gitignore has changes of yours; only the lab's lines were committed"] : []),
    ...(isStarter || options.score !== null
      ? []
      : ['there is no score command: the number that train prints counts, and its rows are flagged self-reported']),
  ];
  if (options.hooks) notes.push(...(await putHooks(folder)));
  return { root: realpathSync(folder), branch, written, notes };
}

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

/** Commits exactly what was written; what the user had staged stays staged and uncommitted. */
async function commitFiles(folder: string, written: string[], ignores: IgnoreLines): Promise<string> {
  const message = 'nightlab: make a lab';
  if (ignores.isMixed && ignores.toCommit !== null) {
    const others = written.filter((path) => path !== '.gitignore');
    await commitPathsAndText(folder, message, others, { path: '.gitignore', ...ignores.toCommit });
  } else await commitPaths(folder, message, written);
  return await resolveMainBranch(folder, null);
}

async function holdsLabYaml(root: string): Promise<boolean> {
  return (await findCommit(root, 'HEAD')) !== null && (await readTreeEntry(root, 'HEAD', 'lab.yaml')) !== null;
}
