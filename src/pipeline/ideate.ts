/**
 * Thinks up ideas until the lab has enough of them: an ideator proposes, the lab turns away what is incomplete or there already, a critic
 * rates the rest. Stopped at any moment it goes on where it was; what an agent handed in before is taken first.
 */
import { readProposedIdeas } from '../agents/outbox.ts';
import { renderPrompt } from '../agents/prompts.ts';
import type { Idea } from '../domain/idea.ts';
import { LabError } from '../errors/lab-error.ts';
import { slugify } from '../lab/idea-text.ts';
import { countIdeas, readIdeas, type StoredIdea } from '../lab/ideas.ts';
import { reachPoint } from '../lab/named-point.ts';
import { findDuplicate } from '../lab/similarity.ts';
import type { PipelineContext } from './context.ts';
import { critiqueIdeas } from './critique.ts';
import { addIdeas } from './record-idea.ts';
import { type AgentFolders, listUntaken, markTaken, runAgent } from './run-agent.ts';

/** How many ideas an ideator is asked for at once: more, and the last ones of a batch get thin. */
const batch = 8;
/** Runs of the ideator in a row that bring nothing new before the lab gives up. */
const maxBarrenRuns = 2;

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

/** Goes on until `until` ideas are there and all of them have a critique. Throws LabError (agent) where the ideator cannot work. */
export async function ideate(context: PipelineContext, until: number): Promise<IdeateSummary> {
  const { paths, main, tell } = context;
  const before = await readIdeas(paths.root, main);
  const known = new Set(before.map((stored) => stored.idea.slug));
  for (const { folders, agent } of listUntaken(paths, 'ideator')) await takeIdeas(context, folders, agent);
  let barren = 0;
  let shortfall: string | null = null;
  let last = -1;
  for (;;) {
    const critics = await critiqueIdeas(context);
    const ideas = await readIdeas(paths.root, main);
    const count = countIdeas(ideas);
    if (count !== last) tell(`${count} of ${until} ideas`);
    last = count;
    if (count >= until || barren === maxBarrenRuns) {
      if (count < until) shortfall = `the ideator brought nothing new in ${maxBarrenRuns} runs`;
      const fresh = ideas.filter((stored) => !known.has(stored.idea.slug));
      const rejected = fresh.filter((stored) => stored.isRejected).length;
      return { count, added: fresh.length - rejected, rejected, shortfall: critics ?? shortfall };
    }
    barren = (await propose(context, Math.min(batch, until - count), ideas)) === 0 ? barren + 1 : 0;
  }
}

/** Runs the ideator once. Gives how many of its ideas are new to the lab, those turned away included. */
async function propose(context: PipelineContext, wanted: number, ideas: StoredIdea[]): Promise<number> {
  const { paths } = context;
  const { folders, result, use } = await runAgent(context, {
    role: 'ideator',
    slug: null,
    round: 1,
    wanted,
    directory: paths.root,
    mayEdit: false,
    inbox: { 'ideas.md': listForAgents(ideas) },
    prompt: ({ inbox, outbox }) =>
      renderPrompt('ideator', paths.root, { labRoot: paths.root, inbox, outbox, wanted: String(wanted) }),
  });
  const taken = await takeIdeas(context, folders, use.agent);
  if (result.status !== 'done' && taken === 0)
    throw new LabError('agent', `the ideator (${use.agent}) brought no ideas: ${result.reason}`, {
      hints: [`its transcript: ${result.transcriptPath}`],
    });
  return taken;
}

/** Every idea in one line each, with where it stands, so that an agent need not open forty files to avoid repeating one. */
function listForAgents(ideas: StoredIdea[]): string {
  const lines = ideas.map(
    ({ idea, isRejected }) =>
      `- ${idea.slug} (${isRejected ? 'rejected' : idea.state}, expected ${idea.expected || 'no figure'}): ${idea.title}`,
  );
  return `# Ideas that are there already\n\n${lines.length === 0 ? 'none yet' : lines.join('\n')}\n`;
}

/** Puts what an ideator handed in on main: good ideas as proposed, the others as rejected with the reason. Gives how many were new. */
async function takeIdeas(context: PipelineContext, folders: AgentFolders, agent: string): Promise<number> {
  const { paths, main, tell } = context;
  const proposed = readProposedIdeas(folders.outbox);
  for (const problem of proposed.problems) tell(`  ideator: ${problem}`);
  const known = (await readIdeas(paths.root, main)).map((stored) => stored.idea);
  const fresh: Idea[] = [];
  const date = new Date().toISOString().slice(0, 10);
  for (const { idea: raw, problems } of proposed.ideas) {
    const others = [...known, ...fresh];
    const slug = slugify(raw.slug || raw.title);
    // Asked a second time after a crash, or handed in twice: it is there already.
    if (others.some((other) => other.title === raw.title && other.sections.hypothesis === raw.sections.hypothesis))
      continue;
    const reason = findFault(raw, problems, others);
    const idea: Idea = {
      ...raw,
      slug: freeSlug(slug, others),
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

function freeSlug(slug: string, others: Idea[]): string {
  const taken = new Set(others.map((other) => other.slug));
  for (let count = 2, name = slug; ; name = `${slug}-${count}`, count += 1) if (!taken.has(name)) return name;
}
