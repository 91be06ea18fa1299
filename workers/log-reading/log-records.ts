/**
 * From the text of a log to its records: line feeds, carriage returns, and text glued to a progress line that had no end.
 * Linear in the input. What a record means is decided in summary-block.ts and failure-text.ts.
 */
import { isProgressRecord } from './progress-record.ts';

/** The records of a text: what stands between line feeds and carriage returns, blank ones left out, glued ones parted. */
export function parseRecords(text: string): string[] {
  const records: string[] = [];
  let start = 0;
  for (let at = 0; at <= text.length; at++) {
    const code = at === text.length ? 0x0a : text.charCodeAt(at);
    if (code !== 0x0a && code !== 0x0d) continue;
    if (at > start) {
      const record = text.slice(start, at).trimEnd();
      if (record !== '') pushParted(records, record);
    }
    start = at + 1;
  }
  return records;
}

/** What a progress line without its own line end is found glued to. Every quantifier is bounded. */
const gluedPattern =
  /^(?:---$|METRIC\s|FAIL$|REFUSED\b|Killed|Terminated|Segmentation fault|Aborted|[A-Za-z_.]{0,80}(?:Error|Exception|Interrupt)\b)/;

function pushParted(records: string[], record: string): void {
  const traceback = record.indexOf('Traceback (most recent call last)');
  const cut = traceback > 0 ? traceback : findGlued(record);
  if (cut > 0 && isProgressRecord(record)) {
    const head = record.slice(0, cut).trimEnd();
    if (head !== '') records.push(head);
    records.push(record.slice(cut));
  } else {
    records.push(record);
  }
}

/** Where the glued text starts: after the last run of blanks that is wide enough, or a last word FAIL or ---; -1 where nothing is glued. */
function findGlued(record: string): number {
  if (record.endsWith(' FAIL')) return record.length - 4;
  if (record.endsWith(' ---')) return record.length - 3;
  const gap = record.lastIndexOf('    ');
  return gap >= 0 && gluedPattern.test(record.slice(gap + 4, gap + 204)) ? gap + 4 : -1;
}
