/**
 * An independent opinion on every idea that has none: a critic rates it, names what it repeats, and what only turns a knob. Duplicates and
 * knob-turning are turned away, everything else gets its rating and the critic's words.
 */
import { readCritiques } from '../agents/outbox.ts';
import { renderPrompt } from '../agents/prompts.ts';
import type { Critique } from '../domain/idea.ts';
import { LabError } from '../errors/lab-error.ts';
import { readIdeas, type StoredIdea } from '../lab/ideas.ts';
import { reachPoint } from '../lab/named-point.ts';
import type { PipelineContext } from './context.ts';
import { changeIdeas, type IdeaEdit, rejectIdeas } from './record-idea.ts';
import { type AgentFolders, listUntaken, markTaken, runAgent } from './run-agent.ts';

/** How many ideas a critic is given at once. */
const batch = 10;
/** How often a critic may leave an idea out before the lab stops asking. */
const maxTries = 2;

/**
 * Critiques all proposed ideas, or those named. Null where each of them has one now, else why not; such ideas stay proposed. Throws
 * LabError (agent) where the critic cannot work at all.
 */
export async function critiqueIdeas(context: PipelineContext, slugs: string[] | null = null): Promise<string | null> {
  const { paths, main } = context;
  for (const { folders, agent } of listUntaken(paths, 'critic')) {
    const waiting = (await readIdeas(paths.root, main)).filter(isWaiting);
    await takeCritiques(context, folders, agent, waiting, []);
  }
  const tries = new Map<string, number>();
  for (;;) {
    const waiting = (await readIdeas(paths.root, main)).filter(
      (stored) =>
        (slugs === null ? isWaiting(stored) : slugs.includes(stored.idea.slug) && isWaiting(stored)) &&
        (tries.get(stored.idea.slug) ?? 0) < maxTries,
    );
    if (waiting.length === 0) break;
    const chosen = waiting.slice(0, batch);
    for (const { idea } of chosen) tries.set(idea.slug, (tries.get(idea.slug) ?? 0) + 1);
    await critiqueBatch(context, chosen);
  }
  const left = (await readIdeas(paths.root, main)).filter((stored) => isWaiting(stored) && tries.has(stored.idea.slug));
  return left.length === 0 ? null : `the critic gave no opinion on ${left.map(({ idea }) => idea.slug).join(', ')}`;
}

function isWaiting({ idea, isRejected }: StoredIdea): boolean {
  return !isRejected && idea.state === 'proposed';
}

async function critiqueBatch(context: PipelineContext, chosen: StoredIdea[]): Promise<void> {
  const { paths } = context;
  const { folders, result, use } = await runAgent(context, {
    role: 'critic',
    slug: null,
    round: 1,
    wanted: null,
    directory: paths.root,
    mayEdit: false,
    inbox: Object.fromEntries(chosen.map(({ idea, text }) => [`${idea.slug}.md`, text])),
    prompt: ({ inbox, outbox }) =>
      renderPrompt('critic', paths.root, {
        labRoot: paths.root,
        inbox,
        outbox,
        slugs: chosen.map(({ idea }) => idea.slug).join(', '),
      }),
  });
  const taken = await takeCritiques(context, folders, use.agent, chosen, chosen);
  if (result.status !== 'done' && taken === 0)
    throw new LabError('agent', `the critic (${use.agent}) gave no opinion: ${result.reason}`, {
      hints: [`its transcript: ${result.transcriptPath}`],
    });
}

/** Writes the opinions in an outbox that concern `waiting` ideas; what of `asked` is missing is told. Gives how many there were. */
async function takeCritiques(
  context: PipelineContext,
  folders: AgentFolders,
  agent: string,
  waiting: StoredIdea[],
  asked: StoredIdea[],
): Promise<number> {
  const slugs = waiting.map(({ idea }) => idea.slug);
  const { critiques, problems } = readCritiques(folders.outbox, slugs);
  if (asked.length > 0) for (const problem of problems) context.tell(`  critic: ${problem}`);
  const reasons = new Map<string, { reason: string; edit: IdeaEdit }>();
  const edits = new Map<string, IdeaEdit>();
  for (const critique of critiques) {
    const text = `Rating ${critique.rating} of 10, by ${agent}.\n\n${critique.text}`;
    const reason = faultOf(critique);
    if (reason === null) edits.set(critique.slug, { state: 'critiqued', rating: critique.rating, critique: text });
    else reasons.set(critique.slug, { reason, edit: { rating: critique.rating, critique: text } });
    context.tell(`  ${critique.slug}: ${reason ?? `rated ${critique.rating}`}`);
  }
  reachPoint('critiques-taken');
  const count = (number: number) => `${number} ${number === 1 ? 'idea' : 'ideas'}`;
  if (reasons.size > 0)
    await rejectIdeas(context, reasons, `${count(reasons.size)} turned away by the critic (${agent})`);
  if (edits.size > 0) await changeIdeas(context, edits, `critique of ${count(edits.size)} (${agent})`);
  reachPoint('critiques-recorded');
  markTaken(folders);
  return critiques.length;
}

function faultOf({ duplicateOf, isKnobOnly }: Critique): string | null {
  if (duplicateOf !== null) return `says the same as ${duplicateOf}`;
  return isKnobOnly ? 'turns a knob and gives no mechanism' : null;
}
