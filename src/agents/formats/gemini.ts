/**
 * `gemini -o stream-json`: init, message (in pieces), tool_use, tool_result, error (which gemini goes on after) and result with the
 * statistics of the run. Input holds the cached part. No cost.
 */
import { z } from 'zod';
import type { AgentEvent, TokenCount } from '../agent.ts';
import { describeInput, looseCount, looseText, type OutputParser, parseEvent } from './output-parser.ts';

const counts = z.object({
  input_tokens: looseCount,
  output_tokens: looseCount,
  cached: looseCount,
  // The older shape, per model.
  tokens: z
    .object({ prompt: looseCount, candidates: looseCount, cached: looseCount, thoughts: looseCount, tool: looseCount })
    .optional()
    .catch(undefined),
});

const line = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('message'),
    role: looseText,
    content: looseText,
    delta: z.boolean().optional().catch(undefined),
  }),
  z.object({
    type: z.literal('tool_use'),
    tool_name: looseText,
    tool_id: looseText,
    parameters: z.unknown().optional(),
  }),
  z.object({ type: z.literal('tool_result'), tool_id: looseText, status: looseText }),
  z.object({ type: z.literal('error'), severity: looseText, message: looseText }),
  z.object({
    type: z.literal('result'),
    status: looseText,
    error: z.object({ message: looseText }).optional().catch(undefined),
    stats: counts
      .extend({ models: z.record(z.string(), counts).optional().catch(undefined) })
      .optional()
      .catch(undefined),
  }),
]);

/** Reads gemini's stream. */
export function createGeminiParser(): OutputParser {
  const toolNames = new Map<string, string>();
  let text = '';
  let isOpen = false;
  let lastError: string | null = null;
  let verdict: 'completed' | 'failed' | 'missing' = 'missing';
  return {
    feed(raw) {
      const event = parseEvent(line, raw);
      if (event === null) return [];
      if (event.type === 'message') {
        if (event.role !== 'assistant' || event.content === undefined || event.content === '') return [];
        text = isOpen && event.delta === true ? text + event.content : event.content;
        isOpen = true;
        return [{ kind: 'text', text: event.content }];
      }
      isOpen = false;
      switch (event.type) {
        case 'tool_use': {
          const tool = event.tool_name ?? 'tool';
          if (event.tool_id !== undefined) toolNames.set(event.tool_id, tool);
          return [{ kind: 'tool-start', tool, detail: describeInput(event.parameters) }];
        }
        case 'tool_result': {
          const id = event.tool_id ?? '';
          const tool = toolNames.get(id) ?? 'tool';
          toolNames.delete(id);
          return [{ kind: 'tool-end', tool, ok: event.status !== 'error' }];
        }
        case 'error':
          if (event.severity === 'warning') return [];
          lastError = event.message ?? 'gemini reported an error';
          return [{ kind: 'error', message: lastError }];
        case 'result': {
          const events: AgentEvent[] = [];
          const tokens = tokensOf(event.stats);
          if (tokens !== null) events.push({ kind: 'usage', tokens, costUsd: null });
          verdict = event.status === 'error' || event.error !== undefined ? 'failed' : 'completed';
          if (verdict === 'failed') {
            lastError = event.error?.message ?? lastError ?? 'gemini reported an error';
            events.push({ kind: 'error', message: lastError });
          }
          return events;
        }
      }
    },
    end: () => ({ text, error: verdict === 'completed' ? null : lastError, verdict }),
  };
}

type Counts = z.output<typeof counts>;

function tokensOf(stats: (Counts & { models?: Record<string, Counts> | undefined }) | undefined): TokenCount | null {
  if (stats === undefined) return null;
  const perModel = Object.values(stats.models ?? {});
  const whole = readCounts(stats);
  if (whole !== null || perModel.length === 0) return whole;
  const sum: TokenCount = { input: 0, cachedInput: 0, output: 0 };
  let isKnown = false;
  for (const model of perModel) {
    const count = readCounts(model);
    if (count === null) continue;
    isKnown = true;
    sum.input += count.input;
    sum.cachedInput += count.cachedInput;
    sum.output += count.output;
  }
  return isKnown ? sum : null;
}

function readCounts(count: Counts): TokenCount | null {
  const old = count.tokens;
  if (old?.prompt !== undefined || old?.candidates !== undefined) {
    const output = (old.candidates ?? 0) + (old.thoughts ?? 0);
    return { input: (old.prompt ?? 0) + (old.tool ?? 0), cachedInput: old.cached ?? 0, output };
  }
  if (count.input_tokens === undefined && count.output_tokens === undefined) return null;
  return { input: count.input_tokens ?? 0, cachedInput: count.cached ?? 0, output: count.output_tokens ?? 0 };
}
