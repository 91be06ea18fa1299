/**
 * The last progress record of a log's tail, and how far it says the run is. Pure; reading the tail is the caller's.
 * What counts as a progress record is in progress-record.ts.
 */
import { parseRecords } from './log-records.ts';
import { decodeLogText, formatLine } from './log-text.ts';
import { headLength, isProgressRecord } from './progress-record.ts';

/** Widest progress text that is shown, in characters. */
const shownLength = 80;

/** The last progress record in the last bytes of a log, at most 80 characters; null where none is in them. */
export function parseProgress(tailBytes: Uint8Array): string | null {
  const records = parseRecords(decodeLogText(tailBytes));
  const last = records.findLast(isProgressRecord);
  return last === undefined ? null : formatLine(last, shownLength);
}

/** Figures that carry a percent sign and are not a share of the work done. */
const foreignPercent =
  /(?:mfu|acc|accuracy|util|usage|gpu|cpu|mem|memory|vram|ram|f1|precision|recall|error|err)\w{0,20}["']?\s{0,3}[:=]?\s{0,3}$/i;

/** Share of the work done, 0 to 1, from "41.0%", "5/100" or both ("epoch 2/4: 50%"); null where the text names none. */
export function progressFraction(text: string): number | null {
  const head = text.slice(0, headLength);
  const percent = findPercent(head);
  const counted = findCounted(head);
  if (percent !== null && counted?.isEpoch && counted.at < percent.at && counted.value < counted.total) {
    // "epoch 2/4: 50%" counts the epoch that is under way; with "epoch 0/4" it counts from zero.
    const before = Math.max(counted.value - 1, 0);
    return clampShare((before + percent.share) / counted.total);
  }
  if (percent !== null && (counted === null || percent.at < counted.at)) return percent.share;
  return counted === null ? null : clampShare(counted.value / counted.total);
}

function findPercent(text: string): { at: number; share: number } | null {
  for (const match of text.matchAll(/(?<![\d.])(\d{1,3}(?:\.\d{1,8})?)[ \t]?%/g)) {
    const isBar = text[match.index + match[0].length] === '|';
    if (!isBar && foreignPercent.test(text.slice(Math.max(0, match.index - 30), match.index))) continue;
    const share = Number(match[1]) / 100;
    if (share <= 1) return { at: match.index, share };
  }
  return null;
}

function findCounted(text: string): { at: number; value: number; total: number; isEpoch: boolean } | null {
  for (const match of text.matchAll(/(?<![\d./])(\d{1,12})[ \t]?(?:\/|of)[ \t]?(\d{1,12})(?![\d./])/g)) {
    const value = Number(match[1]);
    const total = Number(match[2]);
    if (total <= 0 || value > total) continue;
    return { at: match.index, value, total, isEpoch: /epoch["':=#[\s]{0,4}$/i.test(text.slice(0, match.index)) };
  }
  return null;
}

function clampShare(share: number): number {
  return Math.min(1, Math.max(0, share));
}
