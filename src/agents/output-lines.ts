/** Bytes of a stream to lines of text, with secrets masked and a bound on the length of a line, so that no output fills the memory. */
import { StringDecoder } from 'node:string_decoder';
import type { SecretMask } from './secret-mask.ts';

/** Longest line that is kept, in characters (one million, about 1 MB). */
export const longestLine = 1_000_000;

/** Cuts a stream into lines. */
export interface LineSplitter {
  feed(chunk: Buffer): void;
  /** Gives out what is left without a line end. */
  end(): void;
}

/** Calls `onLine` for each line, without its line end and masked. */
export function createLineSplitter(mask: SecretMask, onLine: (line: string) => void): LineSplitter {
  const decoder = new StringDecoder('utf8');
  // A secret that lies across the place of the cut has to be whole when it is masked.
  const room = longestLine + mask.longest;
  let held = '';
  let length = 0;
  const take = (piece: string): void => {
    length += piece.length;
    if (held.length < room) held += piece.slice(0, room - held.length);
  };
  const give = (): void => {
    const line = mask.mask(held.endsWith('\r') ? held.slice(0, -1) : held);
    const isCut = length > longestLine;
    onLine(isCut ? `${line.slice(0, longestLine)} … [cut, the line had ${length} characters]` : line);
    held = '';
    length = 0;
  };
  const feedText = (text: string): void => {
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      take(text.slice(start, end));
      give();
      start = end + 1;
    }
    take(text.slice(start));
  };
  return {
    feed: (chunk) => feedText(decoder.write(chunk)),
    end: () => {
      feedText(decoder.end());
      if (length > 0) give();
    },
  };
}
