/**
 * Settings files of an agent's private home: what the lab needs of them, joined with the person's own copy. For JSON with comments, as coding
 * agents keep it; which file of which agent needs what says templates.ts.
 */
import { z } from 'zod';
import { LabError, messageOf } from '../errors/lab-error.ts';

/** What a settings file has to hold. */
export interface HomeSettings {
  /** Counts where the person's own file says nothing. */
  defaults: Record<string, unknown>;
  /** Counts always: without it the agent cannot work in a lab. */
  fixed: Record<string, unknown>;
}

const settingsSchema = z.record(z.string(), z.unknown());

/** A group of settings, but no list; null for everything else. */
function groupOf(value: unknown): Record<string, unknown> | null {
  const parsed = settingsSchema.safeParse(value);
  return parsed.success ? parsed.data : null;
}

function join(under: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const joined = { ...under };
  for (const [name, value] of Object.entries(over)) {
    const [below, above] = [groupOf(under[name]), groupOf(value)];
    joined[name] = below === null || above === null ? value : join(below, above);
  }
  return joined;
}

/**
 * The text of a settings file. `own` is the person's, null where there is none; `name` stands in errors. Groups are joined key by key, lists
 * and single values replaced. Throws LabError (config) where the person's file is no JSON object.
 */
export function formatHomeSettings(name: string, own: string | null, { defaults, fixed }: HomeSettings): string {
  return `${JSON.stringify(join(join(defaults, parseSettings(name, own ?? '{}')), fixed), null, 2)}\n`;
}

function parseSettings(name: string, text: string): Record<string, unknown> {
  // Strings are matched first, so that "http://…" is no comment.
  const bare = text.replace(/("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (_, quoted?: string) => quoted ?? '');
  let problem = 'expected an object';
  try {
    const settings = groupOf(JSON.parse(bare));
    if (settings !== null) return settings;
  } catch (error) {
    problem = messageOf(error);
  }
  throw new LabError('config', `~/${name} cannot be read as JSON: ${problem}`, {
    hints: ['correct the file, or move it away: agents then start with the settings of the lab alone'],
  });
}
