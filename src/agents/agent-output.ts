/**
 * What an agent prints, on its way to the transcript, to the caller and into the result. Keeps little in memory: the totals, the last words
 * and the lines that may explain a failure.
 */
import type { AgentEvent, TokenCount } from './agent.ts';
import { createParser } from './formats/create-parser.ts';
import { cutText, type OutputFormat, type ParsedEnd } from './formats/output-parser.ts';
import { createLineSplitter } from './output-lines.ts';
import type { SecretMask } from './secret-mask.ts';
import type { Transcript } from './transcript.ts';

/** What all output came to. */
export interface OutputEnd {
  parsed: ParsedEnd;
  /** Null where no usage was reported. */
  tokens: TokenCount | null;
  /** Null where no cost was reported. */
  costUsd: number | null;
  /** Last line of standard error that says something; null for none. */
  lastErrorLine: string | null;
  /** Last line of standard output that says something and is no event of a stream; null for none. */
  lastOutputLine: string | null;
  /** Last line that tells of a read-only file system; null for none. */
  refusedLine: string | null;
}

/** Takes an agent's output. */
export interface AgentOutput {
  stdout(chunk: Buffer): void;
  stderr(chunk: Buffer): void;
  /** To be called once, when no more output comes. */
  end(): OutputEnd;
}

/** What the output is given to. */
export interface AgentOutputOptions {
  format: OutputFormat;
  mask: SecretMask;
  transcript: Transcript;
  onEvent(event: AgentEvent): void;
}

/** Longest line that is shown in a reason, in characters. */
const longestShownLine = 300;

/** Starts taking output. Its methods throw what the transcript and `onEvent` throw. */
export function createAgentOutput({ format, mask, transcript, onEvent }: AgentOutputOptions): AgentOutput {
  const parser = createParser(format);
  let tokens: TokenCount | null = null;
  let costUsd: number | null = null;
  let lastErrorLine: string | null = null;
  let lastOutputLine: string | null = null;
  let refusedLine: string | null = null;

  const noteRefusal = (line: string): void => {
    if (/Read-only file system|\bEROFS\b/.test(line)) refusedLine = cutText(line, longestShownLine);
  };
  const out = createLineSplitter(mask, (line) => {
    const events = parser.feed(line);
    if (events.length === 0 && line.trim() !== '') transcript.raw(line, 'stdout');
    if (events.length === 0 || format === 'text') {
      noteRefusal(line);
      if (isTelling(line)) lastOutputLine = cutText(line, longestShownLine);
    }
    for (const event of events) {
      if (event.kind === 'usage') {
        tokens = event.tokens;
        costUsd = event.costUsd ?? costUsd;
      }
      if (event.kind === 'error') noteRefusal(event.message);
      transcript.event(event);
      onEvent(event);
    }
  });
  const err = createLineSplitter(mask, (line) => {
    if (line.trim() !== '') transcript.raw(line, 'stderr');
    noteRefusal(line);
    if (isTelling(line)) lastErrorLine = cutText(line, longestShownLine);
  });
  return {
    stdout: (chunk) => out.feed(chunk),
    stderr: (chunk) => err.feed(chunk),
    end: () => {
      out.end();
      err.end();
      const { text, error, verdict } = parser.end();
      // A text that came in pieces was masked in pieces.
      const parsed = { text: mask.mask(text), error: error === null ? null : mask.mask(error), verdict };
      return { parsed, tokens, costUsd, lastErrorLine, lastOutputLine, refusedLine };
    },
  };
}

/** False for frames of a stack, node's closing line and lines of signs. */
function isTelling(line: string): boolean {
  return /\p{L}{3}/u.test(line) && !/^\s+at\s|^Node\.js v\d|^\s*\{?"type":/.test(line);
}
