/**
 * An independent opinion on every idea that has none: a critic rates it, names what it repeats, and what only turns a knob. Duplicates and
 * knob-turning are turned away, everything else gets its rating and the critic's words.
 */
import { readCritiques } from '../agents/outbox.ts';
import { renderPrompt } from '../agents/prompts.ts';
import { LabError } from '../errors/lab-error.ts';
import { checkIdea } from '../lab/check-idea.ts';
import { readIdeas, type StoredIdea } from '../lab/ideas.ts';
import { reachPoint } from '../lab/named-point.ts';
import type { PipelineContext } from './context.ts';
import { changeIdeas, type IdeaEdit, rejectIdeas } from './record-idea.ts';
import { type AgentFolders, listUntaken, markTaken, runAgent } from './run-agent.ts';
import { settleDuplicates } from './settle-duplicates.ts';

/** How many ideas a critic is given at once. */
const batch = 10;
/** How often a critic may leave an idea out before the lab stops asking. */
const maxTries = 2;

/**
 * Critiques all proposed ideas that can be used, or those named. Null where each of them has one now, else why not; such ideas stay proposed.
 * Throws LabError (agent) where the critic cannot work at all.
 */
export async function critiqueIdeas(context: PipelineContext, slugs: string[] | null = null): Promise<string | null> {
  const { paths, main } = context;
  // An idea that cannot be written into is not asked about again: the opinion is there, and lies in its run until it can be.
  const stuck = new Set<string>();
  for (const { folders, agent } of listUntaken(paths, 'critic')) {
    const waiting = (await readIdeas(paths.root, main)).filter(isWaiting);
    for (const slug of (await takeCritiques(context, folders, agent, waiting, [])).unwritten) stuck.add(slug);
  }
  const tries = new Map<string, number>();
  for (;;) {
    const waiting = (await readIdeas(paths.root, main)).filter(
      (stored) =>
        (slugs === null ? isWaiting(stored) : slugs.includes(stored.idea.slug) && isWaiting(stored)) &&
        !stuck.has(stored.idea.slug) &&
        (tries.get(stored.idea.slug) ?? 0) < maxTries,
    );
    if (waiting.length === 0) break;
    const chosen = waiting.slice(0, batch);
    for (const { idea } of chosen) tries.set(idea.slug, (tries.get(idea.slug) ?? 0) + 1);
    for (const slug of await critiqueBatch(context, chosen)) stuck.add(slug);
  }
  const left = (await readIdeas(paths.root, main)).filter(isWaiting).map(({ idea }) => idea.slug);
  const silent = left.filter((slug) => tries.has(slug) && !stuck.has(slug));
  const unwritten = left.filter((slug) => stuck.has(slug) && (slugs === null || slugs.includes(slug)));
  const reasons = [
    ...(silent.length === 0 ? [] : [`the critic gave no opinion on ${silent.join(', ')}`]),
    ...(unwritten.length === 0 ? [] : [`the critique could not be written into ${unwritten.join(', ')}`]),
  ];
  return reasons.length === 0 ? null : reasons.join('; ');
}

function isWaiting({ idea, isRejected, isUsable }: StoredIdea): boolean {
  // What cannot be researched as it stands is not worth an opinion yet; `lab ideas` says what it lacks.
  return isUsable && !isRejected && idea.state === 'proposed' && checkIdea(idea).length === 0;
}

/** Runs the critic once. Gives the ideas that its opinion could not be written into. */
async function critiqueBatch(context: PipelineContext, chosen: StoredIdea[]): Promise<string[]> {
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
  const { count, unwritten } = await takeCritiques(context, folders, use.agent, chosen, chosen);
  if (result.status !== 'done' && count === 0)
    throw new LabError('agent', `the critic (${use.agent}) gave no opinion: ${result.reason}`, {
      hints: [`its transcript: ${result.transcriptPath}`],
    });
  return unwritten;
}

/** Writes the opinions in an outbox that concern `waiting` ideas; what of `asked` is missing is told. Gives how many there were. */
async function takeCritiques(
  context: PipelineContext,
  folders: AgentFolders,
  agent: string,
  waiting: StoredIdea[],
  asked: StoredIdea[],
): Promise<{ count: number; unwritten: string[] }> {
  const { paths, main, tell } = context;
  const { critiques, problems } = readCritiques(
    folders.outbox,
    waiting.map(({ idea }) => idea.slug),
  );
  if (asked.length > 0) for (const problem of problems) tell(`  critic: ${problem}`);
  // Read again: while the critic was at work, a person may have turned one away or taken its file.
  const ideas = await readIdeas(paths.root, main);
  const still = new Set(ideas.filter(isWaiting).map(({ idea }) => idea.slug));
  const usable = critiques.filter(({ slug }) => still.has(slug));
  for (const { slug } of critiques) if (!still.has(slug)) tell(`  ${slug}: no critique is wanted any more`);
  const { repeats, problems: unsettled } = settleDuplicates(usable, ideas);
  for (const problem of unsettled) tell(`  critic: ${problem}`);
  const reasons = new Map<string, { reason: string; edit: IdeaEdit }>();
  const edits = new Map<string, IdeaEdit>();
  for (const { slug, rating, isKnobOnly, text: opinion } of usable) {
    const critique = `Rating ${rating} of 10, by ${agent}.\n\n${opinion}`;
    const twin = repeats.get(slug);
    const knob = isKnobOnly ? 'turns a knob and gives no mechanism' : null;
    const reason = twin === undefined ? knob : `says the same as ${twin}`;
    if (reason === null) edits.set(slug, { state: 'critiqued', rating, critique });
    else reasons.set(slug, { reason, edit: { rating, critique } });
    tell(`  ${slug}: ${reason ?? `rated ${rating}`}`);
  }
  reachPoint('critiques-taken');
  const count = (number: number) => `${number} ${number === 1 ? 'idea' : 'ideas'}`;
  const unwritten = [
    ...(await recordAll(context, reasons, (part) =>
      rejectIdeas(context, part, `${count(part.size)} turned away by the critic (${agent})`),
    )),
    ...(await recordAll(context, edits, (part) =>
      changeIdeas(context, part, `critique of ${count(part.size)} (${agent})`),
    )),
  ];
  reachPoint('critiques-recorded');
  // What could not be written is tried again by the next command, without asking the critic anew.
  if (unwritten.length === 0) markTaken(folders);
  return { count: critiques.length, unwritten };
}

/** Has all recorded in one commit, and where that does not go each by itself, so that no idea holds another back. Gives those that could not be. */
async function recordAll<Value>(
  { tell }: PipelineContext,
  values: ReadonlyMap<string, Value>,
  record: (part: ReadonlyMap<string, Value>) => Promise<void>,
): Promise<string[]> {
  const failed: string[] = [];
  const tryOne = async (part: ReadonlyMap<string, Value>): Promise<LabError | null> => {
    try {
      await record(part);
      return null;
    } catch (error) {
      // Only what is about a file: a lab that is being stopped, or has no daemon, is no matter of one idea.
      if (error instanceof LabError && (error.kind === 'user' || error.kind === 'refused')) return error;
      throw error;
    }
  };
  if (values.size === 0 || (await tryOne(values)) === null) return failed;
  for (const [slug, value] of values) {
    const error = await tryOne(new Map([[slug, value]]));
    if (error === null) continue;
    tell(`  ${slug}: its critique could not be written: ${error.message}`);
    failed.push(slug);
  }
  return failed;
}
