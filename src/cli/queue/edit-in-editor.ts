/** A job's YAML in the person's editor: what they typed is kept and named where it cannot be applied. */
import type { LabPaths } from '../../config/lab-paths.ts';
import { LabError } from '../../errors/lab-error.ts';
import { quoteWords } from '../define.ts';
import { createDraft, keepIfChanged, openEditor, readText, removeDraft } from '../draft.ts';
import { parseEditFile, renderEditFile } from './edit-file.ts';
import type { JobChange } from './job-change.ts';
import type { JobFacts } from './job-facts.ts';

/** What is edited. */
export interface EditorTask {
  facts: JobFacts;
  /** Whether the job starts again, which leaves its place in the queue alone. */
  isRestart: boolean;
  /** Applies the change and returns whether it was taken; the file is kept where it was not, or where this throws, unless its text was left as it was. */
  apply(change: JobChange): Promise<boolean>;
}

/** Whether a change asks for nothing. */
export function isEmptyChange({ edits, ...places }: JobChange): boolean {
  return Object.keys(edits).length === 0 && Object.keys(places).length === 0;
}

/** Opens the editor and applies what was saved. Throws LabError (usage) without a terminal and without an editor in the environment. */
export async function editInEditor(paths: LabPaths, { facts, isRestart, apply }: EditorTask): Promise<boolean> {
  if (!process.stdin.isTTY && !process.env.VISUAL && !process.env.EDITOR)
    throw new LabError('usage', 'stdin is no terminal to edit in, expected options such as --command', {
      hints: [`lab edit ${facts.number} --command "python3 train.py"`],
    });
  const draft = createDraft(paths, `job-${facts.number}`, renderEditFile(facts, { isRestart }));
  const tellKept = () => {
    if (!keepIfChanged(draft)) return;
    const again = isRestart
      ? ''
      : `; \`lab edit ${facts.number} --from ${quoteWords([draft.shownPath])}\` takes it up again`;
    process.stderr.write(`your text is in ${draft.shownPath}${again}\n`);
  };
  let isTaken = false;
  try {
    await openEditor(draft);
    isTaken = await apply(parseEditFile(facts, readText(draft.path), { isRestart }));
  } catch (error) {
    tellKept();
    throw error;
  }
  if (isTaken) removeDraft(draft);
  else tellKept();
  return isTaken;
}
