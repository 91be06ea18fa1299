/**
 * Which family of changes a row belongs to, by the words of its description: "learning rate", "batch size", … For summaries that people and
 * agents read; nothing is decided by it. Pure.
 */

/** Families by the words that name them; the first that fits counts, so the narrow ones stand first. */
const families: readonly (readonly [string, RegExp])[] = [
  ['learning rate', /\blr\b|_lr\b|learning[ _-]?rate|step[ _-]?size/],
  ['schedule', /warm-?\s?(?:up|down)|schedule|cosine|\bdecay to\b|cool-?\s?down|anneal|final_lr/],
  ['weight decay', /weight[ _-]?decay|\bwd\b/],
  ['optimiser', /optimi[sz]er|adam|muon|\bsgd\b|lion|momentum|\bbetas?\d?\b|nesterov|\bema\b|grad(?:ient)?[ _-]?clip/],
  ['batch size', /batch/],
  ['sequence length', /seq(?:uence)?[ _-]?len|context length/],
  ['attention', /attention|attn|\bheads?\b|head_dim|\bgqa\b|\bmqa\b|rope|rotary|window|\bqk\b|value embed|\bve\b/],
  ['normalisation', /rms-?norm|layer-?norm|\bnorm|qk-?norm/],
  ['activation', /relu|gelu|swiglu|silu|activation|\bglu\b|softcap/],
  ['depth and width', /depth|layers?\b|width|\bdims?\b|n_embd|aspect|hidden|model size|\bmlp\b|expert/],
  ['initialisation', /\binit/],
  ['embedding', /embed|vocab|unembed|lm_?head|\btied?\b/],
  ['regularisation', /dropout|regulari[sz]|label smooth|noise/],
  ['loss', /\bloss\b|z-?loss|auxiliary/],
  ['smoothing and context', /smoothing|\border\b|n-?gram|context|skip/],
  ['precision and speed', /bf16|fp16|fp8|float|compile|kernel|fused|flash|speed|throughput|checkpointing/],
  ['data', /data|shuffle|packing|loader|token/],
  ['simplification', /remov|delet|drop |simplif|without/],
];

/** The names of all families, as far as words tell them. */
export const familyNames: readonly string[] = families.map(([name]) => name);

/** Name of the family of a description; "other" where no word says it. */
export function familyOf(description: string): string {
  const words = description.toLowerCase();
  return families.find(([, pattern]) => pattern.test(words))?.[0] ?? 'other';
}

/** One family's count. */
export interface FamilyCount {
  name: string;
  tries: number;
  keeps: number;
}

/** What a family is told by; a category that was given goes before the words. */
export interface FamilyRow {
  description: string;
  status: string;
  category?: string;
}

/** Families of the rows, the one with the most tries first; equal ones in the order in which they came. */
export function countFamilies(rows: readonly FamilyRow[]): FamilyCount[] {
  const counts = new Map<string, FamilyCount>();
  for (const { description, status, category = '' } of rows) {
    const name = category.trim().toLowerCase() || familyOf(description);
    const count = counts.get(name) ?? { name, tries: 0, keeps: 0 };
    counts.set(name, { name, tries: count.tries + 1, keeps: count.keeps + (status === 'keep' ? 1 : 0) });
  }
  return [...counts.values()].sort((a, b) => b.tries - a.tries);
}
