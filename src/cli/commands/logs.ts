/** `lab logs`: the daemon's own log (pino, one JSON object a line) for people. */
import { existsSync, readFileSync, watchFile } from 'node:fs';
import pc from 'picocolors';
import { findQueueLab } from '../../config/own-lab.ts';
import type { CommandSpec } from '../define.ts';

/** Shows the daemon's log. */
export const logs: CommandSpec = {
  name: 'logs',
  summary: "Show the daemon's log",
  usage: '',
  options: [
    { name: 'lines', short: 'n', value: 'count', description: 'How many of the last lines (default 50)' },
    { name: 'follow', short: 'f', description: 'Go on as it grows' },
    { name: 'json', description: 'Print the lines as they are, JSON' },
  ],
  examples: ['lab logs', 'lab logs -f', 'lab logs -n 500 --json'],
  async run(input) {
    const paths = findQueueLab(process.cwd());
    const render = input.flag('json') ? (line: string) => line : renderLogLine;
    const print = (lines: string[]) => {
      for (const line of lines) if (line !== '') process.stdout.write(`${render(line)}\n`);
    };
    const read = () => (existsSync(paths.daemonLog) ? readFileSync(paths.daemonLog, 'utf8').split('\n') : []);
    let printed = read();
    if (printed.length === 0) process.stderr.write('the daemon has not written a log yet\n');
    print(printed.slice(-((input.wholeNumber('lines', 1) ?? 50) + 1)));
    if (!input.flag('follow')) return 0;
    return await new Promise<number>((resolve) => {
      process.once('SIGINT', () => resolve(0));
      watchFile(paths.daemonLog, { interval: 200 }, () => {
        const now = read();
        print(now.slice(Math.max(0, printed.length - 1)));
        printed = now;
      });
    });
  },
};

const levels: Record<number, string> = { 30: 'info', 40: pc.yellow('warn'), 50: pc.red('error'), 60: pc.red('fatal') };

/** One line of the daemon's log as time, level, message and the rest; what is no JSON is shown as it is. Pure. */
export function renderLogLine(line: string): string {
  let record: Record<string, unknown>;
  try {
    record = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line;
  }
  const { time, level, msg, pid: _pid, ...rest } = record;
  const details = Object.entries(rest).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return `${String(time)} ${levels[Number(level)] ?? String(level)} ${String(msg)}${details.length > 0 ? ` ${pc.dim(details.join(' '))}` : ''}`;
}
