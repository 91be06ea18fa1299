/**
 * Thinks up ideas until the lab has enough of them: an ideator proposes, the lab turns away what is incomplete or there already, a critic
 * rates the rest. Stopped at any moment it goes on where it was; what an agent handed in before is taken first.
 */
import { readProposedIdeas } from '../agents/outbox.ts';
import { renderPrompt } from '../agents/prompts.ts';
import type { Idea } from '../domain/idea.ts';
import { formatLocalTime } from '../domain/time.ts';
import { LabError } from '../errors/lab-error.ts';
import { maxTitleLength } from '../lab/check-idea.ts';
import { formatLine } from '../lab/front-matter-values.ts';
import { parseIdeaFileName, slugify } from '../lab/idea-text.ts';
import { countIdeas, readIdeas, type StoredIdea } from '../lab/ideas.ts';
import { reachPoint } from '../lab/named-point.ts';
import { findDuplicate } from '../lab/similarity.ts';
import type { PipelineContext } from './context.ts';
import { critiqueIdeas } from './critique.ts';
import { readLearned } from './ideator-inbox.ts';
import { addIdeas } from './record-idea.ts';
import { type AgentFolders, listUntaken, markTaken, runAgent } from './run-agent.ts';

/** How many ideas an ideator is asked for at once: more, and the last ones of a batch get thin. */
const batch = 8;
/** Runs of the ideator in a row after which no more ideas stay than before, until the lab gives up. */
const maxBarrenRuns = 2;
/** Characters of a reason that an agent or a person is shown. */
const maxReason = 200;

/** What came of it. */
export interface IdeateSummary {
  /** Ideas in 1_ideas, rejected ones excluded. */
  count: number;
  /** New ones that stayed. */
  added: number;
  /** New ones that were turned away. */
  rejected: number;
  /** Why it ended below the wanted number; null where it did not. */
  shortfall: string | null;
}

/**
 * Goes on until `until` ideas are there and all of them have a critique, or until the ideator brings nothing that stays. Throws LabError
 * (agent) where the ideator cannot work.
 */
export async function ideate(context: PipelineContext, until: number): Promise<IdeateSummary> {
  const { paths, main, tell } = context;
  const before = await readIdeas(paths.root, main);
  for (const { path, problems } of before.filter(({ isUsable, isRejected }) => !isUsable && !isRejected))
    tell(`left out: ${formatLine(path)}: ${problems.join('; ')}`);
  const known = new Set(before.map((stored) => stored.idea.slug));
  for (const { folders, agent, wanted } of listUntaken(paths, 'ideator'))
    await takeIdeas(context, folders, agent, wanted ?? batch);
  let barren = 0;
  let last = -1;
  // The most that there ever were: a critic who takes one away for each one that comes would keep a mere comparison going for ever.
  let most = -1;
  let seen = new Set<string>();
  for (;;) {
    const critics = await critiqueIdeas(context);
    const ideas = await readIdeas(paths.root, main);
    const count = countIdeas(ideas);
    if (count !== last) tell(`${count} of ${until} ideas`);
    last = count;
    const away = ideas.filter(({ isRejected }) => isRejected);
    // The first round only counts what there is.
    if (most >= 0) barren = count > most ? 0 : barren + 1;
    const inVain = away.filter(({ path }) => !seen.has(path));
    if (barren === 0) seen = new Set(away.map(({ path }) => path));
    most = Math.max(most, count);
    if (count >= until || barren === maxBarrenRuns) {
      const fresh = ideas.filter((stored) => !known.has(stored.idea.slug));
      const rejected = fresh.filter((stored) => stored.isRejected).length;
      const reasons = [critics, count < until ? explainShortfall(inVain) : null].filter((reason) => reason !== null);
      const shortfall = reasons.length === 0 ? null : reasons.join('; ');
      return { count, added: fresh.length - rejected, rejected, shortfall };
    }
    await propose(context, Math.min(batch, until - count), ideas);
  }
}

/** Why there are no more, from the ideas that were turned away since the last one that stayed. */
function explainShortfall(inVain: StoredIdea[]): string {
  const [first] = inVain;
  if (first === undefined) return `the ideator brought nothing new in ${maxBarrenRuns} runs`;
  const what = inVain.length === 1 ? 'the last idea was' : `the last ${inVain.length} ideas were`;
  const reason = readReason(first) ?? 'no reason is written in its file';
  return `${what} turned away: ${inVain.length === 1 ? '' : 'the first, '}${first.idea.slug}: ${reason}`;
}

/** Why an idea was turned away, on one line; null where its file does not say. */
function readReason({ idea }: StoredIdea): string | null {
  const { outcome } = idea.sections;
  const at = outcome.lastIndexOf('Rejected: ');
  const reason = formatLine(at < 0 ? outcome : outcome.slice(at + 'Rejected: '.length));
  return reason === '' ? null : cut(reason, maxReason);
}

function cut(text: string, most: number): string {
  const letters = [...text];
  return letters.length <= most ? text : `${letters.slice(0, most - 1).join('')}…`;
}

/** Runs the ideator once and takes what it hands in. */
async function propose(context: PipelineContext, wanted: number, ideas: StoredIdea[]): Promise<void> {
  const { paths } = context;
  const learned = await readLearned(context, ideas);
  const { folders, result, use } = await runAgent(context, {
    role: 'ideator',
    slug: null,
    round: 1,
    wanted,
    directory: paths.root,
    mayEdit: false,
    inbox: { 'ideas.md': listForAgents(ideas), ...learned },
    prompt: ({ inbox, outbox }) =>
      renderPrompt('ideator', paths.root, { labRoot: paths.root, inbox, outbox, wanted: String(wanted) }),
  });
  const taken = await takeIdeas(context, folders, use.agent, wanted);
  if (result.status !== 'done' && taken === 0)
    throw new LabError('agent', `the ideator (${use.agent}) brought no ideas: ${result.reason}`, {
      hints: [`its transcript: ${result.transcriptPath}`],
    });
}

/** Every idea in one line each, with where it stands and why it was turned away, so that an agent need not open forty files to avoid repeating one. */
function listForAgents(ideas: StoredIdea[]): string {
  const lines = ideas
    .filter(({ isUsable }) => isUsable)
    .map((stored) => {
      const { idea, isRejected } = stored;
      const title = cut(formatLine(idea.title), maxTitleLength);
      const away = isRejected ? ` [turned away: ${readReason(stored) ?? 'no reason is written'}]` : '';
      const state = isRejected ? 'rejected' : idea.state;
      return `- ${idea.slug} (${state}, expected ${idea.expected || 'no figure'}): ${title}${away}`;
    });
  return `# Ideas that are there already\n\n${lines.length === 0 ? 'none yet' : lines.join('\n')}\n`;
}

/** Puts what an ideator handed in on main: good ideas as proposed, the others as rejected with the reason. Gives how many were new. */
async function takeIdeas(
  context: PipelineContext,
  folders: AgentFolders,
  agent: string,
  wanted: number,
): Promise<number> {
  const { paths, main, tell } = context;
  const proposed = readProposedIdeas(folders.outbox);
  for (const problem of proposed.problems) tell(`  ideator: ${problem}`);
  const stored = await readIdeas(paths.root, main);
  const known = stored.map(({ idea }) => idea);
  // A file may be named after another slug than the one in it: its name is taken too.
  const names = stored.flatMap(({ path }) => parseIdeaFileName(path).slug ?? []);
  const fresh: Idea[] = [];
  const date = formatLocalTime(new Date()).slice(0, 10);
  for (const { idea: raw, problems } of proposed.ideas) {
    // More than was asked for costs critics: some may be turned away, so twice as many are welcome.
    if (fresh.length >= 2 * wanted) {
      tell(`  ideator: handed in ${proposed.ideas.length} ideas, ${wanted} were wanted; the rest was left`);
      break;
    }
    const others = [...known, ...fresh];
    const slug = slugify(raw.slug || raw.title);
    // Asked a second time after a crash, or handed in twice: it is there already.
    if (others.some((other) => other.title === raw.title && other.sections.hypothesis === raw.sections.hypothesis))
      continue;
    const reason = findFault(raw, problems, others);
    const idea: Idea = {
      ...raw,
      slug: freeSlug(slug, [...names, ...others.map((other) => other.slug)]),
      date,
      author: agent,
      rating: null,
      state: reason === null ? 'proposed' : 'rejected',
      sections: { ...raw.sections, critique: '', outcome: reason === null ? '' : `Rejected: ${reason}` },
    };
    fresh.push(idea);
    tell(reason === null ? `  + ${idea.slug}: ${idea.title}` : `  - ${idea.slug} turned away: ${reason}`);
  }
  reachPoint('ideas-taken');
  const stay = fresh.filter((idea) => idea.state === 'proposed').length;
  const away = fresh.length - stay;
  await addIdeas(
    context,
    fresh,
    `${stay} new ${stay === 1 ? 'idea' : 'ideas'}${away > 0 ? `, ${away} turned away` : ''} (${agent})`,
  );
  reachPoint('ideas-recorded');
  markTaken(folders);
  return fresh.length;
}

function findFault(idea: Idea, problems: string[], others: Idea[]): string | null {
  if (problems.length > 0) return problems.join('; ');
  const twin = findDuplicate(idea, others);
  return twin === null ? null : `says the same as ${twin.slug} (${Math.round(100 * twin.similarity)} % alike)`;
}

function freeSlug(slug: string, taken: string[]): string {
  for (let count = 2, name = slug; ; name = `${slug}-${count}`, count += 1) if (!taken.includes(name)) return name;
}
