/**
 * `opencode run --format json`: step_start, text, tool_use (when the tool is over), step_finish with tokens and cost of that step, error.
 * The last step_finish can be missing where opencode leaves early, so its absence is no failure. It counts 0 for what it does not know.
 */
import { z } from 'zod';
import type { TokenCount } from '../agent.ts';
import { describeInput, looseCount, looseText, type OutputParser, parseEvent } from './output-parser.ts';

const tokens = z
  .object({
    input: looseCount,
    output: looseCount,
    reasoning: looseCount,
    cache: z.object({ read: looseCount, write: looseCount }).optional().catch(undefined),
  })
  .optional()
  .catch(undefined);

const line = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), part: z.object({ text: looseText }) }),
  z.object({
    type: z.literal('tool_use'),
    part: z.object({
      tool: looseText,
      state: z.object({ status: looseText, input: z.unknown().optional() }).optional().catch(undefined),
    }),
  }),
  z.object({ type: z.literal('step_finish'), part: z.object({ tokens, cost: looseCount }) }),
  z.object({
    type: z.literal('error'),
    error: z
      .object({
        name: looseText,
        message: looseText,
        data: z.object({ message: looseText }).optional().catch(undefined),
      })
      .optional()
      .catch(undefined),
  }),
]);

/** Reads opencode's stream; usage is the sum over the steps. */
export function createOpencodeParser(): OutputParser {
  const sum: TokenCount = { input: 0, cachedInput: 0, output: 0 };
  let costUsd = 0;
  let text = '';
  let error: string | null = null;
  return {
    feed(raw) {
      const event = parseEvent(line, raw);
      if (event === null) return [];
      switch (event.type) {
        case 'text':
          if (event.part.text === undefined || event.part.text === '') return [];
          text = event.part.text;
          return [{ kind: 'text', text }];
        case 'tool_use': {
          const tool = event.part.tool ?? 'tool';
          const ok = event.part.state?.status !== 'error';
          return [
            { kind: 'tool-start', tool, detail: describeInput(event.part.state?.input) },
            { kind: 'tool-end', tool, ok },
          ];
        }
        case 'step_finish': {
          const count = event.part.tokens;
          const cached = count?.cache?.read ?? 0;
          sum.input += (count?.input ?? 0) + cached + (count?.cache?.write ?? 0);
          sum.cachedInput += cached;
          sum.output += (count?.output ?? 0) + (count?.reasoning ?? 0);
          costUsd += event.part.cost ?? 0;
          if (sum.input + sum.output === 0) return [];
          return [{ kind: 'usage', tokens: { ...sum }, costUsd: costUsd === 0 ? null : costUsd }];
        }
        case 'error':
          error =
            event.error?.data?.message ?? event.error?.message ?? event.error?.name ?? 'opencode reported an error';
          return [{ kind: 'error', message: error }];
      }
    },
    end: () => ({ text, error, verdict: error === null ? 'never' : 'failed' }),
  };
}
