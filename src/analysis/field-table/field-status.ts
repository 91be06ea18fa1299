/** What a status word of the field means. Pure; the plain words are those of the lab's own reader, this adds baselines, other languages and words in several parts. */
import type { FieldStatus } from '../../domain/field-table.ts';
import { hasDenial, parseStatusCell, splitStatusWords } from '../../lab/results-cells.ts';

/** What a status cell was read as. */
export interface ReadStatus {
  status: FieldStatus;
  /** The word is known; false: `other` for want of anything better. */
  isKnown: boolean;
  /** It stood there just so: "keep", "discard", "crash", "baseline". */
  isPlain: boolean;
}

const plain: readonly FieldStatus[] = ['keep', 'discard', 'crash', 'baseline'];

// Beginnings of words, so that endings (saved, сохранено, 保留✔) do not matter.
const beginnings: [Exclude<FieldStatus, 'other'>, string[]][] = [
  [
    'baseline',
    ['baseline', 'базов', 'базлайн', 'ベースライン', '기준', '基线', '基准', '基準', 'référence', 'referenz'],
  ],
  [
    'crash',
    [
      'сбой',
      'ошибк',
      'паден',
      '崩溃',
      '崩潰',
      '失败',
      '失敗',
      'クラッシュ',
      '실패',
      'absturz',
      'fehler',
      'échec',
      'fallo',
    ],
  ],
  [
    'discard',
    [
      'отклон',
      'откат',
      'отброш',
      '回滚',
      '回滾',
      '丢弃',
      '丟棄',
      '放弃',
      '舍弃',
      '破棄',
      '却下',
      '폐기',
      '버림',
      'verworfen',
      'rejet',
      'descart',
      'regress',
      'abandon',
      'undone',
      'rollback',
      'disallowed',
    ],
  ],
  [
    'keep',
    [
      'сохран',
      'остав',
      'принят',
      '保留',
      '采纳',
      '採用',
      '最佳',
      '旧最佳',
      '最新最佳',
      '유지',
      '채택',
      'behalten',
      'gardé',
      'garder',
      'conserv',
      'manten',
      'approve',
      'promot',
      'merged',
      'winner',
      'improvement',
    ],
  ],
];

const marks: [Exclude<FieldStatus, 'other'>, string][] = [
  ['keep', '\u2705\u2713\u2714'],
  ['discard', '\u274c\u2717\u2718'],
];

function findStatus(lower: string, columnName: string): FieldStatus | null {
  // "未保留": the opposite of the rest of the word.
  if (/[未不没]/u.test(lower)) return null;
  const tokens = splitStatusWords(lower);
  const has = (...words: string[]) => tokens.some(({ word, denied }) => denied !== 'all' && words.includes(word));
  // The run was sound and its number counts for nothing: a test or a guard said no.
  if (has('check', 'checks', 'guard', 'test', 'tests') && has('fail', 'failed', 'failing')) return 'discard';
  const ofNothing = ['improvement', 'gain', 'change', 'effect', 'op'];
  if (has('no') && tokens.some(({ word }) => ofNothing.includes(word))) return 'discard';
  const of = (list: [Exclude<FieldStatus, 'other'>, string[]][]) =>
    list.find(([status, starts]) =>
      tokens.some(({ word, denied }) => {
        // "not_approved", "не сохранено" are no keep, however many words lie between; "не откат" is no discard.
        const isDenied = status === 'crash' || status === 'discard' ? denied === 'all' : denied !== null;
        return !isDenied && starts.some((start) => word.startsWith(start));
      }),
    )?.[0] ?? null;
  const baseline = of(beginnings.slice(0, 1));
  if (baseline !== null) return baseline;
  const known = parseStatusCell(lower, /^(kept|keep|is_?kept|accepted)\??$/.test(columnName) ? 'kept' : columnName);
  return (
    known ??
    of(beginnings.slice(1)) ??
    marks.find(
      ([status, letters]) =>
        (status !== 'keep' || !hasDenial(tokens)) && [...letters].some((mark) => lower.includes(mark)),
    )?.[0] ??
    null
  );
}

/** The meaning of a status cell: any case, with a reason after it ("REVERTED:too_eager"), in other languages. `columnName` in lower case: under "kept" stand yes and no. */
export function readStatus(cell: string, columnName: string): ReadStatus {
  const word = cell.trim();
  const exact = plain.find((status) => status === word);
  if (exact !== undefined) return { status: exact, isKnown: true, isPlain: true };
  // A cell of a whole sentence is no status, and its words say nothing.
  if (word === '' || word.length > 120) return { status: 'other', isKnown: false, isPlain: word === '' };
  // "keep (crash fixed)": what stands before the reason is the word.
  const head = headOf(word);
  const status = findStatus((head === '' ? word : head).toLowerCase(), columnName);
  return { status: status ?? 'other', isKnown: status !== null, isPlain: false };
}

/** What stands before a reason: "REVERTED" of "REVERTED:too_eager"; "" where no word stands there. */
function headOf(word: string): string {
  const head = word.split(/[:;,([{（：]/, 1)[0]?.trim() ?? '';
  return /[\p{L}\u2700-\u27bf]/u.test(head) ? head : '';
}

/** True for a cell that can only be a status: a known word or two, with or without a reason; no sentence in which such a word occurs. */
export function isStatusWord(cell: string, columnName: string): boolean {
  if (cell.length > 60 || !readStatus(cell, columnName).isKnown) return false;
  const head = headOf(cell) || cell;
  return head.length <= 32 && head.split(/\s+/).length <= 3 && !head.includes('=');
}
