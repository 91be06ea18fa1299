/**
 * Watches the limits of one agent run and says once, in words, which of them was met. It ends nothing itself. Limits on tokens and dollars
 * hold only where the agent reports them.
 */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, messageOf } from '../errors/lab-error.ts';
import type { AgentLimits, AgentStatus, TokenCount } from './agent.ts';

/** Why a run is ended before its own end. */
export interface Stop {
  status: Extract<AgentStatus, 'cancelled' | 'timeout' | 'idle' | 'budget' | 'failed'>;
  /** One sentence that names the limit and its configuration key. */
  reason: string;
}

/** Running limits. */
export interface LimitWatch {
  /** To be called for every byte that the agent prints. */
  noteOutput(): void;
  /** To be called with every report of usage. */
  noteUsage(tokens: TokenCount, costUsd: number | null): void;
  /** Ends the watch. */
  close(): void;
}

/** Longest time that a timer of node can take, in milliseconds. */
const longestTimerMs = 2 ** 31 - 1;

/** Starts watching. `onStop` is called at most once, never before this returns. */
export function watchLimits(
  limits: AgentLimits,
  outbox: string,
  signal: AbortSignal,
  onStop: (stop: Stop) => void,
): LimitWatch {
  let isOver = false;
  let lastSignMs = Date.now();
  let idleTimer: NodeJS.Timeout;

  const close = (): void => {
    isOver = true;
    clearTimeout(wallTimer);
    clearTimeout(idleTimer);
    signal.removeEventListener('abort', cancel);
  };
  const end = (status: Stop['status'], reason: string): void => {
    if (isOver) return;
    close();
    onStop({ status, reason });
  };
  const cancel = (): void => end('cancelled', cancelReason(signal));
  const idleMs = limits.idleSeconds * 1000;
  const lookForSigns = async (): Promise<void> => {
    // A clock that was set back must not keep an agent alive for ever.
    lastSignMs = Math.min(lastSignMs, Date.now());
    if (Date.now() - lastSignMs >= idleMs) {
      const handedIn = await newestChangeMs(outbox);
      if (isOver) return;
      lastSignMs = Math.max(lastSignMs, Math.min(handedIn, Date.now()));
    }
    const restMs = lastSignMs + idleMs - Date.now();
    if (restMs <= 0) {
      end('idle', `printed nothing and handed in nothing for agents.idleSeconds = ${limits.idleSeconds} s`);
    } else {
      idleTimer = setTimeout(look, Math.min(restMs, longestTimerMs));
    }
  };
  const look = (): void => {
    lookForSigns().catch((error: unknown) => end('failed', `the outbox could not be read: ${messageOf(error)}`));
  };

  const wallTimer = setTimeout(
    () => end('timeout', `ran longer than agents.wallSeconds = ${limits.wallSeconds} s`),
    Math.min(limits.wallSeconds * 1000, longestTimerMs),
  );
  idleTimer = setTimeout(look, Math.min(idleMs, longestTimerMs));
  signal.addEventListener('abort', cancel, { once: true });
  // An abort between the caller's look and this line is not told again.
  if (signal.aborted) queueMicrotask(cancel);

  return {
    close,
    noteOutput: () => {
      lastSignMs = Date.now();
    },
    noteUsage: (tokens, costUsd) => {
      const used = tokens.input + tokens.output;
      if (limits.tokens !== null && used > limits.tokens) {
        end('budget', `used ${used} tokens, more than agents.tokens = ${limits.tokens}`);
      }
      if (limits.usd !== null && costUsd !== null && costUsd > limits.usd) {
        end('budget', `cost ${costUsd.toFixed(4)} US dollars, more than agents.usd = ${limits.usd}`);
      }
    },
  };
}

/** The reason of a cancelled run; carries what the caller gave as the reason of its abort, where it gave a text or an error. */
export function cancelReason(signal: AbortSignal): string {
  const why: unknown = signal.reason;
  const said = typeof why === 'string' ? why : why instanceof Error && why.name !== 'AbortError' ? why.message : '';
  return said === '' ? 'was called off by the lab' : `was called off by the lab: ${said}`;
}

/** Newest moment at which something in a folder changed, in milliseconds since 1970; 0 for a missing folder. */
async function newestChangeMs(folder: string): Promise<number> {
  try {
    let newest = (await lstat(folder)).ctimeMs;
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      newest = Math.max(newest, entry.isDirectory() ? await newestChangeMs(path) : (await lstat(path)).ctimeMs);
    }
    return newest;
  } catch (error) {
    // The agent may remove a file or a folder between the list and the look.
    if (errnoOf(error) === 'ENOENT') return 0;
    throw error;
  }
}
