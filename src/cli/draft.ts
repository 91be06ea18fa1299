/**
 * A text in a person's editor. What they type lies in `.lab/drafts/` until it is recorded, so that nothing is lost where the recorder,
 * the text or the editor fails.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { LabPaths } from '../config/lab-paths.ts';
import { errnoOf, LabError } from '../errors/lab-error.ts';
import { withoutInterrupt } from './asker.ts';
import { showPath } from './shown-path.ts';

/** A text under work. */
export interface Draft {
  /** Absolute. */
  path: string;
  /** The same as a person names it from the folder they are in. */
  shownPath: string;
  /** What the person is given. */
  text: string;
}

/** Writes the text to a new file in `.lab/drafts/`; an older draft of that name stays. Throws LabError (user) where it cannot be written. */
export function createDraft(paths: LabPaths, name: string, text: string): Draft {
  const folder = join(paths.state, 'drafts');
  for (let number = 1; ; number++) {
    const path = join(folder, number === 1 ? `${name}.md` : `${name}-${number}.md`);
    try {
      mkdirSync(folder, { recursive: true });
      writeFileSync(path, text, { flag: 'wx' });
      return { path, shownPath: showPath(path), text };
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw new LabError('user', `${path} cannot be written`, { cause: error });
    }
  }
}

/** The text as it is now. Throws LabError (user) where it is gone or not UTF-8. */
export function readText(path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(path));
  } catch (error) {
    const problem = errnoOf(error) === null ? 'is not UTF-8, expected text in UTF-8' : 'cannot be read';
    throw new LabError('user', `${path} ${problem}`, { cause: error });
  }
}

/** Takes a draft away once its text is recorded. */
export function removeDraft(draft: Draft): void {
  rmSync(draft.path, { force: true });
}

/** Whether the person changed the text; a draft that they left as it was is taken away. */
export function keepIfChanged(draft: Draft): boolean {
  if (existsSync(draft.path) && readFileSync(draft.path, 'utf8') !== draft.text) return true;
  removeDraft(draft);
  return false;
}

/**
 * Opens the draft in the person's editor and waits for its end. Throws LabError (user) where there is none or it ended with an error; the
 * draft stays where its text was changed.
 */
export async function openEditor(draft: Draft): Promise<void> {
  const editor = findEditor();
  if (editor === null) {
    const place = keepIfChanged(draft) ? `; the text is in ${draft.shownPath}` : '';
    throw new LabError('user', `no editor is known${place}`, {
      hints: ['set EDITOR, for example `export EDITOR=nano`'],
    });
  }
  // A shell line, as git takes it: "code --wait" is an editor.
  const code = await withoutInterrupt(
    () =>
      new Promise<number | null>((resolve, reject) => {
        const child = spawn('sh', ['-c', `${editor} "$1"`, 'lab', draft.path], {
          // Where stdout is a pipe the editor would draw into it.
          stdio: ['inherit', process.stdout.isTTY ? 'inherit' : 2, 'inherit'],
        });
        child.once('error', reject);
        child.once('close', resolve);
      }),
  );
  if (code === 0) return;
  throw new LabError('user', `the editor (${editor}) ended with ${code === null ? 'a signal' : `exit code ${code}`}`, {
    hints: [
      ...(keepIfChanged(draft) ? [`your text is in ${draft.shownPath}`] : []),
      '$VISUAL or $EDITOR names the editor',
    ],
  });
}

/** $VISUAL, $EDITOR, else vi where it is installed; null where there is none. */
export function findEditor(): string | null {
  const named = process.env.VISUAL?.trim() || process.env.EDITOR?.trim();
  if (named) return named;
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.some((folder) => existsSync(join(folder, 'vi'))) ? 'vi' : null;
}
