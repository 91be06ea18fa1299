import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseAnswer, postJson } from './exchange.ts';

let folder = '';
let server: Server | null = null;
const socketPath = () => join(folder, 's.sock');

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'exchange-'));
});
afterEach(() => {
  server?.close();
  server = null;
  rmSync(folder, { recursive: true, force: true });
});

async function serve(onConnection: (socket: Socket) => void): Promise<void> {
  server = createServer(onConnection).listen(socketPath());
  await once(server, 'listening');
}

test("a real HTTP server's answer of a megabyte with text beyond ASCII comes back whole, with its status", async () => {
  const http = createHttpServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      response.writeHead(400, { 'content-length': body.length });
      response.end(body);
    });
  });
  server = http;
  http.listen(socketPath());
  await once(http, 'listening');
  const text = JSON.stringify({ text: 'Größe … 日本 '.repeat(60_000) });
  expect(await postJson(socketPath(), { path: '/v1/echo', text })).toEqual({ status: 400, body: text });
});

test('nobody listening is told by the error code', async () => {
  await expect(postJson(socketPath(), { path: '/v1/hello', text: '{}' })).rejects.toMatchObject({ code: 'ENOENT' });
});

test.each(['', 'HTTP/1.1 200 OK\r\ncontent-le', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{"a":1'])(
  'a server that dies after sending %j is a reset, not an answer',
  async (sent) => {
    await serve((socket) => {
      socket.once('data', () => socket.end(sent));
    });
    await expect(postJson(socketPath(), { path: '/v1/hello', text: '{}' })).rejects.toMatchObject({
      code: 'ECONNRESET',
    });
  },
);

test('an abort ends the wait for a silent server with its own reason', async () => {
  await serve((socket) => {
    socket.on('error', () => undefined);
  });
  const controller = new AbortController();
  const answer = postJson(socketPath(), { path: '/v1/wait', text: '{}' }, controller.signal);
  controller.abort(new Error('enough'));
  await expect(answer).rejects.toThrow('enough');
});

test('a body is cut at no byte of its text', () => {
  const body = Buffer.from('{"a":"ü"}');
  const whole = Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`), body]);
  expect(parseAnswer(whole)).toEqual({ status: 200, body: '{"a":"ü"}' });
  expect(parseAnswer(whole.subarray(0, -1))).toBeNull();
});
