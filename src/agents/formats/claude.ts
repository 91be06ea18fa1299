/**
 * `claude -p --output-format stream-json --verbose`: one JSON object per line (system, assistant, user, result). Tokens are told with every
 * answer of the model, the cost only with the result at the end; input there leaves the cached part out, here it is all input.
 */
import { z } from 'zod';
import type { AgentEvent, TokenCount } from '../agent.ts';
import { describeInput, looseCount, looseText, type OutputParser, parseEvent } from './output-parser.ts';

const usage = z
  .object({
    input_tokens: looseCount,
    cache_creation_input_tokens: looseCount,
    cache_read_input_tokens: looseCount,
    output_tokens: looseCount,
  })
  .optional()
  .catch(undefined);

const block = z.object({
  type: z.string(),
  text: looseText,
  id: looseText,
  name: looseText,
  input: z.unknown().optional(),
  tool_use_id: looseText,
  is_error: z.boolean().optional().catch(undefined),
});

const message = z.object({ id: looseText, content: z.array(block.catch({ type: 'unknown' })).catch([]), usage });

const line = z.discriminatedUnion('type', [
  z.object({ type: z.literal('assistant'), message }),
  z.object({ type: z.literal('user'), message }),
  z.object({
    type: z.literal('result'),
    subtype: looseText,
    is_error: z.boolean().optional().catch(undefined),
    result: looseText,
    errors: z.array(z.string()).optional().catch(undefined),
    total_cost_usd: looseCount,
    usage,
  }),
]);

/** Reads claude's stream. Fails where the result says so, also where claude then exits with 0. */
export function createClaudeParser(): OutputParser {
  const toolNames = new Map<string, string>();
  const perMessage = new Map<string, TokenCount>();
  let text = '';
  let error: string | null = null;
  let hasResult = false;

  const total = (): TokenCount => {
    const sum: TokenCount = { input: 0, cachedInput: 0, output: 0 };
    for (const count of perMessage.values()) {
      sum.input += count.input;
      sum.cachedInput += count.cachedInput;
      sum.output += count.output;
    }
    return sum;
  };

  return {
    feed(raw) {
      const event = parseEvent(line, raw);
      if (event === null) return [];
      const events: AgentEvent[] = [];
      if (event.type === 'result') {
        hasResult = true;
        if (event.result !== undefined && event.result !== '') text = event.result;
        // The result counts the whole run again, so it stands in for the sum.
        const tokens = tokensOf(event.usage) ?? (perMessage.size > 0 ? total() : null);
        if (tokens !== null) events.push({ kind: 'usage', tokens, costUsd: event.total_cost_usd ?? null });
        if (event.is_error === true || event.subtype?.startsWith('error') === true) {
          error = event.errors?.join('; ') || event.result || event.subtype || 'claude reported an error';
          events.push({ kind: 'error', message: error });
        }
        return events;
      }
      for (const part of event.message.content) {
        if (event.type === 'assistant' && part.type === 'text' && part.text !== undefined && part.text !== '') {
          text = part.text;
          events.push({ kind: 'text', text: part.text });
        }
        if (event.type === 'assistant' && part.type === 'tool_use') {
          const tool = part.name ?? 'tool';
          if (part.id !== undefined) toolNames.set(part.id, tool);
          events.push({ kind: 'tool-start', tool, detail: describeInput(part.input) });
        }
        if (event.type === 'user' && part.type === 'tool_result') {
          const id = part.tool_use_id ?? '';
          events.push({ kind: 'tool-end', tool: toolNames.get(id) ?? 'tool', ok: part.is_error !== true });
          toolNames.delete(id);
        }
      }
      const tokens = event.type === 'assistant' ? tokensOf(event.message.usage) : null;
      if (tokens !== null) {
        // One answer comes in several lines of the same id, each with the usage of the whole answer so far.
        perMessage.set(event.message.id ?? `line ${perMessage.size}`, tokens);
        events.push({ kind: 'usage', tokens: total(), costUsd: null });
      }
      return events;
    },
    end: () => ({ text, error, verdict: error !== null ? 'failed' : hasResult ? 'completed' : 'missing' }),
  };
}

function tokensOf(count: z.output<typeof usage>): TokenCount | null {
  if (count?.input_tokens === undefined && count?.output_tokens === undefined) return null;
  const cachedInput = count.cache_read_input_tokens ?? 0;
  const input = (count.input_tokens ?? 0) + (count.cache_creation_input_tokens ?? 0) + cachedInput;
  return { input, cachedInput, output: count.output_tokens ?? 0 };
}
