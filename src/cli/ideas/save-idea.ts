/** Has the recorder write the whole new text of an idea that a person edited, and says before that what is wrong with it. */
import { basename } from 'node:path';
import { LabError } from '../../errors/lab-error.ts';
import { parseIdea } from '../../lab/idea-text.ts';
import { readIdeas, type StoredIdea } from '../../lab/ideas.ts';
import { recordPatiently } from '../../pipeline/lab-gate.ts';
import type { RecordingContext } from '../../pipeline/record-idea.ts';

/** What is wrong with a new text. */
export interface TextCheck {
  /** One sentence each; what was wrong with the old text already is not among them. */
  problems: string[];
  /** False where it cannot take the idea's place, whatever the person says. */
  isSavable: boolean;
}

/** Checks a new text against the idea that it is for. */
export function checkNewText(stored: StoredIdea, text: string): TextCheck {
  const { idea, problems } = parseIdea(text, basename(stored.path));
  const faults: string[] = [];
  if (text.trim() === '') faults.push('the text is empty');
  const isRenamed = idea.slug !== stored.idea.slug;
  if (isRenamed) {
    faults.push(
      `slug: got "${idea.slug}", expected "${stored.idea.slug}": the branch, the report and the results go by it`,
    );
  }
  if (idea.state === 'rejected' && !stored.isRejected)
    faults.push(`state: rejected needs a reason: \`lab idea reject ${stored.idea.slug} --reason "…"\``);
  // The parser's own word on the slug would say the same once more.
  const found = problems.filter(
    (problem) => !stored.problems.includes(problem) && !(isRenamed && /^slug:/.test(problem)),
  );
  return { problems: [...faults, ...found], isSavable: faults.length === 0 };
}

function stateOf(stored: StoredIdea): string {
  return parseIdea(stored.text, basename(stored.path)).idea.state;
}

/** Throws LabError (user) with the reason where the store could not read the file: a change of it would be a change of nothing. */
export function ensureReadable(stored: StoredIdea): void {
  if (stored.text !== '') return;
  throw new LabError('user', `${stored.path} is empty or cannot be read: ${stored.problems[0] ?? 'it has no text'}`, {
    hints: [`mend ${stored.path} in an editor first`],
  });
}

/**
 * Records the new text in place of the one that was read; a rejected idea that has another state now leaves 1_ideas/rejected/. Gives the
 * path where it lies. Throws LabError (user) where the file changed in the meantime.
 */
export async function saveIdea(context: RecordingContext, stored: StoredIdea, to: string): Promise<string> {
  const { paths, main, gate, signal, tell } = context;
  const { idea } = parseIdea(to, basename(stored.path));
  // A file that somebody moved there by hand may still have its old state: only a state that this edit sets takes it out.
  const isBack = stored.isRejected && idea.state !== 'rejected' && idea.state !== stateOf(stored);
  const path = isBack ? `1_ideas/${basename(stored.path)}` : stored.path;
  const subject = isBack ? `take ${idea.slug} up again` : `edit ${idea.slug}`;
  await recordPatiently(gate, signal, tell, async () => {
    const ideas = await readIdeas(paths.root, main);
    const now = ideas.find((other) => other.path === stored.path)?.text;
    if (ideas.find((other) => other.path === path)?.text === to) return null;
    if (now !== stored.text) {
      throw new LabError('user', `${stored.path} has changed since it was read; your text is not in it`, {
        hints: [`lab idea show ${idea.slug}`],
      });
    }
    const changes = isBack
      ? [
          { path: stored.path, from: stored.text, to: null },
          { path, from: null, to },
        ]
      : [{ path, from: stored.text, to }];
    return { subject, changes, entries: [] };
  });
  return path;
}
