/** Opens the pipeline of a lab for a command: one at a time per lab, its agents, its door to the daemon, and an end at Ctrl-C. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chooseAgent } from '../agents/choose-agent.ts';
import { createRecordedAgent } from '../agents/recorded-agent.ts';
import { sweepAgentRuns } from '../agents/sweep-agent-runs.ts';
import type { LabPaths } from '../config/lab-paths.ts';
import type { LabConfig } from '../config/schema.ts';
import { LabError } from '../errors/lab-error.ts';
import { resolveMainBranch } from '../git/repository.ts';
import { tryLock } from '../lab/kernel-lock.ts';
import type { PipelineContext } from '../pipeline/context.ts';
import { agentsFolder } from '../pipeline/run-agent.ts';
import { probeSandbox } from '../sandbox/bubblewrap.ts';
import { createLabGate } from './lab-gate.ts';
import type { PipelineView } from './pipeline-view.ts';

/** An open pipeline. */
export interface OpenPipeline {
  context: PipelineContext;
  /** Lets the next one in. */
  close(): void;
}

/**
 * Opens it. `agent` is a name that goes over the configured ones, or null. Throws LabError (user) where another pipeline is at work here,
 * and LabError (config) where an agent is needed and none is configured, only once a role asks for it.
 */
export async function openPipeline(
  paths: LabPaths,
  config: LabConfig,
  agent: string | null,
  view: PipelineView,
  signal: AbortSignal,
): Promise<OpenPipeline> {
  mkdirSync(paths.state, { recursive: true });
  const file = join(paths.state, 'pipeline.lock');
  const lock = await tryLock(file);
  if (lock === null) {
    const holder = readFileSync(file, 'utf8').trim();
    throw new LabError('user', `another command works on the ideas of this lab${holder === '' ? '' : ` (${holder})`}`, {
      hints: ['wait for it, or end it with Ctrl-C in its terminal; nothing is lost by that'],
    });
  }
  try {
    // The lock file itself says who holds it; the lock is on the open file, not on its text.
    writeFileSync(file, `process ${process.pid}: lab ${process.argv.slice(2).join(' ')}`);
    // Agents of a pipeline that was killed: their work is taken or done again, they themselves must not go on.
    const swept = await sweepAgentRuns(agentsFolder(paths));
    if (swept.killed.length > 0)
      view.tell(`ended ${swept.killed.length} processes of agents that a killed command left`);
    for (const left of swept.left) view.tell(`note: ${left} could not be removed; it may hold copies of logins`);
    const main = await resolveMainBranch(paths.root, config.main);
    const sandbox = await probeSandbox();
    const context: PipelineContext = {
      paths,
      config,
      main,
      gate: createLabGate(paths, config),
      signal,
      tell: view.tell,
      onAgentEvent: view.onAgentEvent,
      onJob: view.onJob,
      agentFor: (role) =>
        chooseAgent(role, config, {
          recorded: createRecordedAgent,
          sandbox,
          ...(agent === null ? {} : { asked: agent }),
        }),
    };
    return { context, close: () => lock.release() };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** The notices of the agents that a command uses, each once: a recording says so before anything else is shown. */
export function listNotices(context: PipelineContext, roles: Parameters<PipelineContext['agentFor']>[0][]): string[] {
  const notices = roles.map((role) => context.agentFor(role).notice).filter((notice) => notice !== null);
  return [...new Set(notices)];
}
