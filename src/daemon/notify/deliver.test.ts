/** Sends events to a real local HTTP server and to real commands. */
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { configSchema } from '../../config/schema.ts';
import { deliverEvent } from './deliver.ts';
import type { LabEvent } from './event.ts';

interface Received {
  path: string;
  headers: Record<string, unknown>;
  body: string;
}

let root = '';
let received: Received[] = [];
let statuses: number[] = [];
let port = 0;
let closeServer = async (): Promise<void> => undefined;
const limits = { commandMs: 60_000, webhook: { limitMs: 60_000, pausesMs: [1, 1] } };
const never = new AbortController().signal;

beforeEach(async () => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'nl-notify-')));
  received = [];
  statuses = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', () => {
      received.push({ path: request.url ?? '', headers: request.headers, body });
      response.writeHead(statuses.shift() ?? 200).end('thanks');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
  closeServer = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
});

afterEach(async () => {
  await closeServer();
  rmSync(root, { recursive: true, force: true });
});

const failed: LabEvent = {
  name: 'failed',
  device: null,
  queued: 2,
  running: 1,
  isTest: false,
  job: {
    number: 7,
    kind: 'plain',
    label: 'Q: $(touch owned) <!channel>? H: "; touch owned',
    status: 'crash',
    run: {
      schema: 1,
      job: 7,
      attempt: 1,
      fate: { kind: 'failed', failure: 'exception', detail: 'ValueError: no' },
      metric: null,
      measuredBy: null,
      metrics: {},
      steps: [{ name: 'train', exitCode: 3, signal: null, seconds: 1 }],
      trainSeconds: 1,
      peakMemoryMib: null,
      memorySource: 'none',
      device: { id: 'cpu0', class: 'cpu', model: 'a processor' },
      flags: [],
      track: '00000000',
      startedAt: '2026-01-01T00:00:00+00:00',
      endedAt: '2026-01-01T00:00:01+00:00',
    },
  },
};

const deliver = (settings: object, stop = never) => {
  const notify = configSchema.parse({ notify: settings }).notify;
  return deliverEvent(failed, notify, { root, logs: join(root, 'logs') }, stop, { limits });
};

test('a command gets the values as environment variables, and a label runs nothing', async () => {
  const command =
    'printf "%s|%s|%s|%s|%s|%s" "$LAB_EVENT" "$LAB_JOB" "$LAB_FATE" "$LAB_EXIT" "$LAB_LABEL" "$(printenv LAB_METRIC || echo unset)" >out; ls';
  const [delivery] = await deliver({ command });
  expect(delivery).toMatchObject({ ok: true, detail: 'exit 0' });
  expect(readFileSync(join(root, 'out'), 'utf8')).toBe(
    'failed|7|exception|3|Q: $(touch owned) <!channel>? H: "; touch owned|unset',
  );
  expect(delivery?.answer.split('\n')).not.toContain('owned');
});

test('a command that fails or takes too long is a failure in words, not an exception', async () => {
  expect((await deliver({ command: 'echo oh; exit 4' }))[0]).toMatchObject({
    ok: false,
    detail: 'exit 4',
    answer: 'oh\n',
  });
  const notify = configSchema.parse({ notify: { command: 'sleep 600 & wait' } }).notify;
  const short = { ...limits, commandMs: 50 };
  const [late] = await deliverEvent(failed, notify, { root, logs: root }, never, { limits: short });
  expect(late).toMatchObject({ ok: false, detail: 'killed after 0.05 s' });
});

test('ntfy gets the text with a title, tags and a priority', async () => {
  const [delivery] = await deliver({ url: `http://127.0.0.1:${port}/topic`, shape: 'ntfy' });
  expect(delivery).toMatchObject({ ok: true, detail: 'HTTP 200', answer: 'thanks' });
  expect(received[0]?.headers).toMatchObject({ title: 'job 7 failed: exception', tags: 'x', priority: '4' });
  expect(received[0]?.body).toContain('ValueError: no');
});

test('Slack gets one text in which a label cannot ping anybody', async () => {
  await deliver({ url: `http://127.0.0.1:${port}/hook`, shape: 'slack' });
  const { text } = JSON.parse(received[0]?.body ?? '') as { text: string };
  expect(text).toContain('&lt;!channel&gt;');
  expect(text).not.toContain('<');
});

test('json names the missing metric as null and gives no path of this machine', async () => {
  await deliver({ url: `http://127.0.0.1:${port}/hook` });
  expect(JSON.parse(received[0]?.body ?? '')).toMatchObject({ event: 'failed', job: 7, exit: 3, metric: null });
  expect(received[0]?.body).not.toContain(tmpdir());
});

test('a server in trouble is asked three times, one that refuses once', async () => {
  const url = `http://127.0.0.1:${port}/hook`;
  statuses = [503, 503, 200];
  expect((await deliver({ url }))[0]).toMatchObject({ ok: true, detail: 'HTTP 200, after 3 tries' });
  statuses = [500, 500, 500, 200];
  expect((await deliver({ url }))[0]).toMatchObject({ ok: false, detail: 'HTTP 500, after 3 tries' });
  expect(received).toHaveLength(6);
  statuses = [403, 200];
  expect((await deliver({ url }))[0]).toMatchObject({ ok: false, detail: 'HTTP 403' });
});

test('nothing but the answer of the server can tell the address, whatever fails', async () => {
  const secret = 'T0PSECRET';
  const refused = await deliver({ url: `http://someone:${secret}@127.0.0.1:1/${secret}?token=${secret}` });
  const wrong = await deliver({ url: `${secret} is no address` });
  const sent = await deliver({ url: `http://someone:${secret}@127.0.0.1:${port}/${secret}` });
  expect([refused, wrong, sent].map(([delivery]) => delivery?.ok)).toEqual([false, false, true]);
  expect(JSON.stringify([refused, wrong, sent])).not.toContain(secret);
  expect(received[0]?.headers.authorization).toBe(`Basic ${Buffer.from(`someone:${secret}`).toString('base64')}`);
});
