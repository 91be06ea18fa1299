/**
 * Where each coding agent looks for skills, below a repository and below the home alike. Found by reading the prompts that the agents
 * really sent: Claude Code reads its own folder alone, all others here read `.agents/skills`.
 */

/** Agents that skills can be installed for; "all" is every place. */
export const skillAgents = ['all', 'claude', 'codex', 'gemini', 'opencode', 'pi'] as const;
/** One of skillAgents. */
export type SkillAgent = (typeof skillAgents)[number];

/** The folders, relative to the repository or the home. */
export const skillPlaces = ['.agents/skills', '.claude/skills'] as const;
/** One of skillPlaces. */
export type SkillPlace = (typeof skillPlaces)[number];

/** The folders that serve an agent. */
export function placesOf(agent: SkillAgent): readonly SkillPlace[] {
  if (agent === 'all') return skillPlaces;
  return agent === 'claude' ? ['.claude/skills'] : ['.agents/skills'];
}
