import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type RouteHandlers, serveApi } from '../daemon/api.ts';
import { buildHeader, otherBuildStatus } from '../daemon/routes.ts';
import { postJson } from './exchange.ts';

let folder = '';
let server: Server;
let killed: number[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'api-'));
  killed = [];
  const unused = () => Promise.reject(new Error('not asked for here'));
  const handlers = new Proxy(
    {
      kill: async ({ numbers }: { numbers: number[] }) => {
        killed.push(...numbers);
        return { results: [], notes: [] };
      },
    },
    { get: (own, name) => (name === 'kill' ? own.kill : unused) },
  ) as unknown as RouteHandlers;
  server = await serveApi(join(folder, 's.sock'), handlers, 'build-a', () => undefined);
});
afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const kill = (headers: Record<string, string>) =>
  postJson(join(folder, 's.sock'), {
    path: '/v1/kill',
    text: JSON.stringify({ numbers: [1], graceSeconds: null }),
    headers,
  });

test('a request of a client of another build is refused before it does anything', async () => {
  const answer = await kill({ [buildHeader]: 'build-b' });
  expect(answer.status).toBe(otherBuildStatus);
  expect(answer.body).toContain('the daemon is build build-a, the client build-b');
  expect(killed).toEqual([]);
});

test.each([[{ [buildHeader]: 'build-a' }], [{}]])('a request with the headers %j is carried out', async (headers) => {
  expect((await kill(headers)).status).toBe(200);
  expect(killed).toEqual([1]);
});
