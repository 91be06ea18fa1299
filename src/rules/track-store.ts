/**
 * The tracks that jobs of this machine were bound to, with their parts: `.lab/tracks/<id>.json`, written once by the daemon, never changed.
 * They say what a track was made of long after main has moved on; a track's numbers are in the run folders and on main.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { LabPaths } from '../config/lab-paths.ts';
import type { LabConfig } from '../config/schema.ts';
import { formatLocalTime } from '../domain/time.ts';
import { LabError } from '../errors/lab-error.ts';
import { readJson, writeJsonSynced } from '../lab/atomic-write.ts';
import { describeTrack, hashTrack, type TrackParts } from './tracks.ts';

/** A track as it is kept. */
export interface StoredTrack {
  schema: 1;
  /** 8 hex digits. */
  id: string;
  parts: TrackParts;
  /** When a job was first bound to it, ISO 8601 with offset. */
  firstSeen: string;
}

const text = z.string();
const storedTrack = z.object({
  schema: z.literal(1),
  id: text.regex(/^[0-9a-f]{8}$/),
  parts: z.object({
    files: z.array(z.object({ path: text, blob: text, role: z.enum(['evaluator', 'dependencies']) })),
    commands: z.object({ prepare: text, train: text, score: text, model: text }),
    metric: z.object({ name: text, direction: z.enum(['lower', 'higher']) }),
    wallSeconds: z.number(),
    scoreSeed: text.nullable(),
    data: z.array(
      z.object({ role: z.enum(['data', 'score-data']), path: text, fingerprint: text, isThere: z.boolean() }),
    ),
  }),
  firstSeen: text,
});

const trackFolder = (paths: LabPaths): string => join(paths.state, 'tracks');

/** The parts as they are kept: of the seed's hash just enough to see that it changed, because seed and hash are short enough to be searched. */
export function withoutSecrets(parts: TrackParts): TrackParts {
  return { ...parts, scoreSeed: parts.scoreSeed?.slice(0, 4) ?? null };
}

/** The lab's track for a job that is bound to it now; keeps its parts where they are not kept yet. Throws as describeTrack does. */
export async function bindTrack(paths: LabPaths, config: LabConfig, main: string): Promise<string> {
  const parts = await describeTrack(paths, config, main);
  const id = hashTrack(parts);
  const file = join(trackFolder(paths), `${id}.json`);
  if (!existsSync(file)) {
    const stored: StoredTrack = {
      schema: 1,
      id,
      parts: withoutSecrets(parts),
      firstSeen: formatLocalTime(new Date()),
    };
    await writeJsonSynced(file, stored);
  }
  return id;
}

/** The tracks that are kept, the oldest first. Throws LabError (internal) naming a file that is not one. */
export function readTracks(paths: LabPaths): StoredTrack[] {
  const folder = trackFolder(paths);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /^[0-9a-f]{8}\.json$/.test(name))
    .map((name) => {
      const parsed = storedTrack.safeParse(readJson(join(folder, name)));
      if (parsed.success) return parsed.data;
      const [issue] = parsed.error.issues;
      throw new LabError(
        'internal',
        `${join(folder, name)}: ${issue?.path.join('.') || 'the file'}: ${issue?.message}`,
        {
          hints: ['the lab writes it again once it is moved aside and a job is queued under that track'],
        },
      );
    })
    .sort((a, b) => Date.parse(a.firstSeen) - Date.parse(b.firstSeen));
}
