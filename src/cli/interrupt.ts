/** What Ctrl-C means while a command only looks on: the jobs go on, and that is said before the command ends as it would have. */
import { formatNumbers, listRanges } from '../daemon/control/number-ranges.ts';

/** Says `describe()` in a line of its own on standard error when SIGINT comes, then ends by it. The function given takes that back. */
export function tellOnInterrupt(describe: () => string): () => void {
  const onSignal = () => {
    // After the terminal's own "^C".
    process.stderr.write(`${process.stderr.isTTY === true ? '\n' : ''}${describe()}\n`);
    // Without this listener it ends as one who was interrupted, which a shell's loop must see.
    process.kill(process.pid, 'SIGINT');
  };
  process.once('SIGINT', onSignal);
  return () => void process.removeListener('SIGINT', onSignal);
}

/** That jobs go on although nobody looks any more, with the way back and the way to end them; none: whatever the queue holds. Pure. */
export function describeGoingOn(numbers: readonly number[]): string {
  if (numbers.length === 0) return 'the jobs go on; `lab follow` looks again, `lab status` names them';
  const list = formatNumbers(numbers);
  const words = listRanges(numbers).join(' ');
  const who = numbers.length === 1 ? `job ${list} goes on` : `jobs ${list} go on`;
  return `${who}; \`lab follow ${words}\` looks again, \`lab kill ${words}\` ends ${numbers.length === 1 ? 'it' : 'them'}`;
}
