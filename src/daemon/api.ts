/** Serves the route table on a unix socket (0600): JSON in, JSON out, a LabError as its parts. No route is reachable from a network. */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { ensureSocketLength } from '../config/lab-paths.ts';
import { LabError, messageOf } from '../errors/lab-error.ts';
import { isRoute, parseRequest } from './request-schema.ts';
import { buildHeader, otherBuildStatus, type RouteName, type Routes, type WireError } from './routes.ts';

/** One handler per route. */
export type RouteHandlers = {
  [Name in RouteName]: (request: Routes[Name]['request']) => Promise<Routes[Name]['response']>;
};

// A batch of 10,000 jobs carries each one's environment.
const maxRequestBytes = 128 * 1024 * 1024;

/**
 * Listens on `socketPath`; an old socket file is removed first, which is safe only with the daemon's lock held. A request that names
 * another build than `build` is answered with 409 and does nothing, so that a client need not ask before each call.
 */
export async function serveApi(
  socketPath: string,
  handlers: RouteHandlers,
  build: string,
  onInternal: (error: unknown) => void,
): Promise<Server> {
  ensureSocketLength(socketPath);
  const server = createServer((request, response) => {
    const wanted = request.headers[buildHeader];
    if (wanted !== undefined && wanted !== build) {
      const message = `the daemon is build ${build}, the client ${String(wanted)}`;
      const wire: WireError = { error: { kind: 'worker', message, hints: ['`lab down` ends the daemon'] } };
      // The body is not read: the connection is closed after the answer.
      response.setHeader('connection', 'close');
      send(response, otherBuildStatus, wire);
      return;
    }
    answer(request, handlers)
      .then((body) => send(response, 200, body))
      .catch((error: unknown) => {
        if (!(error instanceof LabError) || error.kind === 'internal') onInternal(error);
        const known =
          error instanceof LabError
            ? error
            : new LabError('internal', messageOf(error), { hints: ['`lab logs` has the details'] });
        const wire: WireError = { error: { kind: known.kind, message: withCauses(known), hints: known.hints } };
        send(response, known.kind === 'internal' ? 500 : 400, wire);
      });
  });
  rmSync(socketPath, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // The mask keeps the socket closed to others from its first moment.
    const before = process.umask(0o177);
    server.listen(socketPath, () => resolve());
    process.umask(before);
  });
  chmodSync(socketPath, 0o600);
  return server;
}

function withCauses(error: LabError): string {
  const parts = [error.message];
  for (
    let cause = error.cause;
    cause !== undefined && cause !== null;
    cause = cause instanceof Error ? cause.cause : undefined
  )
    parts.push(messageOf(cause));
  return parts.join('\n  caused by: ');
}

async function answer(request: IncomingMessage, handlers: RouteHandlers): Promise<unknown> {
  const route = /^\/v1\/([a-zA-Z-]+)$/.exec(request.url ?? '')?.[1] ?? '';
  if (request.method !== 'POST' || !isRoute(route)) {
    throw new LabError('usage', `no route ${request.method ?? ''} ${request.url ?? ''}, expected POST /v1/<route>`);
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > maxRequestBytes) throw new LabError('usage', `the request is larger than ${maxRequestBytes} bytes`);
    chunks.push(chunk as Buffer);
  }
  return call(route, handlers, parseJson(Buffer.concat(chunks).toString('utf8')));
}

function call<Name extends RouteName>(
  route: Name,
  handlers: RouteHandlers,
  raw: unknown,
): Promise<Routes[Name]['response']> {
  return handlers[route](parseRequest(route, raw));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new LabError('usage', 'the request is no valid JSON', { cause: error });
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
