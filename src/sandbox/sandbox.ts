/**
 * What a run may touch, and whether this machine can hold it to that. The rules are the same on every system; only bubblewrap
 * (Linux) enforces them so far, and where it is missing the caller flags the row as unsandboxed.
 */
import { lstatSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, relative } from 'node:path';
import { errnoOf, LabError } from '../errors/lab-error.ts';

/**
 * What one step may touch. All paths are absolute; `resolveSandboxSpec` makes them real and drops what does not exist.
 * Everything that is named nowhere is readable and not writable.
 */
export interface SandboxSpec {
  /** Root of the lab: read-only. */
  labRoot: string;
  /** `<root>/.lab`: hidden, but for what is named below. */
  labState: string;
  /** The run's checkout, inside labState or elsewhere. */
  checkout: string;
  /** Folders that stay writable for real: the checkout, LAB_OUT. */
  writable: string[];
  /** Read-only again inside writable ones: frozen files of the checkout, data that links lead to. */
  readOnly: string[];
  /** The user's home folder: hidden, but for what is named below. */
  home: string;
  /** Read-only folders and files of the home that stay visible, as `visibleHomePaths` finds them. */
  homeVisible: string[];
  /** Folders and files that are hidden: sockets of the lab and of the system. */
  hidden: string[];
  /** Configured caches that stay writable for real. */
  caches: string[];
  /** Passes the graphics devices through. */
  gpu: boolean;
  network: boolean;
  /** Folder that the step starts in. */
  cwd: string;
}

/** What this machine offers. `mend` is the command or action that helps; empty where nothing does. */
export type SandboxProbe = { kind: 'bubblewrap'; version: string } | { kind: 'none'; reason: string; mend: string };

/** True where `path` is `folder` or lies below it. Pure; both absolute. */
export function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !way.startsWith('../') && !isAbsolute(way));
}

/**
 * The spec with links resolved and with missing optional paths (read-only, visible, hidden, caches) left out.
 * Throws LabError where the lab, the checkout or a writable folder is missing, or where the lab's root is the home folder or above it.
 */
export function resolveSandboxSpec(spec: SandboxSpec): SandboxSpec {
  const home = realOrNull(spec.home) ?? spec.home;
  const labRoot = realOrThrow(spec.labRoot, "the lab's root");
  if (isInside(home, labRoot)) {
    throw new LabError(
      'config',
      `the lab's root ${labRoot} holds the home folder ${home}: a sandbox cannot show one and hide the other`,
      {
        hints: ['move the lab into a folder of its own, or set "sandbox: off" in lab.local.yaml'],
      },
    );
  }
  return {
    ...spec,
    home,
    labRoot,
    labState: realOrThrow(spec.labState, "the lab's state folder"),
    checkout: realOrThrow(spec.checkout, 'the checkout'),
    cwd: realOrThrow(spec.cwd, 'the start folder'),
    writable: spec.writable.map((path) => realOrThrow(path, 'the writable folder')),
    readOnly: existing(spec.readOnly),
    homeVisible: existing(spec.homeVisible),
    hidden: existing(spec.hidden),
    caches: existing(spec.caches),
  };
}

/** True for a folder, false for anything else that exists. */
export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function existing(paths: readonly string[]): string[] {
  const found = paths.map(realOrNull).filter((path) => path !== null);
  return [...new Set(found)];
}

function realOrNull(path: string): string | null {
  try {
    return realpathSync(path);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES' || code === 'ELOOP') return null;
    throw error;
  }
}

function realOrThrow(path: string, what: string): string {
  const real = realOrNull(path);
  if (real !== null) return real;
  const dangling = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  throw new LabError(
    'worker',
    `${what} ${path} ${dangling ? 'is a link to nothing' : 'does not exist'}, expected a folder for the sandbox`,
    {
      hints: ['lab doctor'],
    },
  );
}
