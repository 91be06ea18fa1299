/**
 * transcript.jsonl: what an agent did, one JSON object per line with its moment, written as it goes so that a killed lab leaves it too.
 * Lines that are no event are kept as they came. It is written synchronously: whoever reads it after the run finds everything.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import type { AgentEvent } from './agent.ts';

/** Largest transcript in bytes; an agent that prints without end must not fill the disk. */
const largestTranscript = 64 * 1024 * 1024;

/** An open transcript. Its writers throw the system's error where the disk refuses. */
export interface Transcript {
  /** Absolute path of the file. */
  path: string;
  event(event: AgentEvent): void;
  /** A line of the program's own; `stderr` where it came from there. */
  raw(line: string, stream: 'stdout' | 'stderr'): void;
  /** To be called once, at the end. */
  close(): void;
}

/** Starts an empty transcript; one that is there is replaced. */
export function createTranscript(path: string): Transcript {
  const file = openSync(path, 'w', 0o644);
  let bytes = 0;
  let isFull = false;
  const write = (entry: Record<string, unknown>): void => {
    if (isFull) return;
    const line = (content: Record<string, unknown>) =>
      `${JSON.stringify({ at: new Date().toISOString(), ...content })}\n`;
    let text = line(entry);
    if (bytes + text.length > largestTranscript) {
      isFull = true;
      text = line({ kind: 'raw', line: `[the transcript ends here: it had reached ${largestTranscript} bytes]` });
    }
    bytes += writeAll(file, text);
  };
  return {
    path,
    event: (event) => write({ ...event }),
    raw: (line, stream) => write({ kind: 'raw', ...(stream === 'stderr' ? { stream } : {}), line }),
    close: () => closeSync(file),
  };
}

function writeAll(file: number, text: string): number {
  const bytes = Buffer.from(text);
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
  return bytes.length;
}
