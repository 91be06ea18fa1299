/**
 * What a parser of an agent's output is, and the few things that all of them need. The parsers lie one per file beside this one; which
 * one belongs to a format says create-parser.ts. Lines of a shape that no parser knows are no error: programs grow new ones all the time.
 */
import { z } from 'zod';
import type { AgentEvent } from '../agent.ts';

/** What a program prints on its standard output; `text` is anything without a machine-readable shape. */
export type OutputFormat = 'claude' | 'codex' | 'opencode' | 'gemini' | 'text';

/** What the whole output came to. */
export interface ParsedEnd {
  /** The agent's last words; "" where it said nothing. */
  text: string;
  /** Why the run failed, in the program's own words; null where the output names no failure. */
  error: string | null;
  /** How the output says that the run ended. `missing`: this format ends with a result, and there was none; `never`: it never tells success. */
  verdict: 'completed' | 'failed' | 'missing' | 'never';
}

/** Reads one run's standard output line by line. */
export interface OutputParser {
  /** The events of one line without its line end; none where the line is nothing that a caller needs to hear of. */
  feed(line: string): AgentEvent[];
  /** To be asked once, after the last line. */
  end(): ParsedEnd;
}

/** A text that may be missing or of another type; then it is undefined. */
export const looseText = z.string().optional().catch(undefined);

/** A count that may be missing or of another type; then it is undefined. */
export const looseCount = z.number().nonnegative().optional().catch(undefined);

/** Longest description of a tool call, in characters. */
const longestDetail = 300;

// What a reader wants to see of a tool's input, in this order.
const tellingKeys = [
  'command',
  'file_path',
  'filePath',
  'path',
  'absolute_path',
  'pattern',
  'url',
  'query',
  'description',
];

/** Reads a line as one of the shapes of a schema; null where it is no JSON or another shape. */
export function parseEvent<Shape>(schema: z.ZodType<Shape>, line: string): Shape | null {
  const text = line.trim();
  if (!text.startsWith('{')) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Programs print other things between their events, and a long line is cut; the transcript keeps both as they are.
    return null;
  }
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : null;
}

/** One short line that says what a tool was asked to do; "" for no input. */
export function describeInput(input: unknown): string {
  if (input === null || input === undefined) return '';
  if (typeof input === 'string') return cutText(input, longestDetail);
  if (typeof input === 'object') {
    const fields = new Map(Object.entries(input));
    for (const key of tellingKeys) {
      const value = fields.get(key);
      if (typeof value === 'string' && value !== '') return cutText(value, longestDetail);
    }
  }
  return cutText(JSON.stringify(input), longestDetail);
}

/** A text of at most `limit` characters on one line; what is cut off shows as "…". */
export function cutText(text: string, limit: number): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= limit ? line : `${line.slice(0, limit - 1)}…`;
}
