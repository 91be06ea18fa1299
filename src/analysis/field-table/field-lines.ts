/** The lines of a table file: its bytes as text, and its text in lines as an editor counts them. Pure; what a line means is read elsewhere. */
import type { FieldNote } from '../../domain/field-table.ts';

/** One line, without its end. */
export interface FieldLine {
  /** From 1, as an editor counts. */
  number: number;
  content: string;
}

/** The text of a file and how it was come by. */
interface DecodedText {
  text: string;
  /** What the bytes were where they were not plain UTF-8; null where they were. */
  encoding: string | null;
}

// Text of one byte a letter, written with two, has a zero in every second byte.
function findWideOrder(bytes: Buffer): 'little' | 'big' | null {
  const head = bytes.subarray(0, 4096);
  if (head.length < 8) return null;
  let even = 0;
  let odd = 0;
  for (let i = 0; i < head.length; i++) {
    if (head[i] !== 0) continue;
    if (i % 2 === 0) even++;
    else odd++;
  }
  const most = head.length * 0.3;
  if (odd > most && even < most / 4) return 'little';
  return even > most && odd < most / 4 ? 'big' : null;
}

function decodeWide(bytes: Buffer, order: 'little' | 'big'): string {
  // An odd byte at the end is half a letter of a file that was cut.
  const whole = Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % 2)));
  return (order === 'big' ? whole.swap16() : whole).toString('utf16le');
}

/** The text of a file: UTF-8 and UTF-16 with or without a mark at the front, Windows-1252 for bytes that are neither. */
function decodeBytes(bytes: Buffer): DecodedText {
  if (bytes[0] === 0xff && bytes[1] === 0xfe)
    return { text: decodeWide(bytes.subarray(2), 'little'), encoding: 'UTF-16, little endian' };
  if (bytes[0] === 0xfe && bytes[1] === 0xff)
    return { text: decodeWide(bytes.subarray(2), 'big'), encoding: 'UTF-16, big endian' };
  const order = findWideOrder(bytes);
  if (order !== null) return { text: decodeWide(bytes, order), encoding: `UTF-16, ${order} endian, unmarked` };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), encoding: null };
  } catch {
    return { text: new TextDecoder('windows-1252').decode(bytes), encoding: 'no UTF-8: Windows-1252 was assumed' };
  }
}

/**
 * The lines of a file. A lone carriage return ends a line only where the file has no line feed; else it is a space inside its line, so that the
 * numbers are those of an editor.
 */
export function splitLines(source: string | Buffer): { lines: FieldLine[]; notes: FieldNote[] } {
  const { text: whole, encoding } = typeof source === 'string' ? { text: source, encoding: null } : decodeBytes(source);
  const text = whole.startsWith('\ufeff') ? whole.slice(1) : whole;
  const notes: FieldNote[] = [];
  if (encoding !== null) notes.push({ line: 1, kind: 'interpreted', text: `the file's bytes are ${encoding}` });
  if (text === '') return { lines: [], notes };
  const isOldMac = !text.includes('\n') && text.includes('\r');
  const parts = text.split(isOldMac ? '\r' : '\n');
  if (parts.at(-1) === '') parts.pop();
  if (isOldMac)
    notes.push({ line: 1, kind: 'interpreted', text: 'lines end with carriage returns alone: taken as line ends' });
  let dos = 0;
  let firstDos = 0;
  let firstUnix = 0;
  const lines = parts.map((part, index) => {
    const number = index + 1;
    let content = part;
    if (content.endsWith('\r')) {
      content = content.slice(0, -1);
      dos++;
      if (firstDos === 0) firstDos = number;
      // The last line may have no end at all.
    } else if (index < parts.length - 1 && firstUnix === 0) firstUnix = number;
    if (content.includes('\r')) {
      content = content.replaceAll('\r', ' ');
      notes.push({ line: number, kind: 'interpreted', text: 'a carriage return inside the line: read as a space' });
    }
    return { number, content };
  });
  if (firstDos > 0 && firstUnix > 0) {
    const text = `${dos} of ${lines.length} lines end with CRLF, the others with LF: read alike`;
    notes.push({ line: Math.max(firstDos, firstUnix), kind: 'interpreted', text });
  }
  return { lines, notes };
}

/** A text for a remark: one line, in quotes, not longer than it helps. */
export function quote(text: string): string {
  const line = text.slice(0, 200).replaceAll(/\s+/g, ' ').trim();
  return `"${line.length > 40 ? `${line.slice(0, 39)}\u2026` : line}"`;
}
