/** Whether lower or higher is better in a table: what its comments say, and what its metric's name says. Pure. */

/** Where better lies. */
export type Direction = 'lower' | 'higher';

// Whole parts of a name, so that "loss" is not found in "lossless" and "acc" not in "account".
const lowerWords = new Set(
  'bpb bpc loss losses error err rmse mae mse mape smape perplexity ppl fid nll brier wer cer latency regret divergence kl ece rmsle logloss bpt distance cost drawdown time ms seconds runtime duration misses failures'.split(
    ' ',
  ),
);
const higherWords = new Set(
  'acc accuracy f1 f2 auc auroc auprc roc mfu tps throughput reward rewards return returns score scores sharpe sortino calmar pnl profit winrate performance r2 precision recall map iou miou dice psnr ssim bleu rouge mrr ndcg hits speedup gflops tflops flops elo coverage success wins correlation pearson spearman kappa mcc fitness utility passrate tok'.split(
    ' ',
  ),
);

/** The words of a name: "valBpb", "val-bpb" and "val_bpb" have the same. */
function splitName(name: string): string[] {
  return name
    .slice(0, 200)
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
}

/** What a metric's name says; null where it says nothing. An arrow or "(lower is better)" in the name comes first. */
export function findNameDirection(name: string): Direction | null {
  const stated = parseDirectionWord(name.slice(0, 200));
  if (stated !== null) return stated;
  if (/[\u2193\u2b07]/.test(name)) return 'lower';
  if (/[\u2191\u2b06]/.test(name)) return 'higher';
  const words = splitName(name);
  const joined = words.join('_');
  // A rate counts upwards whatever its second word: tok_per_sec, samples/s, it_per_second.
  if (
    /(^|_)(tok|toks|token|tokens|it|its|iter|samples|steps|req|requests|img|images|examples)_(per_)?(s|sec|second|ms|min|hour|h)(_|$)/.test(
      joined,
    )
  )
    return 'higher';
  if (/_per_(s|sec|second)(_|$)|(^|_)(win_rate|hit_rate|pass_rate|success_rate|r_squared|pass_\d+)(_|$)/.test(joined))
    return 'higher';
  // "brier_score", "error_rate", "acc_loss": the word for bad decides.
  if (words.some((word) => lowerWords.has(word))) return 'lower';
  return words.some((word) => higherWords.has(word)) ? 'higher' : null;
}

function parseDirectionWord(text: string): Direction | null {
  const lower = text.toLowerCase();
  if (/lower[ _-]?is[ _-]?better|minimi[sz]e|smaller[ _-]?is[ _-]?better/.test(lower)) return 'lower';
  if (/higher[ _-]?is[ _-]?better|maximi[sz]e|(larger|bigger)[ _-]?is[ _-]?better/.test(lower)) return 'higher';
  return null;
}

/** What a comment line says ("# metric_direction: higher_is_better", "# lower is better"); null where it says nothing. */
export function parseDirectionComment(content: string): Direction | null {
  const text = content.slice(0, 500);
  const key = /\b(?:metric[_ -]?)?(?:direction|goal|objective)\s*[:=]\s*"?(\w+)/i.exec(text)?.[1]?.toLowerCase() ?? '';
  if (/^(lower|min|minimi[sz]e|down|smaller|less)/.test(key)) return 'lower';
  if (/^(higher|max|maximi[sz]e|up|larger|greater|more)/.test(key)) return 'higher';
  return parseDirectionWord(text);
}
