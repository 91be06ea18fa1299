/**
 * Runs an agent in a role: makes its run folder below .lab/agents, runs it, keeps what it did. What it handed in stays in the folder until
 * a stage has taken it, so that a lab that was killed in between finds it again.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { AgentResult } from '../agents/agent.ts';
import type { LabPaths } from '../config/lab-paths.ts';
import { type AgentRole, type AgentUse, agentRoles } from '../domain/experiment.ts';
import { formatLocalTime } from '../domain/time.ts';
import { readJson, writeJsonSynced } from '../lab/atomic-write.ts';
import { reachPoint } from '../lab/named-point.ts';
import type { PipelineContext } from './context.ts';

/** Where an agent of one run finds and leaves things; absolute. */
export interface AgentFolders {
  folder: string;
  inbox: string;
  outbox: string;
}

/** What an agent is to do. */
export interface AgentTask {
  role: AgentRole;
  /** Null for ideator and critic. */
  slug: string | null;
  round: number;
  /** How many ideas; null in other roles. */
  wanted: number | null;
  directory: string;
  mayEdit: boolean;
  /** True in META_MODE only: frozen files too. Absent: they are locked. */
  mayEditFrozen?: boolean;
  /** Files for the inbox by name. */
  inbox: Record<string, string>;
  prompt(folders: AgentFolders): string;
}

/** An agent run that has ended. */
export interface AgentRun {
  folders: AgentFolders;
  result: AgentResult;
  use: AgentUse;
}

/** Runs a role to its end. Throws the signal's reason where the pipeline was stopped meanwhile, and LabError where the agent cannot be started. */
export async function runAgent(context: PipelineContext, task: AgentTask): Promise<AgentRun> {
  const { paths, config, signal } = context;
  const agent = context.agentFor(task.role);
  const folders = makeFolders(context.agentsFolder ?? agentsFolder(paths), task);
  for (const [name, text] of Object.entries(task.inbox)) writeFileSync(join(folders.inbox, name), text);
  const { role, slug, round, wanted, directory, mayEdit } = task;
  await writeJsonSynced(join(folders.folder, 'task.json'), { schema: 1, role, slug, round, wanted, agent: agent.name });
  const limits = {
    wallSeconds: config.agents.wallSeconds,
    idleSeconds: config.agents.idleSeconds,
    tokens: config.agents.tokens,
    usd: config.agents.usd,
  };
  const result = await agent.run(
    {
      role,
      slug,
      round,
      wanted,
      prompt: task.prompt(folders),
      directory,
      mayEdit,
      mayEditFrozen: task.mayEditFrozen ?? false,
      labRoot: paths.root,
      ...folders,
      limits,
      signal,
    },
    (event) => context.onAgentEvent(role, slug, event),
  );
  await writeJsonSynced(join(folders.folder, 'result.json'), { schema: 1, ...result });
  signal.throwIfAborted();
  reachPoint(`${role}-done`);
  const tokens = result.tokens === null ? null : result.tokens.input + result.tokens.output;
  return {
    folders,
    result,
    use: {
      role,
      agent: agent.name,
      model: agent.model ?? null,
      status: result.status,
      seconds: result.wallSeconds,
      tokens,
      costUsd: result.costUsd,
      run: folders.folder.slice(folders.folder.lastIndexOf('/') + 1),
      flags: result.flags,
    },
  };
}

function makeFolders(all: string, task: AgentTask): AgentFolders {
  const stamp = formatLocalTime(new Date()).slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  const name = [stamp, task.role, ...(task.slug === null ? [] : [task.slug]), randomBytes(2).toString('hex')].join('-');
  const folder = join(all, name);
  const folders = { folder, inbox: join(folder, 'inbox'), outbox: join(folder, 'outbox') };
  for (const path of [folders.inbox, folders.outbox, join(folder, 'home')]) mkdirSync(path, { recursive: true });
  return folders;
}

/** Folder of all agent runs. */
export function agentsFolder(paths: LabPaths): string {
  return join(paths.state, 'agents');
}

/** Says that what this run handed in is on main, or needs not be. */
export function markTaken(folders: AgentFolders): void {
  writeFileSync(join(folders.folder, 'taken'), '');
}

const taskSchema = z.object({ role: z.enum(agentRoles), agent: z.string(), wanted: z.number().nullable() });

/** Runs of a role whose outbox nobody has taken, oldest first, with the agent's name and how many ideas it was asked for: a killed lab leaves them. */
export function listUntaken(
  paths: LabPaths,
  role: AgentRole,
): { folders: AgentFolders; agent: string; wanted: number | null }[] {
  const all = agentsFolder(paths);
  const names = existsSync(all) ? readdirSync(all).sort() : [];
  return names.flatMap((name) => {
    const folder = join(all, name);
    if (existsSync(join(folder, 'taken'))) return [];
    // A folder without a task was cut off before the agent began.
    const task = taskSchema.safeParse(readJson(join(folder, 'task.json')));
    if (!task.success || task.data.role !== role) return [];
    return [
      {
        folders: { folder, inbox: join(folder, 'inbox'), outbox: join(folder, 'outbox') },
        agent: task.data.agent,
        wanted: task.data.wanted,
      },
    ];
  });
}
