/** Which agent plays a role, by the configuration. The recording comes from the caller, because adapters do not import each other. */
import type { LabConfig } from '../config/schema.ts';
import type { AgentRole } from '../domain/experiment.ts';
import { LabError } from '../errors/lab-error.ts';
import type { SandboxProbe } from '../sandbox/sandbox.ts';
import type { Agent } from './agent.ts';
import { createCommandAgent } from './command-agent.ts';
import { type AgentTemplate, agentTemplates, ownTemplate } from './templates.ts';

/** What choosing needs besides the configuration. */
export interface ChooseAgentDeps {
  /** Makes the agent that plays the recording. */
  recorded: () => Agent;
  sandbox: SandboxProbe;
  /** Agent that was asked for by name (`--agent`); it goes before the configuration. Null or absent: none was. */
  asked?: string | null;
  /** The environment that agents may be given parts of; absent: the lab's own. */
  environment?: Readonly<Record<string, string | undefined>>;
  /** The user's home; absent: the one of this process. */
  home?: string;
}

/** The name of the recording under `agents.use`. */
export const recordedAgentName = 'recorded';

/** An agent that can be chosen. */
export interface AgentChoice {
  name: string;
  kind: 'recording' | 'ready-made' | 'own';
  /** Null for the recording. */
  template: AgentTemplate | null;
}

/** All agents that the configuration can name: the recording, the ready-made ones, and those under agents.commands (which go first where names meet). */
export function listAgents(config: Pick<LabConfig, 'agents'>): AgentChoice[] {
  const choices = new Map<string, AgentChoice>();
  for (const [name, template] of Object.entries(agentTemplates))
    choices.set(name, { name, kind: 'ready-made', template });
  for (const [name, command] of Object.entries(config.agents.commands)) {
    choices.set(name, { name, kind: 'own', template: ownTemplate(command) });
  }
  choices.set(recordedAgentName, { name: recordedAgentName, kind: 'recording', template: null });
  return [...choices.values()];
}

/**
 * The agent for a role: the one asked for, else the role's own, else agents.use. Throws LabError (config) where none is configured, the name
 * is unknown, or its command cannot be filled in.
 */
export function chooseAgent(
  role: AgentRole,
  config: Pick<LabConfig, 'agents' | 'checkout' | 'rules' | 'sandbox' | 'sandboxRead'>,
  deps: ChooseAgentDeps,
): Agent {
  const [name, where] =
    deps.asked !== undefined && deps.asked !== null
      ? [deps.asked, '--agent']
      : config.agents.roles[role] !== undefined
        ? [config.agents.roles[role], `agents.roles.${role}`]
        : [config.agents.use, 'agents.use'];
  if (name === null || name === undefined) {
    throw new LabError('config', `no agent is configured for the role ${role}`, {
      hints: [
        'set `agents: {use: claude}` in lab.local.yaml',
        '`--agent recorded` plays a recording on the starter problem',
      ],
    });
  }
  const choices = listAgents(config);
  const choice = choices.find((one) => one.name === name);
  if (choice === undefined) {
    throw new LabError(
      'config',
      `${where} names the agent "${name}", expected one of ${choices.map((one) => one.name).join(', ')}`,
      { hints: ['an own one is a line under agents.commands in lab.local.yaml (0_docs/guide/agents.md of nightlab)'] },
    );
  }
  if (choice.template === null) return deps.recorded();
  return createCommandAgent({
    ...{ name, template: choice.template, config, sandbox: deps.sandbox },
    ...(deps.environment === undefined ? {} : { environment: deps.environment }),
    ...(deps.home === undefined ? {} : { home: deps.home }),
  });
}
