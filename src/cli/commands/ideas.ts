/** `lab ideas`: the ideas as a table, the best rated first. Reads files and git, no daemon. */
import { recordedAuthor, recordingNotice } from '../../agents/recording-notice.ts';
import { type Idea, ideaCategories, ideaStates } from '../../domain/idea.ts';
import { LabError } from '../../errors/lab-error.ts';
import { checkIdea } from '../../lab/check-idea.ts';
import { readIdeas, type StoredIdea } from '../../lab/ideas.ts';
import type { CommandSpec } from '../define.ts';
import { openLab } from '../open-lab.ts';
import { disarmLine } from '../page.ts';
import { cut, renderTable, terminalWidth } from '../render.ts';
import { parseChoice } from '../verbs.ts';

const sortKeys = ['rating', 'date', 'slug'] as const;
type SortKey = (typeof sortKeys)[number];

/** Least width of the title column. */
const leastTitle = 20;

/** Lists the ideas. */
export const ideas: CommandSpec = {
  name: 'ideas',
  summary: 'List the ideas, the best rated first',
  usage: '',
  options: [
    { name: 'state', value: 'word', description: ideaStates.join(', ') },
    { name: 'category', value: 'word', description: ideaCategories.join(', ') },
    { name: 'min-rating', value: 'number', description: 'Only those rated so or better, 0 to 10' },
    { name: 'rejected', description: 'Those that were turned away, in their place' },
    { name: 'sort', value: 'key', description: 'rating (the default, best first), date (newest first) or slug' },
    { name: 'json', description: 'Print as JSON' },
  ],
  examples: ['lab ideas', 'lab ideas --min-rating 7 --state critiqued', "lab ideas --json | jq '.ideas[].slug'"],
  async run(input) {
    const state = parseChoice('state', input.text('state'), ideaStates);
    const category = parseChoice('category', input.text('category'), ideaCategories);
    const sort = parseChoice('sort', input.text('sort'), sortKeys) ?? 'rating';
    const minRating = input.number('min-rating');
    if (minRating !== null && (minRating < 0 || minRating > 10))
      throw new LabError('usage', `--min-rating got "${minRating}", expected a number from 0 to 10`);
    const { paths, main } = await openLab();
    const all = await readIdeas(paths.root, main);
    const isRejected = input.flag('rejected');
    const shown = all
      .filter((stored) => state === 'rejected' || stored.isRejected === isRejected)
      .filter(({ idea }) => state === null || idea.state === state)
      .filter(({ idea }) => category === null || idea.category === category)
      .filter(({ idea }) => minRating === null || (idea.rating !== null && idea.rating >= minRating))
      .sort((a, b) => compareIdeas(a.idea, b.idea, sort));
    for (const stored of shown) tellProblems(stored);
    if (shown.some(({ idea }) => idea.author === recordedAuthor)) process.stderr.write(`${recordingNotice}\n`);
    if (input.flag('json'))
      process.stdout.write(`${JSON.stringify({ counts: countStates(all), ideas: shown.map(toJson) }, null, 2)}\n`);
    else process.stdout.write(renderIdeas(all, shown, isRejected));
    return 0;
  },
};

/** The first thing that a person should mend in a file, on one line; an idea that is decided or turned away is past mending. */
function tellProblems({ idea, path, problems, isRejected }: StoredIdea): void {
  const isOver = isRejected || idea.state === 'decided' || idea.state === 'rejected';
  const [first, ...others] = isOver ? problems : [...problems, ...checkIdea(idea)];
  if (first === undefined) return;
  const more = others.length === 0 ? '' : ` (and ${others.length} more: \`lab idea show ${disarmLine(idea.slug)}\`)`;
  process.stderr.write(`${path}: ${disarmLine(first)}${more}\n`);
}

function toJson({ idea, path, isRejected, problems }: StoredIdea) {
  return { ...idea, path, isRejected, problems, missing: checkIdea(idea) };
}

function compareIdeas(a: Idea, b: Idea, sort: SortKey): number {
  const bySlug = a.slug.localeCompare(b.slug);
  if (sort === 'slug') return bySlug;
  if (sort === 'date') return b.date.localeCompare(a.date) || bySlug;
  // One without a rating stands behind one that is rated 0.
  return (b.rating ?? -1) - (a.rating ?? -1) || bySlug;
}

/** What 1_ideas/ holds: those that count, by state (only states that occur), and those in rejected/. */
function countStates(all: readonly StoredIdea[]): { ideas: number; states: Record<string, number>; rejected: number } {
  const kept = all.filter((stored) => !stored.isRejected);
  const states: Record<string, number> = {};
  for (const state of [...ideaStates].reverse()) {
    const number = kept.filter(({ idea }) => idea.state === state).length;
    if (number > 0) states[state] = number;
  }
  return { ideas: kept.length, states, rejected: all.length - kept.length };
}

function renderIdeas(all: readonly StoredIdea[], shown: readonly StoredIdea[], isRejected: boolean): string {
  if (all.length === 0)
    return 'no ideas yet: `lab ideate` has an agent think up some, `lab idea new "title"` writes one of your own\n';
  const counts = countStates(all);
  const states = Object.entries(counts.states).map(([state, number]) => `${number} ${state}`);
  const kept = `${counts.ideas} ${counts.ideas === 1 ? 'idea' : 'ideas'}${states.length > 0 ? `: ${states.join(', ')}` : ''}`;
  const head = `${kept}${counts.rejected > 0 ? `; ${counts.rejected} rejected (\`lab ideas --rejected\`)` : ''}\n`;
  if (shown.length === 0) return `${head}none to show${isRejected ? ' in 1_ideas/rejected/' : ''}\n`;
  const listed = isRejected ? counts.rejected : counts.ideas;
  const more = shown.length < listed ? `${shown.length} of ${listed} shown\n` : '';
  return `${head}${more}\n${renderIdeaTable(shown.map((stored) => stored.idea))}`;
}

function renderIdeaTable(shown: readonly Idea[]): string {
  const rows = shown.map((idea) => [
    idea.rating === null ? '' : String(idea.rating),
    disarmLine(idea.slug),
    idea.category,
    idea.state,
    cut(disarmLine(idea.expected), 22),
    idea.costMinutes === null ? '' : `${idea.costMinutes} min`,
  ]);
  const header = ['rating', 'slug', 'category', 'state', 'expected', 'cost'];
  const used = header.reduce(
    (sum, name, column) => sum + 2 + Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)),
    0,
  );
  const room = Math.max(leastTitle, terminalWidth() - used);
  const cells = rows.map((row, index) => [...row, cut(disarmLine(shown[index]?.title ?? ''), room)]);
  return renderTable([...header, 'title'], cells, new Set([0, 5]));
}
