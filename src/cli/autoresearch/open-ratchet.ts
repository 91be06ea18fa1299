/** Drives a session from the command line: its lock, its agent, its door to the daemon, Ctrl-C, and the summary at its end. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Agent } from '../../agents/agent.ts';
import { chooseAgent } from '../../agents/choose-agent.ts';
import { createRecordedAgent } from '../../agents/recorded-agent.ts';
import { sweepAgentRuns } from '../../agents/sweep-agent-runs.ts';
import type { LabPaths } from '../../config/lab-paths.ts';
import type { LabConfig } from '../../config/schema.ts';
import type { RatchetSession } from '../../domain/ratchet.ts';
import { exitCodes } from '../../errors/lab-error.ts';
import { findBest, type Iteration, lastTry, readIterations } from '../../ratchet/iteration.ts';
import { type LoopEnd, runLoop } from '../../ratchet/loop.ts';
import type { RatchetContext } from '../../ratchet/ratchet-context.ts';
import { sessionFolder } from '../../ratchet/session.ts';
import { keepLoose, putSession } from '../../ratchet/session-tree.ts';
import { removeStaleLocks } from '../../ratchet/stale-locks.ts';
import { allowedPerHour, formatRate, ratePerHour, summariseSession } from '../../ratchet/summary.ts';
import { probeSandbox } from '../../sandbox/bubblewrap.ts';
import type { SandboxProbe } from '../../sandbox/sandbox.ts';
import { createLabGate } from '../lab-gate.ts';
import { createPipelineView } from '../pipeline-view.ts';
import { renderSummary } from './render-summary.ts';

/** What a shell returns for a program that Ctrl-C ended. */
const interruptedCode = 130;

/** What a command knows of the session that it drives. The session is locked by the caller. */
export interface Drive {
  paths: LabPaths;
  config: LabConfig;
  main: string;
  session: RatchetSession;
  isJson: boolean;
}

/** The agent of a session. Throws LabError (config) where none is configured or there is none of that name. */
export function chooseSessionAgent(config: LabConfig, asked: string | null, sandbox: SandboxProbe): Agent {
  return chooseAgent('ratchet', config, {
    ...{ recorded: createRecordedAgent, sandbox },
    ...(asked === null ? {} : { asked }),
  });
}

/** Drives it to its end and prints the summary. Gives the exit code; 130 where Ctrl-C ended it. */
export async function driveSession({ paths, config, main, session, isJson }: Drive): Promise<number> {
  const stop = new AbortController();
  const onSignal = () => stop.abort(new Error('stopped'));
  // Not once(): a listener that has gone lets execa's own pass the signal on and end the process, where a git happens to run.
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  const allowed = allowedPerHour(session);
  const view = createPipelineView(() => formatRate(ratePerHour(readIterations(paths, session.tag)), allowed));
  try {
    const agentsFolder = join(sessionFolder(paths, session.tag), 'agents');
    mkdirSync(agentsFolder, { recursive: true });
    // Agents of a session that was killed: what they did is asked for again, they themselves must not go on.
    const swept = await sweepAgentRuns(agentsFolder);
    if (swept.killed.length > 0)
      view.tell(`ended ${swept.killed.length} processes of agents that a killed command left`);
    for (const left of swept.left) view.tell(`note: ${left} could not be removed; it may hold copies of logins`);
    const sandbox = await probeSandbox();
    const context: RatchetContext = {
      ...{ paths, config, main, session, agentsFolder },
      gate: createLabGate(paths, config),
      signal: stop.signal,
      tell: view.tell,
      onAgentEvent: view.onAgentEvent,
      onJob: view.onJob,
      agentFor: () => chooseSessionAgent(config, session.agent, sandbox),
      print(line) {
        view.close();
        // With --json standard output is one document.
        (isJson ? process.stderr : process.stdout).write(`${line}\n`);
      },
    };
    // Before the first run: a session without an agent would only find out after the baseline.
    const { notice } = context.agentFor('ratchet');
    if (notice !== null) view.tell(notice);
    view.tell(`session ${session.tag} on ${session.branch}, worktree ${session.worktree}`);
    view.tell(`table ${session.table}; Ctrl-C ends it, \`lab autoresearch resume --tag ${session.tag}\` goes on`);
    await removeStaleLocks(paths, session);
    for (const ref of await keepLoose(paths, session))
      view.tell(`what lay in the worktree and was in no commit is kept: git show ${ref}`);
    const end = await runLoop(context).catch((error: unknown) => {
      if (stop.signal.aborted) return null;
      throw error;
    });
    view.close();
    // A commit that is still being measured is on a ref of its own; the branch ends with what was judged.
    if (end === null) await putSession(paths, session, headOf(session, readIterations(paths, session.tag)));
    return finish({ paths, session, isJson }, end);
  } finally {
    view.close();
    process.removeListener('SIGINT', onSignal);
    process.removeListener('SIGTERM', onSignal);
  }
}

/** What the branch ends with: the newest keep, else the unmodified code. */
function headOf({ start }: RatchetSession, iterations: readonly Iteration[]): string {
  const best = findBest(iterations);
  return (best === null ? null : lastTry(best)?.commit) ?? start;
}

/** `end`: null where Ctrl-C ended it. */
function finish({ paths, session, isJson }: Pick<Drive, 'paths' | 'session' | 'isJson'>, end: LoopEnd | null): number {
  const summary = summariseSession(session, readIterations(paths, session.tag));
  const { worktree, branch, table } = session;
  if (isJson)
    process.stdout.write(`${JSON.stringify({ ...summary, end: end?.kind ?? 'stopped', worktree, branch, table })}\n`);
  else process.stderr.write(renderSummary(summary, session));
  if (end === null) {
    process.stderr.write(
      `\nstopped; a run that is under way goes on, and \`lab autoresearch resume --tag ${session.tag}\` goes on from here\n`,
    );
    return interruptedCode;
  }
  if (end.kind === 'max') {
    process.stderr.write(
      `\nthe session has its ${session.max} experiments; \`lab autoresearch resume --tag ${session.tag} --max <more>\` goes on\n`,
    );
    return 0;
  }
  process.stderr.write(
    [
      '\nthe session was stopped, because its numbers could not be compared with new ones any more:',
      ...end.differences.map((difference) => `  ${difference}`),
      `\`lab autoresearch run --tag ${session.tag}-2\` begins a new comparison track on the code as it is now`,
      'or put it back, and `lab autoresearch resume` goes on\n',
    ].join('\n'),
  );
  return exitCodes.user;
}
