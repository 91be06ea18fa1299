/** Changes of ideas as the recorder is asked for them: add, edit, turn away. Each reads the file anew before every try. */
import type { LabPaths } from '../config/lab-paths.ts';
import type { Idea } from '../domain/idea.ts';
import type { RecordChange } from '../domain/record.ts';
import { editIdea, formatIdea, ideaFileName } from '../lab/idea-text.ts';
import { findIdea, readIdeas } from '../lab/ideas.ts';
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

/** Edits several ideas in one commit; one whose edit changes nothing is left out. Throws LabError (user) where a slug is unknown. */
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
      const { path, text } = findIdea(ideas, slug);
      const to = editIdea(text, edit);
      if (to !== text) changes.push({ path, from: text, to });
    }
    return changes.length === 0 ? null : { subject, changes, entries: [] };
  });
}

/**
 * Turns ideas away: state rejected, the reason under Outcome, what else is to be edited, the file moved to 1_ideas/rejected/. Those that
 * lie there already stay as they are.
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
    for (const [slug, { reason, edit }] of reasons) {
      const stored = findIdea(ideas, slug);
      if (stored.isRejected) continue;
      const outcome = [stored.idea.sections.outcome, `Rejected: ${reason}`].filter((part) => part !== '').join('\n\n');
      changes.push({ path: stored.path, from: stored.text, to: null });
      const name = stored.path.slice(stored.path.lastIndexOf('/') + 1);
      const to = editIdea(stored.text, { ...edit, state: 'rejected', outcome });
      changes.push({ path: `1_ideas/rejected/${name}`, from: null, to });
    }
    return changes.length === 0 ? null : { subject, changes, entries: [] };
  });
}

function pathOf(idea: Idea): string {
  return `1_ideas/${idea.state === 'rejected' ? 'rejected/' : ''}${ideaFileName(idea)}`;
}
