/** Reads the record that a reporter is handed, as far as the recorded prose depends on it. What the prose says is in prose.ts. */
import { z } from 'zod';
import type { ProseFacts } from './implementation.ts';

const figure = z.number().nullable();

const factsSchema = z.object({
  decision: z.enum(['keep', 'discard', 'crash', 'refused', 'failed']),
  evidence: z.string(),
  metricName: z.string(),
  unit: z.string(),
  direction: z.enum(['lower', 'higher']),
  metric: figure,
  baseMetric: figure,
  baseRuns: z.number(),
  observed: figure,
  expected: z.string(),
  interval: z.object({ low: z.number(), high: z.number(), confidence: z.number() }).nullable(),
  noise: z.object({ std: z.number(), n: z.number() }).nullable(),
  n: z.number(),
  flags: z.array(z.string()),
  files: z.array(z.object({ path: z.string(), added: figure, removed: figure })),
});

/** The facts in the text of a record.json, or in one sentence what is wrong with it. */
export function parseFacts(text: string): { kind: 'facts'; facts: ProseFacts } | { kind: 'wrong'; problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return {
      kind: 'wrong',
      problem: `record.json is no JSON: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
  const parsed = factsSchema.safeParse(value);
  if (parsed.success) return { kind: 'facts', facts: parsed.data };
  const [issue] = parsed.error.issues;
  return {
    kind: 'wrong',
    problem: `record.json: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not as expected'}`,
  };
}
