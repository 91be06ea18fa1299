/**
 * The steps `uv`, `environment` and `data`: what train.py needs around it. Each command of the lab's that is run here leaves a note in
 * .lab/ratchet/setup.json, so that the next set-up knows what was done for which files.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { LabPaths } from '../../config/lab-paths.ts';
import type { LabConfig } from '../../config/schema.ts';
import { errnoOf } from '../../errors/lab-error.ts';
import { readJson, writeJsonSynced } from '../../lab/atomic-write.ts';
import { isFilled, readRepository } from '../intake/repository.ts';
import { sessionsFolder } from '../session.ts';
import { describeEnd, readLastLines, runCommand } from './run-command.ts';
import { failStep, type StepOutcome } from './setup-steps.ts';

/** What the steps tell while they work. */
export interface SetupSounds {
  tell(line: string): void;
  /** What a command prints, as it comes. */
  onOutput(chunk: Buffer): void;
  /** Ends what runs. */
  signal: AbortSignal;
}

const noteSchema = z.object({ digest: z.string(), hadVenv: z.boolean() });
const notesSchema = z.object({ environment: noteSchema.optional(), data: noteSchema.optional() });
type Notes = z.output<typeof notesSchema>;

const notesPath = (paths: LabPaths) => join(sessionsFolder(paths), 'setup.json');
const logFolder = (paths: LabPaths, name: string) => join(sessionsFolder(paths), 'setup-logs', name);

function readNotes(paths: LabPaths): Notes {
  const parsed = notesSchema.safeParse(readJson(notesPath(paths)) ?? {});
  // What it says only spares work; a file that says nothing makes it be done again.
  return parsed.success ? parsed.data : {};
}

/** Digest of what an environment or its data follow from: the command and these files, where they are there. */
function digestOf(root: string, command: string, names: readonly string[]): string {
  const hash = createHash('sha256').update(command);
  for (const name of names)
    if (existsSync(join(root, name))) hash.update(`\0${name}\0`).update(readFileSync(join(root, name)));
  return hash.digest('hex');
}

const run = promisify(execFile);

/** Whether uv is there, where it is needed. Never installs it. */
export async function checkUv(root: string, config: LabConfig | null): Promise<StepOutcome> {
  const commands = [config?.commands.train ?? '', config?.checkout.setup ?? ''];
  const needs =
    config === null
      ? ['uv.lock', 'pyproject.toml'].some((name) => existsSync(join(root, name)))
      : commands.some((command) => /(?:^|[\s;&|(])uv\s/.test(command));
  if (!needs) return { state: 'skipped', text: 'nothing here runs through uv' };
  try {
    const { stdout } = await run('uv', ['--version'], { timeout: 15_000, killSignal: 'SIGKILL' });
    return { state: 'already', text: stdout.trim().split('\n')[0] ?? 'uv is there' };
  } catch (error) {
    const isMissing = errnoOf(error) === 'ENOENT';
    return failStep(isMissing ? 'uv is not on PATH' : 'uv is there and `uv --version` fails', [
      'https://docs.astral.sh/uv/getting-started/installation/ says how to get it (macOS: `brew install uv`; with pipx: `pipx install uv`)',
      'open a new terminal afterwards, so that PATH has it, then the same command again',
    ]);
  }
}

/** Runs the lab's checkout.setup in the repository once, which fills the caches that each run's own set-up takes from. */
export async function prepareEnvironment(
  paths: LabPaths,
  config: LabConfig,
  sounds: SetupSounds,
): Promise<StepOutcome> {
  const { setup } = config.checkout;
  if (setup === null) return { state: 'skipped', text: 'lab.yaml names no checkout.setup' };
  const digest = digestOf(paths.root, setup, ['uv.lock', 'pyproject.toml', '.python-version', 'requirements.txt']);
  const notes = readNotes(paths);
  const hasVenv = () => existsSync(join(paths.root, '.venv'));
  const known = notes.environment;
  if (known?.digest === digest && known.hadVenv === hasVenv())
    return { state: 'already', text: `\`${setup}\` was done for these files` };
  sounds.tell(`${setup} in ${paths.root}; it may download packages`);
  const folder = logFolder(paths, 'environment');
  const end = await runCommand(setup, paths.root, join(folder, 'run.log'), sounds.onOutput, sounds.signal);
  if (end.exitCode !== 0)
    return failStep(
      `\`${setup}\` failed (${describeEnd(end)})`,
      [
        `the whole log: ${join(folder, 'run.log')}`,
        '`uv sync` without --frozen shows what the lock file does not fit; a changed lock file is committed by hand',
      ],
      readLastLines(folder),
    );
  await writeJsonSynced(notesPath(paths), { ...notes, environment: { digest, hadVenv: hasVenv() } });
  return { state: 'done', text: `\`${setup}\`` };
}

/** The command that runs prepare.py as the lab's train command runs train.py. */
export function prepareCommandOf(train: string): string {
  const uv = /^(?:\s*[A-Z_]\w*=\S+\s+)*uv run\b/.exec(train) ?? /(?:^|\s)uv run\b/.exec(train);
  return uv === null ? 'python3 prepare.py' : 'uv run prepare.py';
}

const nameMissing = (dataPaths: readonly string[]): string => dataPaths.find((path) => !isFilled(path)) ?? 'the data';

/** Runs prepare.py where its data is missing and `isAsked`; says first that it may download. */
export async function prepareData(
  paths: LabPaths,
  config: LabConfig,
  isAsked: boolean,
  sounds: SetupSounds,
): Promise<StepOutcome> {
  if (!existsSync(join(paths.root, 'prepare.py'))) return { state: 'skipped', text: 'there is no prepare.py' };
  const look = () => readRepository(paths.root, { config, isLab: true }, []);
  const { data, dataPaths } = await look();
  const command = prepareCommandOf(config.commands.train);
  const digest = digestOf(paths.root, command, ['prepare.py']);
  const notes = readNotes(paths);
  if (data === 'ready') {
    const isOlder = notes.data !== undefined && notes.data.digest !== digest;
    const older = isOlder ? `, made by another prepare.py: \`${command}\` by hand where that matters` : '';
    return { state: 'already', text: `data is in ${dataPaths[0] ?? ''}${older}` };
  }
  if (data === 'unknown') {
    if (notes.data?.digest === digest) return { state: 'already', text: `\`${command}\` was done for this prepare.py` };
    if (!isAsked)
      return { state: 'skipped', text: `prepare.py does not say where its data lies; --prepare runs \`${command}\`` };
  } else if (!isAsked) {
    return failStep(`data is missing: ${nameMissing(dataPaths)}`, [
      `\`lab autoresearch setup --prepare\` runs \`${command}\`, which may download some GB`,
    ]);
  }
  sounds.tell(`${command} in ${paths.root}; it may download some GB and take minutes`);
  const folder = logFolder(paths, 'data');
  const end = await runCommand(command, paths.root, join(folder, 'run.log'), sounds.onOutput, sounds.signal);
  const log = `the whole log: ${join(folder, 'run.log')}`;
  if (end.exitCode !== 0)
    return failStep(
      `\`${command}\` failed (${describeEnd(end)})`,
      [log, 'a download that broke off: the same command again goes on where prepare.py can'],
      readLastLines(folder),
    );
  const after = await look();
  if (after.data === 'missing')
    return failStep(
      `\`${command}\` ended well, and ${nameMissing(after.dataPaths)} is still missing`,
      [log],
      readLastLines(folder),
    );
  await writeJsonSynced(notesPath(paths), { ...notes, data: { digest, hadVenv: false } });
  return {
    state: 'done',
    text: `\`${command}\`${after.dataPaths[0] === undefined ? '' : `, data is in ${after.dataPaths[0]}`}`,
  };
}
