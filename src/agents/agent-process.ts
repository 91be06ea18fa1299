/**
 * Starts an agent's command in a process group of its own and ends it with everything that came of it: after a limit, after its own end, and
 * after a kill -9 of the lab. What it prints and which limits hold are for others.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { errnoOf, LabError } from '../errors/lab-error.ts';
import { killRunProcesses } from './marked-processes.ts';

/** Seconds between SIGTERM and SIGKILL. */
export const graceSeconds = 3;

/** Descriptor of the wrapper that stays open for as long as the lab lives. */
export const lifelineDescriptor = 3;

/** How long output may still come after the last process is gone, in milliseconds. */
const drainMs = 2_000;

// The watcher sees the end of the pipe when the lab is gone, however it went, and takes the group along; it outlives a SIGTERM to the group,
// because the lab can die during the grace. The agent itself gets no end of the pipe. The command runs in the foreground, since a shell's
// background jobs ignore SIGINT; handlers (unlike ignored signals) are reset in it.
const script = `
trap : TERM INT HUP
{ trap '' TERM INT HUP; read -r line <&${lifelineDescriptor}; kill -s KILL -- "-$$"; } </dev/null >/dev/null 2>&1 &
watcher=$!
"$@" ${lifelineDescriptor}<&-
code=$?
kill -s KILL "$watcher" 2>/dev/null
exit "$code"
`;

/** Whatever has to be known to start an agent. */
export interface AgentProcessOptions {
  argv: readonly string[];
  cwd: string;
  /** The whole environment; LAB_AGENT_RUN in it marks the processes. */
  env: Record<string, string>;
  /** Value of LAB_AGENT_RUN: the run's folder, links resolved. */
  run: string;
  onStdout(chunk: Buffer): void;
  onStderr(chunk: Buffer): void;
}

/** How the command ended. */
export interface AgentExit {
  /** Null where a signal ended it. */
  code: number | null;
  signal: string | null;
  /** Processes that a SIGKILL did not end within ten seconds. */
  left: number[];
}

/** A started agent. */
export interface AgentProcess {
  /** Ends the group: SIGTERM, SIGKILL three seconds later. Does nothing the second time. */
  stop(): void;
  /** Resolves when the command has ended, nothing of it lives and all output was handed on; rejects with LabError where it did not start. */
  ended: Promise<AgentExit>;
}

/**
 * The command line of the wrapper around an agent's own. It has to lead a process group, with a pipe as `lifelineDescriptor` whose other end
 * only the lab holds.
 */
export function wrapperArgv(argv: readonly string[]): string[] {
  return ['/bin/sh', '-c', script, 'nightlab-agent', ...argv];
}

/** Starts an agent. Standard input is empty. */
export function startAgentProcess(options: AgentProcessOptions): AgentProcess {
  const [program = '/bin/sh', ...args] = wrapperArgv(options.argv);
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  child.stdout?.on('data', options.onStdout);
  child.stderr?.on('data', options.onStderr);
  // The other end goes with the wrapper; that is no news.
  child.stdio[lifelineDescriptor]?.on('error', () => undefined);
  const closed = once(child, 'close').catch(() => undefined);
  let kill: NodeJS.Timeout | null = null;

  const ended = (async (): Promise<AgentExit> => {
    let code: number | null;
    let signal: NodeJS.Signals | null;
    try {
      [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    } catch (error) {
      throw new LabError('agent', `the agent's shell could not be started in ${options.cwd}`, { cause: error });
    }
    if (kill !== null) clearTimeout(kill);
    // What it left in the background; the number of an empty group is not given out again so soon.
    if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
    const { left } = await killRunProcesses(options.run);
    // A process that cannot be found may hold the output open for ever.
    const drained = await Promise.race([closed.then(() => true), waitMs(drainMs)]);
    if (!drained) for (const stream of [child.stdout, child.stderr]) stream?.destroy();
    child.stdio[lifelineDescriptor]?.destroy();
    return { ...exitOf(code, signal), left };
  })();
  // Whoever waits for it hears of a failure; until then it must not end the lab.
  ended.catch(() => undefined);

  return {
    ended,
    stop: () => {
      const { pid } = child;
      if (kill !== null || pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      signalGroup(pid, 'SIGTERM');
      kill = setTimeout(() => signalGroup(pid, 'SIGKILL'), graceSeconds * 1000);
    },
  };
}

function waitMs(milliseconds: number): Promise<false> {
  return new Promise((resolve) => {
    // After a last look at the pipes: a lab that was itself held up for that long has not read yet what lies in them.
    setTimeout(() => setImmediate(() => resolve(false)), milliseconds).unref();
  });
}

/** Shells and bubblewrap tell a signal as 128 plus its number. */
function exitOf(code: number | null, signal: string | null): { code: number | null; signal: string | null } {
  if (code === null) return { code, signal };
  const name = Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0] ?? null;
  return name === null ? { code, signal } : { code: null, signal: name };
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    const code = errnoOf(error);
    // EPERM: macOS says so of a group that holds only zombies.
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}
