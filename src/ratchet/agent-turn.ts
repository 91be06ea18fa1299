/**
 * One turn of the agent: it is told where the session stands, edits, and hands in what it did. Nothing that it does ends or bends the session: a
 * change of anything else than the session's files is refused and put back, and so is one of the budget.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readLogTail } from '../../workers/log-reading/log-tail.ts';
import { fenceData } from '../agents/fence.ts';
import { readOutboxFile } from '../agents/outbox-files.ts';
import { renderPrompt } from '../agents/prompts.ts';
import type { RatchetSession } from '../domain/ratchet.ts';
import { LabError } from '../errors/lab-error.ts';
import { runGit } from '../git/run-git.ts';
import { findValue, parseFrontMatter } from '../lab/front-matter.ts';
import { reachPoint } from '../lab/named-point.ts';
import type { PipelineContext } from '../pipeline/context.ts';
import { oneLine } from '../pipeline/experiment-steps.ts';
import { runAgent } from '../pipeline/run-agent.ts';
import { checkExperimentCommit } from '../rules/experiment-check.ts';
import { findBudgetEdits, readConstants } from './budget.ts';
import { formatPlace } from './decide-iteration.ts';
import { explorationSteps, listNearMisses } from './exploration.ts';
import { findBest, type Iteration, isDecided, lastTry, metricOf } from './iteration.ts';
import { commitEdits, type EditsRead } from './session-tree.ts';

/** What a turn came to. */
export type AgentTurn =
  | { kind: 'change'; commit: string; description: string; hypothesis: string; category: string; next: string[] }
  /** The change was turned away, or there was none; the agent may be told and asked again. */
  | { kind: 'refused'; reason: string }
  /** It says that what crashed is no slip. */
  | { kind: 'cannot'; reason: string }
  /** It could not work at all: no login, no such program, a limit of use. */
  | { kind: 'unable'; reason: string };

/** What a turn is about. */
export interface TurnTask {
  session: RatchetSession;
  /** All iterations before it, decided. */
  before: readonly Iteration[];
  iteration: Iteration;
  /** Why its work came back, or what crashed; "" in the first turn. */
  back: string;
  /** True where it is to mend what crashed. */
  isFix: boolean;
}

/** Most lines of rows that an agent is given; older ones are told by their number. */
const mostRows = 60;

/** Runs the turn and commits its change on the iteration's base. */
export async function takeTurn(context: PipelineContext, task: TurnTask, table: string): Promise<AgentTurn> {
  const { paths } = context;
  const { session, iteration, isFix } = task;
  const run = await runAgent(context, {
    role: 'ratchet',
    slug: null,
    round: iteration.tries.length + 1,
    wanted: null,
    directory: session.worktree,
    mayEdit: true,
    inbox: await fillInbox(context, task, table),
    prompt: ({ inbox, outbox }) =>
      renderPrompt('ratchet', paths.root, { ...describeTask(task, inbox), labRoot: paths.root, inbox, outbox }),
  });
  reachPoint('ratchet-agent-done');
  const cannot = readOutboxFile(run.folders.outbox, 'cannot.md');
  if (cannot.kind === 'text' && isFix) return { kind: 'cannot', reason: oneLine(cannot.text) };
  const handedIn = readHandedIn(run.folders.outbox);
  // An agent that was cut off leaves half an edit; one that has handed in was done before.
  if (run.result.status !== 'done' && handedIn === null) return { kind: 'unable', reason: run.result.reason };
  const before = await readEdited(paths.root, session, iteration.base);
  const description = handedIn?.description || nameChange(session, before) || 'a change without a name';
  const read = await commitOrRefuse(paths, session, iteration.base, `${session.tag}: ${description}`);
  if (read.kind === 'refused') return { kind: 'refused', reason: read.reasons.join('; ') };
  if (read.kind === 'none') {
    const said = cannot.kind === 'text' ? ` and said: ${oneLine(cannot.text)}` : '';
    return { kind: 'refused', reason: `nothing was changed in ${session.edits.join(', ')}${said}` };
  }
  const problem = await checkChange(context, session, iteration.base, read.commit);
  if (problem !== null) return { kind: 'refused', reason: problem };
  const { hypothesis, category, next } = handedIn ?? { hypothesis: '', category: '', next: [] };
  return { kind: 'change', commit: read.commit, description, hypothesis, category, next };
}

/** What git cannot commit, because of a lock or an index that an agent left behind, is a refusal: the worktree is made anew. */
async function commitOrRefuse(...given: Parameters<typeof commitEdits>): Promise<EditsRead> {
  try {
    return await commitEdits(...given);
  } catch (error) {
    if (error instanceof LabError) return { kind: 'refused', reasons: [error.message] };
    throw error;
  }
}

/** Why a committed change may not run; null where it may. */
async function checkChange(
  { paths, main, config }: PipelineContext,
  session: RatchetSession,
  base: string,
  commit: string,
): Promise<string | null> {
  for (const path of session.edits) {
    const [old, fresh] = [await readText(paths.root, base, path), await readText(paths.root, commit, path)];
    const names = findBudgetEdits(old, fresh);
    if (names.length > 0)
      return `it changes ${names.join(', ')}: budget and evaluation are fixed for the session, or its numbers could not be compared`;
  }
  const problems = await checkExperimentCommit({ root: paths.root, main, base, commit, config });
  return problems.length === 0 ? null : problems.join('; ');
}

async function readText(root: string, commit: string, path: string): Promise<string> {
  const listed = (await runGit(root, ['ls-tree', '-z', commit, '--', path])).trim();
  return listed === '' ? '' : await runGit(root, ['cat-file', 'blob', `${commit}:${path}`]);
}

/** The edited files before and after, by path. */
async function readEdited(root: string, session: RatchetSession, base: string) {
  const read = session.edits.map(async (path) => ({ path, old: await readText(root, base, path) }));
  return await Promise.all(read);
}

/** A name for a change that has none: the constants that it moved, old and new. */
function nameChange({ worktree }: RatchetSession, files: readonly { path: string; old: string }[]): string {
  const moved = files.flatMap(({ path, old }) => {
    let text: string;
    try {
      text = readFileSync(join(worktree, path), 'utf8');
    } catch {
      // Deleted, or no file any more; the commit says so.
      return [];
    }
    const [before, after] = [readConstants(old), readConstants(text)];
    return Object.keys(after)
      .filter((name) => before[name] !== undefined && before[name] !== after[name])
      .map((name) => `${name} ${before[name]} -> ${after[name]}`);
  });
  return oneLine(moved.join(', '), 120);
}

interface HandedIn {
  description: string;
  hypothesis: string;
  category: string;
  next: string[];
}

/** Reads experiment.md as far as it can be read: what is missing there costs a name, not an experiment. Null where there is none. */
function readHandedIn(outbox: string): HandedIn | null {
  const read = readOutboxFile(outbox, 'experiment.md');
  if (read.kind !== 'text') return null;
  const { values, body } = parseFrontMatter(read.text);
  const value = (key: string, most: number): string => {
    const found = findValue(values, key) ?? '';
    return oneLine(Array.isArray(found) ? found.join(', ') : found, most);
  };
  const ideas = body.split('\n').flatMap((line) => /^\s*(?:[-*+]|\d+[.)])\s+(\S.*)$/.exec(line)?.[1] ?? []);
  return {
    description: value('description', 160),
    hypothesis: value('hypothesis', 400),
    category: value('category', 40).toLowerCase(),
    next: ideas.slice(0, 3).map((idea) => oneLine(idea, 160)),
  };
}

function describeTask({ session, before, iteration, back }: TurnTask, inbox: string): Record<string, string> {
  const { metric, budget, tag, edits, worktree } = session;
  const best = findBest(before);
  const bar = best === null ? null : metricOf(best);
  const step = explorationSteps[iteration.exploration];
  const seconds = budget.trainingSeconds;
  return {
    directory: worktree,
    tag,
    number: String(iteration.number),
    edits: edits.join(', '),
    metric: metric.name,
    goal: `${metric.direction} is better`,
    budget: `A run ${seconds === null ? '' : `trains for ${seconds} s and `}is ended after ${budget.wallSeconds} s.`,
    standing:
      best === null || bar === null
        ? ''
        : `The best so far is ${bar.toFixed(6)}, of ${formatPlace(best)}; the worktree is that code.`,
    exploration: (step?.ask ?? '').replaceAll('{{inbox}}', inbox),
    back: back === '' ? '' : `Read ${inbox}/back.md first: it says what came of your last turn.`,
  };
}

async function fillInbox(
  { paths, main }: PipelineContext,
  { session, before, iteration, back, isFix }: TurnTask,
  table: string,
): Promise<Record<string, string>> {
  const lines = table.split('\n').filter((line) => line !== '');
  const shown =
    lines.length <= mostRows
      ? lines
      : [...lines.slice(0, 2), `# ${lines.length - mostRows} rows left out`, ...lines.slice(2 - mostRows)];
  const log = await runGit(paths.root, [
    'log',
    '--oneline',
    '--no-decorate',
    '-n',
    '50',
    `${session.start}..${iteration.base}`,
  ]);
  // Main's, not the worktree's: it may have been refined since the session began.
  const program = await readText(paths.root, main, 'program.md');
  const files: Record<string, string> = { 'rows.tsv': `${shown.join('\n')}\n`, 'log.txt': log, 'program.md': program };
  if (back !== '') {
    const outcome = isFix ? lastTry(iteration)?.outcome : null;
    const tail = outcome == null ? '' : readLogTail(join(paths.runs, String(outcome.job), String(outcome.attempt)), 40);
    files['back.md'] =
      `${fenceData(isFix ? 'why the run crashed' : 'why the change was turned away', back, 4000)}\n${tail === '' ? '' : `\n${fenceData('end of its log', tail, 8000)}\n`}`;
  }
  if (iteration.exploration >= 3) {
    const near = listNearMisses(before.filter(isDecided), session.metric.direction, 5);
    const parts = near.map(async (one) => {
      const commit = lastTry(one)?.commit ?? one.base;
      // A person's own diff program would write for a person.
      const words = ['diff', '--no-ext-diff', '--no-textconv', one.base, commit];
      const diff = await runGit(paths.root, [...words, '--', ...session.edits]);
      return fenceData(`${one.description}: ${one.decision.reason}`, diff, 4000);
    });
    files['near-misses.md'] = `${(await Promise.all(parts)).join('\n\n')}\n`;
  }
  return files;
}
