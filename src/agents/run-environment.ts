/** The environment of an agent's processes: a short list of names, what its service needs, and nothing of the lab's own secrets. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentRequest } from './agent.ts';
import { runVariable } from './marked-processes.ts';
import type { RunPlace } from './run-place.ts';
import type { AgentTemplate } from './templates.ts';

/** What the environment is made from. */
export interface EnvironmentInput {
  /** The lab's own environment. */
  from: Readonly<Record<string, string | undefined>>;
  /** agents.env: more names; a trailing * matches a prefix. */
  configured: readonly string[];
  template: Pick<AgentTemplate, 'envNames' | 'env' | 'sandboxEnv' | 'keyEnv' | 'loginFile'>;
  isSandboxed: boolean;
  place: RunPlace;
  request: Pick<AgentRequest, 'role' | 'slug'>;
}

// The human's own word: an agent that had it could open META_MODE.
const neverPassed = /^(?:LAB_.*|META_MODE)$/;

const alwaysPassed = /^(?:PATH|LANG|LC_\w+|TERM|TZ)$/;

/**
 * The whole environment of one run; the private home is filled already. Names that begin with LAB_ are the lab's, META_MODE is the human's; neither
 * is ever passed on, whatever the configuration says. What agents.env names in full goes before what the template sets.
 */
export function agentEnvironment(input: EnvironmentInput): Record<string, string> {
  const { from, configured, template, isSandboxed, place, request } = input;
  const isWanted = (name: string): boolean =>
    alwaysPassed.test(name) ||
    template.envNames.includes(name) ||
    configured.some((wanted) => (wanted.endsWith('*') ? name.startsWith(wanted.slice(0, -1)) : name === wanted));
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(from)) {
    if (value !== undefined && !neverPassed.test(name) && isWanted(name)) env[name] = value;
  }
  const fixed: Record<string, string> = { ...template.env, ...(isSandboxed ? template.sandboxEnv : {}) };
  // A login is the person's choice of who pays; a key that lies about for something else must not change it, nor send the login elsewhere.
  const hasLogin = template.loginFile !== null && existsSync(join(place.home, template.loginFile));
  for (const [name, source] of hasLogin ? [] : Object.entries(template.keyEnv)) {
    const value = env[name] || env[source];
    if (value !== undefined && value !== '') fixed[name] = value;
  }
  for (const name of configured) if (env[name] !== undefined) delete fixed[name];
  return {
    ...env,
    ...fixed,
    // Settings and caches follow the home where XDG names are absent, and they are never passed unless asked for.
    HOME: place.home,
    TMPDIR: place.temporary,
    // Agents have no device of their own: what they want measured goes through the queue.
    CUDA_VISIBLE_DEVICES: '',
    LAB_ROLE: request.role,
    ...(request.slug === null ? {} : { LAB_SLUG: request.slug }),
    LAB_OUTBOX: place.outbox,
    LAB_INBOX: place.inbox,
    LAB_PROMPT: place.promptFile,
    [runVariable]: place.folder,
  };
}
