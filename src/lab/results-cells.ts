/** Single cells and column names of result tables as the field writes them. Pure; whole tables are read in results-tsv.ts. */
import type { Status } from '../domain/result.ts';

// First the lab's own name, then what the field calls the same.
const aliases: Record<string, string[]> = {
  commit: ['commit', 'commit_hash', 'hash', 'sha', 'git_commit', 'rev'],
  memory_gb: ['memory_gb', 'mem_gb', 'memory', 'peak_memory_gb', 'peak_vram_gb', 'vram_gb'],
  memory_mb: ['memory_mb', 'mem_mb', 'peak_vram_mb', 'peak_memory_mb', 'vram_mb'],
  status: ['status', 'decision', 'verdict', 'kept', 'outcome'],
  description: ['description', 'desc', 'notes', 'note', 'change', 'summary'],
  idea: ['idea'],
  question: ['question'],
  hypothesis: ['hypothesis'],
  expected: ['expected'],
  observed: ['observed'],
  evidence: ['evidence'],
  std: ['std', 'stdev', 'sd'],
  n: ['n', 'n_seeds', 'runs'],
  seconds: ['seconds', 'training_seconds', 'train_seconds', 'duration_s'],
  device: ['device', 'gpu', 'hardware'],
  track: ['track'],
  jobs: ['jobs', 'job'],
  date: ['date', 'timestamp', 'datetime', 'time'],
  flags: ['flags'],
  metrics: ['metrics'],
};

const columnOf = new Map(
  Object.entries(aliases).flatMap(([column, names]) => names.map((name) => [name, column] as const)),
);

/** The lab's name of a column ("desc" is `description`); null for one that it does not know, the metric among them. */
export function parseColumnName(cell: string): string | null {
  return (
    columnOf.get(
      cell
        .trim()
        .toLowerCase()
        .replace(/[\s-]+/g, '_'),
    ) ?? null
  );
}

const metricLike = /bpb|loss|score|acc|f1|auc|rmse|mae|mse|perplexity|ppl|metric|reward|performance|tok_s|throughput/i;

/** True for a column name that reads like a metric's. */
export function isMetricLike(name: string): boolean {
  return metricLike.test(name);
}

/** The number in a cell, units and % dropped ("68.6%" is 68.6, "116.4s" 116.4); null for anything else, an empty cell and NA included. NaN only where written so. */
export function parseNumberCell(cell: string): number | null {
  const text = cell.trim().replace(/^[\u2212\u2013]/, '-');
  if (text === '' || text.length > 64) return null;
  if (/^[+-]?nan$/i.test(text)) return Number.NaN;
  const infinite = /^([+-]?)inf(inity)?$/i.exec(text);
  if (infinite !== null) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const found =
    /^[~\u2248]?\s*([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?(?:e[+-]?\d+)?)\s*(?:%|[a-z\u00b5\u03bc][a-z0-9/\u00b5\u03bc^]*)?$/i.exec(
      text,
    );
  const digits = found?.[1]?.replaceAll(',', '') ?? '';
  if (!/\d/.test(digits) || /^[+-]?e/i.test(digits)) return null;
  const value = Number(digits);
  return Number.isNaN(value) ? null : value;
}

const words: Record<Status, string[]> = {
  crash: ['crash', 'crashed', 'error', 'oom', 'timeout', 'nan', 'failed', 'fail', 'failure', 'killed', '崩溃'],
  discard: [
    'discard',
    'discarded',
    'reject',
    'rejected',
    'revert',
    'reverted',
    'drop',
    'dropped',
    'worse',
    'noop',
    '回滚',
    '丢弃',
  ],
  keep: [
    'keep',
    'kept',
    'keeper',
    'best',
    'accept',
    'accepted',
    'adopt',
    'adopted',
    'improved',
    'win',
    'success',
    '保留',
  ],
};

// 不, 未 and 没 as words of their own; within a word they make another word of it.
const denials = new Set('not no never non un none nor neither without cannot dont не нет ни 不 未 没'.split(' '));

/** A word of a status cell. */
export interface StatusWord {
  word: string;
  /** What a word before it takes away: `all` stands directly before it ("no crash"), `keep` somewhere before ("was not to be kept"). */
  denied: 'all' | 'keep' | null;
}

/** The words of a status cell in lower case, in order, whatever stands between them ("NOT_ACCEPTED" has two). */
export function splitStatusWords(lower: string): StatusWord[] {
  const plain = lower.replace(/n['\u2019]t(?!\p{L})/gu, ' not ');
  const parts = plain.split(/[^\p{L}]+/u).filter((part) => part !== '');
  const first = parts.findIndex((part) => denials.has(part));
  return parts.map((word, index) => {
    if (first === -1 || index <= first) return { word, denied: null };
    return { word, denied: denials.has(parts[index - 1] ?? '') ? 'all' : 'keep' };
  });
}

/** Whether the cell has a word that says no ("not", "never", "не"). */
export function hasDenial(parts: readonly StatusWord[]): boolean {
  return parts.some(({ word }) => denials.has(word));
}

/** What a status cell means, in whatever case, with reasons or decoration ("REVERTED:too_eager", "✔ kept"); null for words of other meaning. */
export function parseStatusCell(cell: string, columnName = 'status'): Status | null {
  const lower = cell.trim().toLowerCase();
  if (columnName === 'kept' && /^(yes|y|true|1)$/.test(lower)) return 'keep';
  if (columnName === 'kept' && /^(no|n|false|0)$/.test(lower)) return 'discard';
  for (const { word, denied } of splitStatusWords(lower)) {
    for (const status of ['crash', 'discard', 'keep'] as const) {
      // "not kept" is no keep, however many words lie between; "not better: reverted" is a discard.
      const isDenied = status === 'keep' ? denied !== null : denied === 'all';
      if (words[status].includes(word) && !isDenied) return status;
    }
  }
  return null;
}
