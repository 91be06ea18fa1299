/**
 * Reads a log file in bounded memory. A small one whole; of a huge one the start and the end, which hold how the run began,
 * how it ended and the summary. What stands between is not read, and no figure is made up across the gap.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { LabError, messageOf } from '../../src/errors/lab-error.ts';
import { decodeLogTextAs, parseEncoding } from './log-text.ts';
import { type LogOptions, type LogReading, parseLogText } from './parse-log.ts';

/** Up to this size a log is read whole, in bytes: 8 MiB. */
export const wholeLogBytes = 8 * 1024 * 1024;

/** How much of the start of a larger log is read, in bytes: 256 KiB. Even, so that UTF-16 stays aligned. */
export const logHeadBytes = 256 * 1024;

/** How much of the end of a larger log is read, in bytes: 4 MiB. */
export const logTailBytes = 4 * 1024 * 1024;

/**
 * Reads the log at `path`. A log that still grows is read up to the size it had at the start.
 * Throws LabError of kind worker where it cannot be read or is no regular file.
 */
export async function readLog(path: string, options: LogOptions): Promise<LogReading> {
  let file: FileHandle | null = null;
  try {
    // Without O_NONBLOCK, opening a FIFO that lies in a log's place would wait for ever.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = await file.stat();
    if (!stat.isFile()) throw new LabError('worker', `the log ${path} is no regular file`);
    return parseLogText(await readLogText(file, stat.size), options);
  } catch (error) {
    if (error instanceof LabError) throw error;
    throw new LabError('worker', `the log ${path} cannot be read: ${messageOf(error)}`, { cause: error });
  } finally {
    await file?.close();
  }
}

async function readLogText(file: FileHandle, size: number): Promise<string> {
  if (size <= wholeLogBytes) {
    const bytes = await readRange(file, 0, size);
    return decodeLogTextAs(bytes, parseEncoding(bytes));
  }
  const tailStart = size - logTailBytes - (size % 2);
  const head = await readRange(file, 0, logHeadBytes);
  const tail = await readRange(file, tailStart, size - tailStart);
  const encoding = parseEncoding(head);
  // Set into the line on purpose: half a number on either side of the gap must not read as a whole one.
  const gap = `[… ${tailStart - logHeadBytes} bytes not read …]`;
  return `${decodeLogTextAs(head, encoding)}${gap}${decodeLogTextAs(tail, encoding)}`;
}

async function readRange(file: FileHandle, start: number, length: number): Promise<Uint8Array> {
  const bytes = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, start + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
