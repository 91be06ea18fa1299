/**
 * The lab's track for those who only look: computed with git once, then again only when something that it depends on may have changed.
 * Jobs are bound with a fresh computation (add-job.ts), never with this one.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { LabPaths } from '../config/lab-paths.ts';
import type { LabConfig } from '../config/schema.ts';
import { errnoOf } from '../errors/lab-error.ts';
import { dataDigest } from '../rules/data-fingerprint.ts';
import { computeTrack } from '../rules/tracks.ts';

/** Gives the track at main's present state, 8 hex digits. */
export type TrackReader = (config: LabConfig, main: string) => Promise<string>;

/** A reader that remembers its last answer. */
export function createTrackReader(paths: LabPaths): TrackReader {
  let known: { key: string; config: LabConfig; track: string } | null = null;
  return async (config, main) => {
    // Read before the computation: what changes during it makes the next key differ.
    const key = await readKey(paths, config, main);
    if (key !== null && known?.key === key && known.config === config) return known.track;
    const track = await computeTrack(paths, config, main);
    known = key === null ? null : { key, config, track };
    return track;
  };
}

/**
 * What the track depends on, as far as a few small reads can tell (and a look at each data file); null where they cannot: a branch that
 * is packed, symbolic or kept in another way is git's to resolve.
 */
async function readKey(paths: LabPaths, config: LabConfig, main: string): Promise<string | null> {
  const commit = readText(join(paths.root, '.git', 'refs', 'heads', main))?.trim();
  if (commit === undefined || !/^[0-9a-f]{40,64}$/.test(commit)) return null;
  const seed = statSync(paths.scoreSeed, { throwIfNoEntry: false });
  const data = await dataDigest(paths, config);
  return JSON.stringify([main, commit, seed?.ino, seed?.size, seed?.mtimeMs, seed?.ctimeMs, data]);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return undefined;
    throw error;
  }
}
