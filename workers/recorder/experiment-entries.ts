/**
 * Journal entries of experiments, keyed by slug and attempt. What main has got is kept beside the experiment's state
 * (`.lab/experiments/<slug>/entry-<attempt>.md`), so that an entry which somebody's old buffer drops can be put back.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { LabPaths } from '../../src/config/lab-paths.ts';
import type { ExperimentEntry } from '../../src/domain/record.ts';
import { LabError } from '../../src/errors/lab-error.ts';
import { writeFileSynced } from '../../src/lab/atomic-write.ts';
import { experimentFolder } from '../../src/lab/experiments.ts';
import { insertJournalEntry, parseJournalExperiments } from '../../src/lab/journal.ts';

const keyOf = ({ slug, attempt }: ExperimentEntry): string => `${slug}#${attempt}`;

/** Throws LabError (user) where an entry could not be found again under its key, or its slug is no name of a folder. */
export function ensureExperimentEntry(entry: ExperimentEntry): void {
  if (!/^[^\s,./\\][^\s,/\\]*$/.test(entry.slug))
    throw new LabError('user', `"${entry.slug}" is no slug of an experiment, expected words joined by hyphens`);
  const keys = [...parseJournalExperiments(entry.text)];
  if (keys.length === 1 && keys[0] === keyOf(entry)) return;
  throw new LabError(
    'user',
    `the journal entry of ${entry.slug}, attempt ${entry.attempt} names ${keys.join(', ') || 'no experiment'}, expected ${keyOf(entry)}`,
  );
}

/** The journal with those of the entries above the others that it lacks; oldest first. Null where it lacks none. Pure. */
export function insertExperimentEntries(journal: string | null, entries: ExperimentEntry[]): string | null {
  let text: string | null = null;
  const present = parseJournalExperiments(journal ?? '');
  for (const entry of entries) {
    if (present.has(keyOf(entry))) continue;
    present.add(keyOf(entry));
    text = insertJournalEntry(text ?? journal, entry.text);
  }
  return text;
}

/** Keeps what main has got, synced; what was kept before stays. */
export async function writeExperimentEntries(paths: LabPaths, entries: ExperimentEntry[]): Promise<void> {
  for (const { slug, attempt, text } of entries) {
    const file = join(experimentFolder(paths, slug), `entry-${attempt}.md`);
    if (!existsSync(file)) await writeFileSynced(file, text);
  }
}

/** Every entry that was kept, in the order in which main got them. */
export function readExperimentEntries(paths: LabPaths): ExperimentEntry[] {
  const folder = join(paths.state, 'experiments');
  const slugs = existsSync(folder) ? readdirSync(folder) : [];
  const found = slugs.flatMap((slug) => {
    const place = join(folder, slug);
    const names = statSync(place).isDirectory() ? readdirSync(place) : [];
    return names.flatMap((name) => {
      const attempt = Number(/^entry-([1-9]\d*)\.md$/.exec(name)?.[1] ?? 0);
      if (attempt === 0) return [];
      const file = join(place, name);
      const entry = { slug, attempt, text: readFileSync(file, 'utf8') };
      // A text that lost its key would be put back again and again.
      if (!parseJournalExperiments(entry.text).has(keyOf(entry))) return [];
      return [{ entry, writtenMs: statSync(file).mtimeMs }];
    });
  });
  return found.sort((a, b) => a.writtenMs - b.writtenMs).map(({ entry }) => entry);
}
