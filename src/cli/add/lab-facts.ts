/**
 * What `lab add` needs of the configuration: asked of the running daemon, which has it in memory, else read here. Both ways give the same;
 * the second loads git, YAML and schema, which takes longer than all the rest of the command.
 */
import { type ClientFacts, factsOf } from '../../config/client-facts.ts';
import type { LabPaths } from '../../config/lab-paths.ts';
import { callOwnBuild } from '../client.ts';

/** The facts of a lab. Starts no daemon. Throws LabError (config) where the configuration is wrong; tells on stderr as openConfig does. */
export async function readLabFacts(paths: LabPaths): Promise<ClientFacts> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env))
    if (name.startsWith('LAB_') && value !== undefined) environment[name] = value;
  const told = await callOwnBuild(paths, 'facts', { environment });
  if (told?.facts) return told.facts;
  const { openConfig } = await import('../open-config.ts');
  return factsOf(openConfig(paths));
}
