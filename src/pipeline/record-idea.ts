/** Changes of ideas as the recorder is asked for them: add, edit, turn away. Each reads the file anew before every try. */
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { LabPaths } from '../config/lab-paths.ts';
import type { Idea } from '../domain/idea.ts';
import type { RecordChange } from '../domain/record.ts';
import { LabError } from '../errors/lab-error.ts';
import { editIdea, formatIdea, ideaFileName } from '../lab/idea-text.ts';
import { findIdeaBySlug, readIdeas, rejectedFolder, type StoredIdea } from '../lab/ideas.ts';
import { type LabGate, recordPatiently } from './lab-gate.ts';

/** What it takes to have something recorded. */
export interface RecordingContext {
  paths: LabPaths;
  main: string;
  gate: LabGate;
  signal: AbortSignal;
  tell(line: string): void;
}

/** What of an idea the lab changes. */
export type IdeaEdit = Parameters<typeof editIdea>[1];

/** Adds ideas in one commit; those whose state is `rejected` go to 1_ideas/rejected/. One that is there under its slug already is left as it is. */
export async function addIdeas(context: RecordingContext, ideas: Idea[], subject: string): Promise<void> {
  const { paths, main, gate, signal, tell } = context;
  await recordPatiently(gate, signal, tell, async () => {
    const known = new Set((await readIdeas(paths.root, main)).map((stored) => stored.idea.slug));
    const changes = ideas
      .filter((idea) => !known.has(idea.slug))
      .map((idea) => ({ path: pathOf(idea), from: null, to: formatIdea(idea) }));
    return changes.length === 0 ? null : { subject, changes, entries: [] };
  });
}

/**
 * Edits several ideas in one commit; one whose edit changes nothing is left out. Throws LabError (user) where the file of one is gone or
 * cannot be written; then none is edited.
 */
export async function changeIdeas(
  context: RecordingContext,
  edits: ReadonlyMap<string, IdeaEdit>,
  subject: string,
): Promise<void> {
  const { paths, main, gate, signal, tell } = context;
  await recordPatiently(gate, signal, tell, async () => {
    const ideas = await readIdeas(paths.root, main);
    const changes: RecordChange[] = [];
    for (const [slug, edit] of edits) {
      const { path, text } = findWritable(ideas, slug);
      const to = editIdea(text, edit);
      if (to !== text) changes.push({ path, from: text, to });
    }
    return changes.length === 0 ? null : { subject, changes, entries: [] };
  });
}

/**
 * Turns ideas away: state rejected, the reason under Outcome, what else is to be edited, the file moved to 1_ideas/rejected/. Those that
 * lie there already stay as they are; where another file has the name, the file gets a free one. Throws as changeIdeas does.
 */
export async function rejectIdeas(
  context: RecordingContext,
  reasons: ReadonlyMap<string, { reason: string; edit?: IdeaEdit }>,
  subject: string,
): Promise<void> {
  const { paths, main, gate, signal, tell } = context;
  await recordPatiently(gate, signal, tell, async () => {
    const ideas = await readIdeas(paths.root, main);
    const changes: RecordChange[] = [];
    const taken = new Set(ideas.map(({ path }) => path));
    for (const [slug, { reason, edit }] of reasons) {
      const stored = findWritable(ideas, slug);
      if (stored.isRejected) continue;
      const outcome = [stored.idea.sections.outcome, `Rejected: ${reason}`].filter((part) => part !== '').join('\n\n');
      changes.push({ path: stored.path, from: stored.text, to: null });
      const path = freePath(paths.root, stored.path.slice(stored.path.lastIndexOf('/') + 1), taken);
      taken.add(path);
      changes.push({ path, from: null, to: editIdea(stored.text, { ...edit, state: 'rejected', outcome }) });
    }
    return changes.length === 0 ? null : { subject, changes, entries: [] };
  });
}

function findWritable(ideas: readonly StoredIdea[], slug: string): StoredIdea {
  const stored = findIdeaBySlug(ideas, slug);
  if (stored.isUsable) return stored;
  throw new LabError(
    'user',
    `idea ${slug} cannot be written: ${stored.problems[0] ?? `${stored.path} is not readable`}`,
    {
      hints: ['`lab ideas` lists what is wrong with which file'],
    },
  );
}

/** Where a file of this name can lie among the rejected ones: an idea that was taken up again by copying it is there already. */
function freePath(root: string, name: string, taken: ReadonlySet<string>): string {
  const stem = name.replace(/\.md$/, '');
  for (let count = 1; ; count += 1) {
    const path = `${rejectedFolder}/${count === 1 ? name : `${stem}-${count}.md`}`;
    // On the disk too: what is no idea, a folder for example, is in no list.
    if (!taken.has(path) && lstatSync(join(root, path), { throwIfNoEntry: false }) === undefined) return path;
  }
}

function pathOf(idea: Idea): string {
  return `1_ideas/${idea.state === 'rejected' ? 'rejected/' : ''}${ideaFileName(idea)}`;
}
