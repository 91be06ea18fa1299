/** `lab idea edit`: changes an idea in the person's editor, by a file or by flags. What was typed is never lost. */
import { basename, resolve } from 'node:path';
import { LabError } from '../../errors/lab-error.ts';
import { checkIdea } from '../../lab/check-idea.ts';
import { editIdea, parseIdea } from '../../lab/idea-text.ts';
import { findIdea, readIdeas, type StoredIdea } from '../../lab/ideas.ts';
import { createAsker } from '../asker.ts';
import { createDraft, type Draft, openEditor, readText, removeDraft } from '../draft.ts';
import { createRecording, type OpenLab, openLab } from '../open-lab.ts';
import { disarm } from '../page.ts';
import type { Verb } from '../verbs.ts';
import { parseSettings, settableKeys } from './idea-settings.ts';
import { tellMissing } from './new-idea.ts';
import { checkNewText, ensureReadable, saveIdea, type TextCheck } from './save-idea.ts';

/** Edits an idea. */
export const editIdeaVerb: Verb = {
  name: 'edit',
  usage: '<slug>',
  summary: 'Change an idea in your editor, or by --set',
  options: [
    { name: 'set', value: 'key=value', isRepeatable: true, description: `${settableKeys.join(', ')}; may be repeated` },
    { name: 'from', value: 'file', description: "Take this file as the idea's new text" },
  ],
  async run(input) {
    const [word, ...others] = input.words;
    if (word === undefined || others.length > 0)
      throw new LabError(
        'usage',
        `lab idea edit takes one slug, got ${others.length === 0 ? 'none' : input.words.join(' ')}`,
      );
    const settings = input.texts('set');
    const from = input.text('from');
    if (settings.length > 0 && from !== null)
      throw new LabError('usage', '--set and --from were given, expected one of them');
    // Before anything is read: a wrong key is wrong for every idea.
    const edit = parseSettings(settings);
    const lab = await openLab();
    const stored = findIdea(await readIdeas(lab.paths.root, lab.main), word);
    ensureReadable(stored);
    if (settings.length > 0) return await saveChecked(lab, stored, editIdea(stored.text, edit));
    if (from !== null) return await saveChecked(lab, stored, readText(resolve(from)));
    return await editInEditor(lab, stored);
  },
};

async function saveChecked(lab: OpenLab, stored: StoredIdea, text: string): Promise<number> {
  const { problems } = checkNewText(stored, text);
  if (problems.length > 0) throw createTextError(stored, problems, []);
  return await save(lab, stored, text);
}

async function save(lab: OpenLab, stored: StoredIdea, text: string): Promise<number> {
  if (text === stored.text) {
    process.stdout.write(`${stored.path} is unchanged\n`);
    return 0;
  }
  const path = await saveIdea(createRecording(lab), stored, text);
  process.stdout.write(path === stored.path ? `changed ${path}\n` : `changed and moved to ${path}\n`);
  tellMissing(stored.idea.slug, checkIdea(parseIdea(text, basename(path)).idea));
  return 0;
}

async function editInEditor(lab: OpenLab, stored: StoredIdea): Promise<number> {
  if (!process.stdin.isTTY && !process.env.VISUAL && !process.env.EDITOR) {
    throw new LabError('usage', 'stdin is no terminal to edit in, expected --set key=value or --from file', {
      hints: [`lab idea edit ${stored.idea.slug} --set rating=7`],
    });
  }
  const draft = createDraft(lab.paths, stored.idea.slug, stored.text);
  for (;;) {
    await openEditor(draft);
    const text = readText(draft.path);
    const check = text === stored.text ? { problems: [], isSavable: true } : checkNewText(stored, text);
    if (check.problems.length > 0) {
      const choice = await askAboutProblems(check);
      if (choice === 'edit') continue;
      if (choice === 'keep') throw createTextError(stored, check.problems, hintsOf(stored, draft));
    }
    try {
      const code = await save(lab, stored, text);
      removeDraft(draft);
      return code;
    } catch (error) {
      for (const hint of hintsOf(stored, draft)) process.stderr.write(`${hint}\n`);
      throw error;
    }
  }
}

async function askAboutProblems({ problems, isSavable }: TextCheck): Promise<'edit' | 'save' | 'keep'> {
  if (!process.stdin.isTTY) return 'keep';
  const asker = createAsker();
  try {
    for (;;) {
      process.stderr.write(`the text has problems:\n${problems.map((problem) => `  ${disarm(problem)}\n`).join('')}`);
      const answer = await asker.ask(`[e]dit again, ${isSavable ? '[s]ave as it is, ' : ''}[k]eep the text aside? `);
      if (answer === 'e' || answer === 'edit' || answer === '') return 'edit';
      if (isSavable && (answer === 's' || answer === 'save')) return 'save';
      if (answer === 'k' || answer === 'keep' || answer === null) return 'keep';
    }
  } finally {
    asker.close();
  }
}

function hintsOf(stored: StoredIdea, draft: Draft): string[] {
  return [
    `your text is in ${draft.shownPath}`,
    `lab idea edit ${stored.idea.slug} --from ${draft.path}    takes it up again`,
  ];
}

function createTextError(stored: StoredIdea, problems: readonly string[], hints: string[]): LabError {
  const list = problems.map((problem) => `\n  ${disarm(problem)}`).join('');
  return new LabError('user', `${stored.path} stays as it was, because the new text has problems:${list}`, { hints });
}
