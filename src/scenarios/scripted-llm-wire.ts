/**
 * What the protocols of coding agents have in common for the scripted service: what is taken from a request, what an answer is, and how it
 * is streamed. The protocols themselves: scripted-llm-openai.ts (chat completions, responses) and scripted-llm-others.ts (Anthropic, Gemini).
 */
import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import type { OfferedTool, ToolCall } from './scripted-llm-tools.ts';

/** Tokens of one answer; input holds the cached part. */
export interface ServedUsage {
  input: number;
  cachedInput: number;
  output: number;
}

/** One answer: a tool call, or the last words. */
export type Served = ({ call: ToolCall } | { say: string }) & { usage: ServedUsage };

/** What matters of a request. */
export interface Conversation {
  /** Everything that was said, without the tools. */
  text: string;
  /** How many results of tools are in it. */
  results: number;
  tools: OfferedTool[];
}

/** One protocol. */
export interface Protocol {
  /** Throws where the request is of another shape. */
  read(body: unknown): Conversation;
  write(served: Served, body: unknown, path: string, response: ServerResponse): void;
}

/** A part of a conversation, as far as it is looked at. */
export const item = z.looseObject({ type: z.string().optional(), role: z.string().optional() });

/** All texts in a value, however deep. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  return Object.values(value).map(textOf).join('\n');
}

/** One event of a stream; without a name it is data alone. */
export type StreamEvent = { name?: string; data: unknown };

/** Sends events, then `last` as it is, and ends the response. */
export function stream(response: ServerResponse, events: StreamEvent[], last = ''): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  for (const { name, data } of events) {
    response.write(`${name === undefined ? '' : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`);
  }
  response.end(last);
}

/** Sends one JSON value and ends the response. */
export function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

/** Whether a request asks for a stream. */
export const isStreamed = (body: unknown): boolean =>
  z.looseObject({ stream: z.literal(true) }).safeParse(body).success;
