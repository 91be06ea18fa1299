/** Runs a command of a temporary lab on a pseudo terminal and talks to it, as a person at a keyboard would. Uses python3's pty module. */
import { execa } from 'execa';
import { labCommand, type TemporaryLab } from './temporary-lab.ts';

/** One turn: once the text has appeared (after what the turn before waited for), these keys are typed. */
export type Turn = readonly [awaited: string, typed: string];

/** How the command ended. */
export interface TerminalCall {
  /** Exit code; 128 and the number where a signal ended it. */
  code: number;
  /** All that the terminal showed, what was typed included, line ends as "\n". */
  screen: string;
}

// A silence of a minute is a hang: the command is killed, and the last turn that was waited for is told.
const driver = `
import fcntl, json, os, pty, select, signal, struct, sys, termios
command, turns, size = (json.loads(word) for word in sys.argv[1:4])
pid, terminal = pty.fork()
if pid == 0:
    if size:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    os.execvp(command[0], command)
shown, start = b"", 0
while True:
    if turns:
        found = shown.find(turns[0][0].encode(), start)
        if found >= 0:
            start = found + len(turns[0][0].encode())
            os.write(terminal, turns.pop(0)[1].encode())
            continue
    if not select.select([terminal], [], [], 60)[0]:
        os.kill(pid, signal.SIGKILL)
        sys.stderr.write("silent while waiting for " + repr(turns[:1]) + "\\n" + shown.decode("utf-8", "replace"))
        sys.exit(97)
    try:
        data = os.read(terminal, 65536)
    except OSError:
        data = b""
    if not data:
        break
    shown += data
_, status = os.waitpid(pid, 0)
code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
print(json.dumps({"code": code, "screen": shown.decode("utf-8", "replace").replace("\\r\\n", "\\n"), "left": turns}))
`;

/** What a terminal is like besides. */
export interface TerminalSetting {
  cwd: string;
  env: Record<string, string>;
  /** Columns and rows; absent: as the system makes it. */
  size?: readonly [columns: number, rows: number];
}

/** Runs `lab …` in the root on a terminal. Throws where the command falls silent, or ends before every turn had its say. */
export async function runOnTerminal(
  lab: TemporaryLab,
  args: string[],
  turns: readonly Turn[],
  env: Record<string, string> = {},
): Promise<TerminalCall> {
  const setting = { cwd: lab.root, env: { ...lab.env, TERM: 'dumb', ...env } };
  return await talkOnTerminal([...labCommand, ...args], turns, setting);
}

/** The same with any program. */
export async function talkOnTerminal(
  command: readonly string[],
  turns: readonly Turn[],
  { cwd, env, size }: TerminalSetting,
): Promise<TerminalCall> {
  const words = ['-c', driver, JSON.stringify(command), JSON.stringify(turns), JSON.stringify(size ?? null)];
  const { stdout } = await execa('python3', words, { cwd, env, extendEnv: false });
  const { code, screen, left } = JSON.parse(stdout) as TerminalCall & { left: Turn[] };
  if (left.length > 0) throw new Error(`ended with ${code} before ${JSON.stringify(left[0])} appeared:\n${screen}`);
  return { code, screen };
}
