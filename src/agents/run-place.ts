/**
 * The folders of one agent run: the prompt as a file, a private home with copies of the logins that were asked for, and a temporary folder.
 * Home and temporary folder are gone after the run, because the copies are secrets and agents leave much there.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { chmod, cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import { promisify } from 'node:util';
import { errnoOf, LabError } from '../errors/lab-error.ts';
import type { AgentRequest } from './agent.ts';
import { formatHomeSettings } from './home-settings.ts';
import type { AgentTemplate } from './templates.ts';

/** Absolute paths of one run, links resolved. */
export interface RunPlace {
  folder: string;
  promptFile: string;
  inbox: string;
  outbox: string;
  directory: string;
  labRoot: string;
  home: string;
  /** TMPDIR. Beside the home and not around it: codex refuses to run from a home that lies in the temporary folder. */
  temporary: string;
}

/** What the private home is filled from. */
export interface HomeSource {
  template: Pick<AgentTemplate, 'homeFiles' | 'homeSettings'>;
  /** agents.homeFiles: what is missing is an error, unlike in the template. */
  configured: readonly string[];
  /** The user's own home. */
  home: string;
}

/** Makes the folders of a run and fills them. Throws LabError (config) where a file under agents.homeFiles is missing or lies outside the home, and where a settings file that the agent needs is no JSON. */
export async function createRunPlace(request: AgentRequest, source: HomeSource): Promise<RunPlace> {
  for (const folder of [request.inbox, request.outbox]) await mkdir(folder, { recursive: true });
  const folder = realpathSync(request.folder);
  const place: RunPlace = {
    folder,
    promptFile: join(folder, 'prompt.md'),
    inbox: realpathSync(request.inbox),
    outbox: realpathSync(request.outbox),
    directory: realpathSync(request.directory),
    labRoot: realpathSync(request.labRoot),
    home: join(folder, 'home'),
    temporary: join(folder, 'tmp'),
  };
  // A run that was cut off may have left both.
  await removePrivateFolders(place);
  await writeFile(place.promptFile, request.prompt.endsWith('\n') ? request.prompt : `${request.prompt}\n`);
  for (const path of [place.home, place.temporary]) {
    await mkdir(path, { recursive: true });
    await chmod(path, 0o700);
  }
  try {
    await fillHome(place.home, source);
  } catch (error) {
    await removePrivateFolders(place);
    throw error;
  }
  return place;
}

/** Deletes the home and the temporary folder of a run; missing ones are fine. */
export async function removePrivateFolders(place: Pick<RunPlace, 'home' | 'temporary'>): Promise<void> {
  for (const path of [place.home, place.temporary]) {
    try {
      await rm(path, { recursive: true, force: true, maxRetries: 3 });
    } catch (error) {
      const code = errnoOf(error);
      if (code !== 'EACCES' && code !== 'EPERM') throw error;
      // Some tools protect their caches against writing, and with that against deletion.
      await promisify(execFile)('chmod', ['-R', 'u+rwX', path]);
      await rm(path, { recursive: true, force: true, maxRetries: 3 });
    }
  }
}

async function fillHome(target: string, { template, configured, home }: HomeSource): Promise<void> {
  for (const name of template.homeFiles) await copyFromHome(home, name, target);
  for (const written of configured) {
    const name = normalize(written.replace(/^~\//, ''));
    if (isAbsolute(name) || name === '.' || name === '..' || name.startsWith('../')) {
      throw new LabError('config', `agents.homeFiles names "${written}", expected a path below the home`, {
        hints: ['write it like .codex/auth.json in lab.local.yaml'],
      });
    }
    if (!(await copyFromHome(home, name, target))) {
      throw new LabError('config', `agents.homeFiles names "${written}", which is not in ${home}`, {
        hints: ["log the agent's program in once by hand, or take the name out of lab.local.yaml"],
      });
    }
  }
  for (const [name, settings] of Object.entries(template.homeSettings)) {
    const path = join(target, name);
    const text = formatHomeSettings(name, existsSync(path) ? readFileSync(path, 'utf8') : null, settings);
    await mkdir(dirname(path), { recursive: true });
    // The copy may be write-protected, as its original is.
    await rm(path, { force: true });
    await writeFile(path, text, { mode: 0o600 });
  }
}

/** False where there is nothing to copy. */
async function copyFromHome(home: string, name: string, target: string): Promise<boolean> {
  const from = join(home, name);
  if (statSync(from, { throwIfNoEntry: false }) === undefined) return false;
  const to = join(target, name);
  await mkdir(dirname(to), { recursive: true });
  await cp(from, to, {
    recursive: true,
    dereference: true,
    // Sockets of running programs and links to nothing cannot be copied and are no logins.
    filter: (path) => {
      const found = statSync(path, { throwIfNoEntry: false });
      return found?.isFile() === true || found?.isDirectory() === true;
    },
  });
  return true;
}
