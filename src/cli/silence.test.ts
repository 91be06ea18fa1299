/** A daemon that is silent, on real sockets: it is told of, and one that takes its time over a request is not. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { waitUntil } from '../scenarios/temporary-lab.ts';
import { describeSilence, watchSilence } from './silence.ts';

const folder = mkdtempSync(join(tmpdir(), 'nl-silence-'));
const servers: { server: Server; sockets: Set<Socket> }[] = [];
afterEach(async () => {
  for (const { server, sockets } of servers.splice(0)) {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Listens; counts who came, and answers them or not. */
async function listen(answer: string | null): Promise<{ path: string; came(): number }> {
  const sockets = new Set<Socket>();
  let count = 0;
  const server = createServer((socket) => {
    count += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    if (answer !== null) socket.once('data', () => socket.end(answer));
  });
  servers.push({ server, sockets });
  const path = join(folder, 'x.sock');
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return { path, came: () => count };
}

test('where somebody listens and does not answer, that is told', async () => {
  const { path } = await listen(null);
  const over = new AbortController();
  let told = 0;
  watchSilence(path, over.signal, { askAfterMs: 1, answerMs: 50, againMs: 1 }, () => {
    told += 1;
  });
  await waitUntil('it is told', async () => (told > 0 ? true : null));
  over.abort();
  expect(told).toBe(1);
});

test('a daemon that answers is asked again and never told of, and the end of the call ends the asking', async () => {
  const { path, came } = await listen('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
  const over = new AbortController();
  let told = 0;
  watchSilence(path, over.signal, { askAfterMs: 1, answerMs: 60_000, againMs: 1 }, () => {
    told += 1;
  });
  await waitUntil('it was asked three times', async () => (came() >= 3 ? true : null));
  over.abort();
  expect(told).toBe(0);
});

test('the line names the process where it is known, and never says of a living one that it is stopped', () => {
  expect(describeSilence(null)).toMatch(/^the daemon does not answer; waiting; .*`lab doctor`/);
  expect(describeSilence(process.pid)).toMatch(
    new RegExp(`^the daemon \\(pid ${process.pid}\\) does not answer; waiting; `),
  );
  expect(describeSilence(process.pid)).not.toContain('kill -CONT');
});
