/**
 * `codex exec --json`: thread, turn and item events. Usage comes with the end of the turn only, input with the cached part in it, and no
 * cost. A top-level `error` is told also while codex tries again, so only the end of the turn is a verdict.
 */
import { z } from 'zod';
import type { AgentEvent, TokenCount } from '../agent.ts';
import { describeInput, looseCount, looseText, type OutputParser, parseEvent } from './output-parser.ts';

const item = z.object({
  id: looseText,
  type: z.string(),
  text: looseText,
  message: looseText,
  command: looseText,
  server: looseText,
  tool: looseText,
  query: looseText,
  status: looseText,
  exit_code: z.number().nullish().catch(undefined),
  changes: z
    .array(z.object({ path: z.string() }))
    .optional()
    .catch(undefined),
});

const line = z.discriminatedUnion('type', [
  z.object({ type: z.literal('item.started'), item }),
  z.object({ type: z.literal('item.completed'), item }),
  z.object({
    type: z.literal('turn.completed'),
    usage: z
      .object({ input_tokens: looseCount, cached_input_tokens: looseCount, output_tokens: looseCount })
      .optional()
      .catch(undefined),
  }),
  z.object({ type: z.literal('turn.failed'), error: z.object({ message: looseText }).optional().catch(undefined) }),
  z.object({ type: z.literal('error'), message: looseText }),
]);

const tools = new Map([
  ['command_execution', 'shell'],
  ['file_change', 'edit'],
  ['mcp_tool_call', 'mcp'],
  ['web_search', 'search'],
]);

/** Reads codex's stream. */
export function createCodexParser(): OutputParser {
  const started = new Set<string>();
  const tokens: TokenCount = { input: 0, cachedInput: 0, output: 0 };
  let text = '';
  let lastError: string | null = null;
  let verdict: 'completed' | 'failed' | 'missing' = 'missing';

  const feedItem = (state: 'item.started' | 'item.completed', part: z.output<typeof item>): AgentEvent[] => {
    if (part.type === 'agent_message' && state === 'item.completed' && part.text !== undefined) {
      text = part.text;
      return [{ kind: 'text', text: part.text }];
    }
    if (part.type === 'error') return [{ kind: 'error', message: part.message ?? 'codex reported an error' }];
    const kind = tools.get(part.type);
    if (kind === undefined) return [];
    const tool =
      kind === 'mcp' ? [part.server, part.tool].filter((name) => name !== undefined).join('.') || kind : kind;
    const detail = describeInput(part.command ?? part.query ?? part.changes?.map(({ path }) => path).join(', '));
    const id = part.id ?? '';
    const start: AgentEvent = { kind: 'tool-start', tool, detail };
    if (state === 'item.started') {
      started.add(id);
      return [start];
    }
    const ok = part.status !== 'failed' && part.status !== 'declined' && (part.exit_code ?? 0) === 0;
    const end: AgentEvent = { kind: 'tool-end', tool, ok };
    // Some items are told only when they are over.
    return started.delete(id) ? [end] : [start, end];
  };

  return {
    feed(raw) {
      const event = parseEvent(line, raw);
      if (event === null) return [];
      switch (event.type) {
        case 'item.started':
        case 'item.completed':
          return feedItem(event.type, event.item);
        case 'turn.completed': {
          verdict = 'completed';
          const count = event.usage;
          if (count?.input_tokens === undefined && count?.output_tokens === undefined) return [];
          tokens.input += count.input_tokens ?? 0;
          tokens.cachedInput += count.cached_input_tokens ?? 0;
          tokens.output += count.output_tokens ?? 0;
          return [{ kind: 'usage', tokens: { ...tokens }, costUsd: null }];
        }
        case 'turn.failed':
          verdict = 'failed';
          lastError = event.error?.message ?? lastError ?? 'the turn failed';
          return [{ kind: 'error', message: lastError }];
        case 'error':
          lastError = event.message ?? 'codex reported an error';
          return [{ kind: 'error', message: lastError }];
      }
    },
    end: () => ({ text, error: verdict === 'completed' ? null : lastError, verdict }),
  };
}
