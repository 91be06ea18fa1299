/**
 * From the bytes of a log to plain text: encodings and terminal codes; and text cut to what a pattern or a person may meet.
 * Every pass is linear in the input, whatever it holds. Splitting into records is in log-records.ts.
 */

/** How the bytes of a log are to be read. */
export type LogEncoding = 'utf-8' | 'utf-16le' | 'utf-16be';

/** How many bytes at the start decide about the encoding of a log without a byte order mark. */
const probeBytes = 4096;

/** A record longer than this is looked at by its two ends only, so that no pattern meets a megabyte. */
const viewHalf = 2000;

/** Finds the encoding by the byte order mark, else by where the NUL bytes stand; UTF-8 where nothing speaks against it. */
export function parseEncoding(bytes: Uint8Array): LogEncoding {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  const pairs = Math.floor(Math.min(bytes.length, probeBytes) / 2);
  let evenNuls = 0;
  let oddNuls = 0;
  for (let i = 0; i < pairs; i++) {
    if (bytes[2 * i] === 0) evenNuls++;
    if (bytes[2 * i + 1] === 0) oddNuls++;
  }
  if (pairs === 0) return 'utf-8';
  if (oddNuls / pairs > 0.4 && evenNuls / pairs < 0.1) return 'utf-16le';
  if (evenNuls / pairs > 0.4 && oddNuls / pairs < 0.1) return 'utf-16be';
  return 'utf-8';
}

/** Decodes in a known encoding; bad sequences become U+FFFD, NULs go (a shell may append UTF-16 to an UTF-8 file), terminal codes go. */
export function decodeLogTextAs(bytes: Uint8Array, encoding: LogEncoding): string {
  const even = bytes.length - (bytes.length % 2);
  const text =
    encoding === 'utf-16be'
      ? new TextDecoder('utf-16le').decode(Buffer.from(bytes.subarray(0, even)).swap16())
      : new TextDecoder(encoding).decode(encoding === 'utf-8' ? bytes : bytes.subarray(0, even));
  return stripTerminalCodes(text.replaceAll('\0', ''));
}

/** The text of a log, whatever wrote it: UTF-16 with or without a mark, else UTF-8, never failing; without terminal codes. */
export function decodeLogText(bytes: Uint8Array): string {
  return decodeLogTextAs(bytes, parseEncoding(bytes));
}

/**
 * Takes the terminal codes out. A code that moves the cursor to another place becomes a carriage return, and so does a
 * backspace: what follows it is a new record, not more of the same. Colours and "erase to the end" leave no trace.
 */
export function stripTerminalCodes(text: string): string {
  const plain = text.replaceAll('\b', '\r');
  let codeStart = plain.indexOf('\u001b');
  if (codeStart < 0) return plain;
  const parts: string[] = [];
  let kept = 0;
  while (codeStart >= 0) {
    if (codeStart > kept) parts.push(plain.slice(kept, codeStart));
    const code = parseTerminalCode(plain, codeStart);
    if (code.replacement !== '') parts.push(code.replacement);
    kept = code.end;
    codeStart = plain.indexOf('\u001b', kept);
  }
  parts.push(plain.slice(kept));
  return parts.join('');
}

/** One code that starts at the ESC at `start`: where it ends and what stands in its place. A broken one loses its ESC alone. */
function parseTerminalCode(text: string, start: number): { end: number; replacement: string } {
  const kind = text[start + 1];
  let at = start + 2;
  if (kind === '[') {
    while (at < text.length && isBetween(text, at, 0x20, 0x3f)) at++;
    if (at >= text.length) return { end: at, replacement: '' };
    if (!isBetween(text, at, 0x40, 0x7e)) return { end: at, replacement: '' };
    const final = text.charAt(at);
    const moves = 'ABEFHfd'.includes(final) || (final === 'G' && at - start <= 3);
    const erasesAll = (final === 'K' || final === 'J') && text[start + 2] === '2';
    const gap = final === 'C' || final === 'G' ? ' ' : '';
    return { end: at + 1, replacement: moves || erasesAll ? '\r' : gap };
  }
  if (kind === ']') {
    // A title or link ends with BEL or ESC \. One that never ends must not swallow the lines after it.
    while (at < text.length && !'\u0007\u001b\n\r'.includes(text.charAt(at))) at++;
    if (text[at] === '\u0007') return { end: at + 1, replacement: '' };
    if (text[at] === '\u001b' && text[at + 1] === '\\') return { end: at + 2, replacement: '' };
    return { end: start + 2, replacement: '' };
  }
  if (kind !== undefined && '()*+'.includes(kind)) return { end: start + 3, replacement: '' };
  const isShort = kind !== undefined && isBetween(text, start + 1, 0x30, 0x7e);
  return { end: start + (isShort ? 2 : 1), replacement: '' };
}

function isBetween(text: string, at: number, low: number, high: number): boolean {
  const code = text.charCodeAt(at);
  return code >= low && code <= high;
}

/** A record as patterns may look at it: whole, or its two ends where it is longer than 4,000 characters. */
export function formatView(record: string): string {
  if (record.length <= 2 * viewHalf) return record;
  return `${record.slice(0, viewHalf)} … ${record.slice(-viewHalf)}`;
}

/** One line for a person: blanks collapsed, no control characters, at most `limit` characters with "…" where it was cut. */
export function formatLine(text: string, limit: number): string {
  const line = text
    .slice(0, 8 * limit)
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim();
  const letters = Array.from(line);
  return letters.length <= limit ? line : `${letters.slice(0, limit - 1).join('')}…`;
}
