/**
 * The sandbox of an agent: it writes in its outbox, its private home and its temporary folder, and in the worktree where it may edit. The lab is
 * read-only, its state hidden but for this run's prompt and inbox, the user's home hidden but for the programs in it, the network on. Files of
 * the worktree that have a rule are read-only (locked-paths.ts); other worktrees, the daemon's socket and what only the scorer may read are
 * hidden. That no new file gets a frozen one's name is checked on the change afterwards, not here.
 */
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { labPaths } from '../config/lab-paths.ts';
import { isLockOpen } from '../config/open-locks.ts';
import type { LabConfig } from '../config/schema.ts';
import { errnoOf, LabError } from '../errors/lab-error.ts';
import { sandboxArgv } from '../sandbox/bubblewrap.ts';
import { visibleHomePaths } from '../sandbox/home-paths.ts';
import { isInside, resolveSandboxSpec, type SandboxProbe } from '../sandbox/sandbox.ts';
import { listSecretFiles } from '../sandbox/secret-files.ts';
import type { RunPlace } from './run-place.ts';

/** What a sandbox is made from. */
export interface SandboxInput {
  config: Pick<LabConfig, 'checkout' | 'sandboxRead'>;
  place: RunPlace;
  mayEdit: boolean;
  /** Files and folders of the directory that stay read-only where it may be edited; absolute. */
  locked: readonly string[];
  /** The user's own home. */
  home: string;
  /** PATH of the agent. */
  searchPath: string;
  /** First word of the command; null where it has none. */
  program: string | null;
}

/** Whether agents run in a sandbox here. Throws LabError (config) where one is required and there is none. */
export function ensureAgentSandbox(config: Pick<LabConfig, 'sandbox'>, probe: SandboxProbe): boolean {
  if (config.sandbox === 'off' || isLockOpen('sandbox')) return false;
  if (probe.kind === 'bubblewrap') return true;
  if (config.sandbox === 'preferred') return false;
  throw new LabError('config', `sandbox is "required", but this machine has none: ${probe.reason}`, {
    hints: [
      probe.mend === '' ? 'set `sandbox: preferred` in lab.local.yaml' : probe.mend,
      '`lab doctor` shows what is there',
    ],
  });
}

/** The command line to put before the agent's own. Throws LabError where a folder of the run or the lab is missing. */
export function agentSandboxArgv(input: SandboxInput): string[] {
  const { config, place, mayEdit, locked, home, searchPath, program } = input;
  const paths = labPaths(place.labRoot);
  const expand = (path: string) => (path.startsWith('~/') ? join(home, path.slice(2)) : path);
  const gitEntry = join(place.directory, '.git');
  return sandboxArgv(
    resolveSandboxSpec({
      labRoot: paths.root,
      labState: paths.state,
      checkout: place.directory,
      writable: [place.outbox, place.home, place.temporary, ...(mayEdit ? [place.directory] : [])],
      // Without its .git a worktree could be made to look like another repository.
      readOnly: [place.inbox, place.promptFile, ...(mayEdit ? [gitEntry, ...locked] : [place.directory])],
      home,
      homeVisible: [
        ...visibleHomePaths(searchPath, home),
        ...config.sandboxRead.map(expand),
        ...hiddenOtherwise([dirname(dirname(process.execPath))], home),
        ...(program === null ? [] : hiddenOtherwise(programFolders(program, searchPath), home)),
      ],
      // The worktrees of others: an agent that reads them hands in what another one thought of.
      hidden: [
        ...[paths.runtime, paths.worktrees, ...listSecretFiles(paths.root)],
        ...config.checkout.scoreLinks.map((link) => join(paths.root, link)),
      ],
      caches: [],
      gpu: false,
      network: true,
      cwd: place.directory,
    }),
  );
}

/** Absolute path of a program as a shell would find it; null where there is none. */
export function findProgram(program: string, searchPath: string): string | null {
  const places = program.includes('/') ? [''] : searchPath.split(':').filter((entry) => isAbsolute(entry));
  for (const entry of places) {
    const path = entry === '' ? program : join(entry, program);
    try {
      accessSync(path, constants.X_OK);
      if (statSync(path).isFile()) return path;
    } catch (error) {
      const code = errnoOf(error);
      if (code !== 'ENOENT' && code !== 'EACCES' && code !== 'ENOTDIR' && code !== 'ELOOP') throw error;
    }
  }
  return null;
}

/** Where a program lies on PATH, and where it really lies; of an npm package the whole node_modules, since it loads what lies beside it. */
function programFolders(program: string, searchPath: string): string[] {
  const found = findProgram(program, searchPath);
  if (found === null || !isAbsolute(found)) return [];
  const real = realpathSync(found);
  const modules = real.indexOf('/node_modules/');
  return [dirname(found), modules === -1 ? dirname(real) : real.slice(0, modules + '/node_modules'.length)];
}

/** Those of the folders that the sandbox would hide; never the home itself or anything above it. */
function hiddenOtherwise(folders: string[], home: string): string[] {
  const realHome = statSync(home, { throwIfNoEntry: false }) === undefined ? home : realpathSync(home);
  const hidden = [realHome, '/tmp', '/var/tmp'];
  return folders.filter(
    (folder) => hidden.some((place) => folder !== place && isInside(folder, place)) && !isInside(realHome, folder),
  );
}
