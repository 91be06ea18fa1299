/**
 * A language model service on the loopback that follows a script: it plays each role of the lab with whatever tools a real coding agent
 * offers, and keeps count of what it answered. It holds no state between two requests: how many tool results a conversation has is the
 * step that it is at. What it says per role: scripted-llm-roles.ts; how the four protocols write it: scripted-llm-wire.ts.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { basename, dirname } from 'node:path';
import { chatCompletions, responses } from './scripted-llm-openai.ts';
import { gemini, messages } from './scripted-llm-others.ts';
import { findTask, listMoves } from './scripted-llm-roles.ts';
import { callFor } from './scripted-llm-tools.ts';
import type { Protocol, Served } from './scripted-llm-wire.ts';

/** What the service answered in one run of an agent. */
export interface ServedRun {
  role: string;
  /** Tools that the agent was told to use, in order. */
  tools: string[];
  /** Tokens that it was told of, all answers together. */
  input: number;
  cachedInput: number;
  output: number;
  /** Whether the last words were sent. */
  isOver: boolean;
}

/** A running service. */
export interface ScriptedLlm {
  /** http://127.0.0.1:port */
  url: string;
  /** By the name of the run's folder below .lab/agents. */
  runs: Map<string, ServedRun>;
  /** Requests that belong to no run of the lab: method, path and the names of what they sent. */
  others: string[];
  close(): Promise<void>;
}

/** The key that every protocol takes; another one is refused with 401. */
export const scriptedKey = 'sk-scripted-0123456789';

/** Starts the service on a free port. */
export async function startScriptedLlm(): Promise<ScriptedLlm> {
  const runs = new Map<string, ServedRun>();
  const others: string[] = [];
  const server = createServer((request, response) => {
    answer(request, response, runs, others).catch((error: unknown) => {
      others.push(`${request.method} ${request.url}: ${error instanceof Error ? error.message : String(error)}`);
      response.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the scripted service has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    runs,
    others,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The protocol that a path belongs to; null where none does. */
function findProtocol(path: string): Protocol | null {
  if (path.endsWith('/chat/completions')) return chatCompletions;
  if (path.endsWith('/responses')) return responses;
  if (path.endsWith('/messages')) return messages;
  return /:(?:streamG|g)enerateContent$/.test(path) ? gemini : null;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  runs: Map<string, ServedRun>,
  others: string[],
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const path = (request.url ?? '').split('?')[0] ?? '';
  const protocol = request.method === 'POST' ? findProtocol(path) : null;
  if (protocol === null) {
    others.push(`${request.method} ${request.url}`);
    // Codex asks for a websocket first, and takes 426 as the hint to do without.
    response
      .writeHead(request.headers.upgrade === undefined ? 404 : 426, { 'content-type': 'application/json' })
      .end('{"error":{"message":"no such route"}}');
    return;
  }
  if (!Object.values(request.headers).some((value) => value === scriptedKey || value === `Bearer ${scriptedKey}`)) {
    response
      .writeHead(401, { 'content-type': 'application/json' })
      .end(
        '{"error":{"type":"authentication_error","code":401,"status":"UNAUTHENTICATED","message":"the key is wrong"}}',
      );
    return;
  }
  const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  const conversation = protocol.read(body);
  const task = findTask(conversation.text);
  let served: Served = { say: 'Nothing to do.', usage: { input: 10, cachedInput: 0, output: 3 } };
  if (task === null || conversation.tools.length === 0) {
    others.push(`${request.method} ${path} with ${conversation.tools.length} tools: ${conversation.text.slice(-300)}`);
  } else {
    const run = basename(dirname(task.outbox));
    const entry = runs.get(run) ?? { role: task.role, tools: [], input: 0, cachedInput: 0, output: 0, isOver: false };
    runs.set(run, entry);
    const step = conversation.results;
    const move = listMoves(task)[step];
    const usage = { input: 1000 + 100 * step, cachedInput: 400, output: 50 + step };
    served =
      move === undefined
        ? { say: `The ${task.role} is done.`, usage }
        : { call: callFor(move, conversation.tools, `call_${step}`), usage };
    entry.tools.push(...('call' in served ? [served.call.name] : []));
    entry.isOver = move === undefined;
    entry.input += usage.input;
    entry.cachedInput += usage.cachedInput;
    entry.output += usage.output;
  }
  protocol.write(served, body, path, response);
}
