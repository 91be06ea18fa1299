/**
 * One HTTP request on a unix socket, spoken by hand over node:net: node's own HTTP client takes as long to load as everything else in
 * `lab status` together (bench/README.md). Covers what our own server sends (api.ts): one answer with a content-length per connection.
 * No chunked bodies, no redirects, no network.
 */
import { connect } from 'node:net';

/** What is sent. */
export interface Post {
  path: string;
  /** JSON. */
  text: string;
  /** Further headers, lower case. */
  headers?: Record<string, string>;
}

/** An answer as it came. */
export interface Answer {
  /** HTTP status. */
  status: number;
  body: string;
}

/**
 * Posts JSON text and resolves to the answer. Rejects with the system's error where nobody listens, with code ECONNRESET where the other
 * side went away before its answer was whole, and with the signal's reason when it aborts.
 */
export function postJson(socketPath: string, post: Post, signal?: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const chunks: Buffer[] = [];
    const socket = connect(socketPath);
    const abort = () => socket.destroy(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
    signal?.addEventListener('abort', abort, { once: true });
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => {
      signal?.removeEventListener('abort', abort);
      const answer = parseAnswer(Buffer.concat(chunks));
      if (answer !== null) resolve(answer);
      else reject(Object.assign(new Error('the connection ended before the answer'), { code: 'ECONNRESET' }));
    });
    const headers = {
      host: 'localhost',
      connection: 'close',
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(post.text)),
      ...post.headers,
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`POST ${post.path} HTTP/1.1\r\n${lines.join('')}\r\n${post.text}`);
  });
}

/** Parses a whole answer; null where it is cut short or is none. */
export function parseAnswer(bytes: Buffer): Answer | null {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd === -1) return null;
  const head = bytes.subarray(0, headEnd).toString('latin1');
  const status = /^HTTP\/1\.\d (\d{3})/.exec(head)?.[1];
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  const body = bytes.subarray(headEnd + 4);
  // Without a length the end of the connection is the end of the body.
  if (status === undefined || (length !== undefined && body.length < Number(length))) return null;
  return { status: Number(status), body: body.toString('utf8') };
}
