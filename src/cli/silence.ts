/**
 * One exchange with the daemon that does not wait without a word: where it answers nothing at all (stopped by a signal, a machine that swaps),
 * that is said once, and the waiting goes on. Many routes take their time, so silence is told by a second, short question. Node built-ins only.
 */
import { readFileSync } from 'node:fs';
import { type Answer, type Post, postJson } from './exchange.ts';

/** Whom a client talks to. */
export interface DaemonPlace {
  socket: string;
  /** Its process; null where that is not known. */
  pid(): number | null;
}

/** How long is waited before it is asked, how long it may take over that, and how long it is left alone after an answer. */
export interface Patience {
  askAfterMs: number;
  answerMs: number;
  againMs: number;
}

const usual: Patience = { askAfterMs: 1000, answerMs: 5000, againMs: 10_000 };

// Once in a process: the next call meets the same silence.
let isTold = false;

/** Posts and resolves as postJson does; says once on standard error where the daemon is silent. */
export async function postWatched(place: DaemonPlace, post: Post, signal?: AbortSignal): Promise<Answer> {
  const tell = () => {
    if (!isTold) process.stderr.write(`${describeSilence(place.pid())}\n`);
    isTold = true;
  };
  const over = new AbortController();
  if (!isTold) watchSilence(place.socket, over.signal, usual, tell);
  try {
    return await postJson(place.socket, post, signal);
  } finally {
    over.abort();
  }
}

/** Asks again and again, until `over`, whether anybody answers; `tell` is called where nobody does, and then no more is asked. */
export function watchSilence(socket: string, over: AbortSignal, patience: Patience, tell: () => void): void {
  const ask = async (): Promise<void> => {
    const limit = AbortSignal.timeout(patience.answerMs);
    try {
      await postJson(socket, { path: '/v1/hello', text: '{}' }, AbortSignal.any([over, limit]));
      askIn(patience.againMs);
    } catch {
      // One that went away is met by the call itself.
      if (limit.aborted && !over.aborted) tell();
    }
  };
  const askIn = (ms: number): void => {
    if (over.aborted) return;
    const timer = setTimeout(() => void ask(), ms);
    over.addEventListener('abort', () => clearTimeout(timer), { once: true });
  };
  askIn(patience.askAfterMs);
}

/** The line about a silent daemon, with the way out where its process is seen to be stopped. */
export function describeSilence(pid: number | null): string {
  const who = pid === null ? 'the daemon' : `the daemon (pid ${pid})`;
  const help =
    pid !== null && isStopped(pid)
      ? `it is stopped, and \`kill -CONT ${pid}\` lets it go on`
      : '`lab logs` shows what it did last, `lab doctor` checks the machine';
  return `${who} does not answer; waiting; ${help}`;
}

/** Whether a process is stopped by a signal; false where nothing tells. */
function isStopped(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return /^T/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    // Not Linux, or it is gone by now.
    return false;
  }
}
