/** `lab idea new`: an idea of a person's own, from flags or from the lab's template in their editor. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Idea, type IdeaSections, ideaCategories } from '../../domain/idea.ts';
import { formatLocalTime } from '../../domain/time.ts';
import { LabError } from '../../errors/lab-error.ts';
import { checkIdea } from '../../lab/check-idea.ts';
import { formatIdea, ideaFileName, ideaHeadings, parseIdea } from '../../lab/idea-text.ts';
import { readIdeas } from '../../lab/ideas.ts';
import { findDuplicate } from '../../lab/similarity.ts';
import { slugify } from '../../lab/slug.ts';
import { recordPatiently } from '../../pipeline/lab-gate.ts';
import type { CommandInput } from '../define.ts';
import { createDraft, openEditor, readText, removeDraft } from '../draft.ts';
import { createRecording, type OpenLab, openLab, readPersonName } from '../open-lab.ts';
import { parseChoice, type Verb } from '../verbs.ts';

/** Writes a new idea. */
export const newIdea: Verb = {
  name: 'new',
  usage: '"<title>"',
  summary: 'Write an idea of your own',
  options: [
    { name: 'category', value: 'word', description: ideaCategories.join(', ') },
    { name: 'expected', value: 'change', description: 'Expected change, signed, with unit: "-0.010 val_bpb"' },
    { name: 'refuted-by', value: 'text', description: 'What result would refute it' },
    { name: 'cost-minutes', value: 'number', description: 'Minutes on the device' },
    { name: 'source', value: 'text', isRepeatable: true, description: 'A paper, run or page; may be repeated' },
    { name: 'hypothesis', value: 'text', description: 'What will happen to the metric, and why' },
    { name: 'mechanism', value: 'text', description: 'What makes it so' },
    { name: 'change', value: 'text', description: 'What is edited' },
    { name: 'test-plan', value: 'text', description: 'Which runs decide, and what each outcome means' },
    { name: 'slug', value: 'word', description: 'Short name (default: from the title)' },
    { name: 'edit', description: 'Open the editor also where stdin is no terminal or flags say it all' },
    { name: 'json', description: 'Print as JSON' },
  ],
  async run(input) {
    const title = input.words.join(' ').replaceAll(/\s+/g, ' ').trim();
    if (title === '') {
      throw new LabError('usage', 'the idea has no title, expected one line that says the change', {
        hints: ['lab idea new "Longer contexts for the counts"'],
      });
    }
    const lab = await openLab();
    const drafted = await createIdea(lab, input, title);
    // A script that gives the hypothesis has said what it has to say; a person at a terminal gets the template.
    const isEdited = input.flag('edit') || (process.stdin.isTTY && input.text('hypothesis') === null);
    const path = isEdited ? await writeInEditor(lab, drafted) : await addNew(lab, drafted, formatIdea(drafted));
    if (path === null) return 0;
    const stored = (await readIdeas(lab.paths.root, lab.main)).find((other) => other.path === path);
    const missing = stored === undefined ? [] : [...stored.problems, ...checkIdea(stored.idea)];
    const slug = stored?.idea.slug ?? drafted.slug;
    if (input.flag('json')) process.stdout.write(`${JSON.stringify({ slug, path, missing })}\n`);
    else process.stdout.write(`wrote ${path}\n`);
    tellMissing(slug, missing);
    return 0;
  },
};

/** Tells on stderr what keeps an idea from being researched; nothing where it is whole. */
export function tellMissing(slug: string, missing: readonly string[]): void {
  if (missing.length === 0) return;
  process.stderr.write(`before it can be researched:\n${missing.map((line) => `  ${line}\n`).join('')}`);
  process.stderr.write(`\`lab idea edit ${slug}\` opens it\n`);
}

async function createIdea(lab: OpenLab, input: CommandInput, title: string): Promise<Idea> {
  const slug = slugify(input.text('slug') ?? title);
  const costMinutes = input.number('cost-minutes');
  if (costMinutes !== null && costMinutes < 0)
    throw new LabError('usage', `--cost-minutes got "${costMinutes}", expected a number of at least 0`);
  const category = parseChoice('category', input.text('category'), ideaCategories);
  if (category === null && !process.stdin.isTTY)
    process.stderr.write(`category: architecture, as none was given (\`lab idea edit ${slug} --set category=…\`)\n`);
  return {
    slug,
    title,
    date: formatLocalTime(new Date()).slice(0, 10),
    state: 'proposed',
    category: category ?? 'architecture',
    expected: input.text('expected') ?? '',
    refutedBy: input.text('refuted-by') ?? '',
    costMinutes,
    sources: input.texts('source'),
    author: await readPersonName(lab.paths.root),
    rating: null,
    sections: {
      hypothesis: input.text('hypothesis')?.trim() ?? '',
      mechanism: input.text('mechanism')?.trim() ?? '',
      change: input.text('change')?.trim() ?? '',
      testPlan: input.text('test-plan')?.trim() ?? '',
      sources: '',
      critique: '',
      outcome: '',
    },
  };
}

/** Null where the person left the text as it was: nothing is written then. */
async function writeInEditor(lab: OpenLab, drafted: Idea): Promise<string | null> {
  const hints = readPlaceholders(lab);
  const start = addPlaceholders(formatIdea(drafted), hints);
  const draft = createDraft(lab.paths, drafted.slug, start);
  await openEditor(draft);
  const typed = readText(draft.path);
  if (typed === start || typed.trim() === '') {
    removeDraft(draft);
    process.stderr.write('nothing was written: the text was left as it was\n');
    return null;
  }
  try {
    const text = removePlaceholders(typed, hints);
    const path = await addNew(lab, parseIdea(text, ideaFileName(drafted)).idea, text);
    removeDraft(draft);
    return path;
  } catch (error) {
    process.stderr.write(`your text is in ${draft.shownPath}\n`);
    throw error;
  }
}

/**
 * Adds the file as it was written, so that headings and keys of the person's own stay. Throws LabError (user) where the slug is taken.
 */
async function addNew(lab: OpenLab, idea: Idea, text: string): Promise<string> {
  const { paths, main, gate, signal, tell } = createRecording(lab);
  const path = `1_ideas/${ideaFileName(idea)}`;
  const before = await readIdeas(paths.root, main);
  const twin = findDuplicate(
    idea,
    before.map((stored) => stored.idea),
  );
  const isTaken = before.some((stored) => stored.idea.slug === idea.slug);
  if (twin !== null && !isTaken)
    tell(`note: much like ${twin.slug} (${Math.round(100 * twin.similarity)} % alike); \`lab idea show ${twin.slug}\``);
  await recordPatiently(gate, signal, tell, async () => {
    const ideas = await readIdeas(paths.root, main);
    const taken = ideas.find((stored) => stored.idea.slug === idea.slug || stored.path === path);
    if (taken?.path === path && taken.text === text && !isTaken) return null;
    if (taken !== undefined) {
      throw new LabError('user', `${taken.path} has the slug "${taken.idea.slug}" already`, {
        hints: [`lab idea edit ${taken.idea.slug}`, '--slug gives the new idea another name'],
      });
    }
    return { subject: `add idea ${idea.slug}`, changes: [{ path, from: null, to: text }], entries: [] };
  });
  return path;
}

/** What the lab's template says under each heading; empty where the lab has none. */
function readPlaceholders(lab: OpenLab): Partial<IdeaSections> {
  const path = join(lab.paths.root, '1_ideas', '_TEMPLATE.md');
  return existsSync(path) ? parseIdea(readText(path), basename(path)).idea.sections : {};
}

function asComment(hint: string): string {
  return `<!-- ${hint.replaceAll('--', '-')} -->`;
}

function addPlaceholders(text: string, hints: Partial<IdeaSections>): string {
  return ideaHeadings.reduce((page, [key, heading]) => {
    const hint = hints[key] ?? '';
    return hint === '' ? page : page.replace(`## ${heading}\n`, (line) => `${line}\n${asComment(hint)}\n`);
  }, text);
}

function removePlaceholders(text: string, hints: Partial<IdeaSections>): string {
  const marks = Object.values(hints).filter((hint) => hint !== '');
  return marks.reduce((page, hint) => page.replace(`\n${asComment(hint)}\n`, ''), text);
}
