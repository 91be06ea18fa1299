/** `lab doctor`: one line per thing that the lab needs, with the command that mends what is missing. */
import pc from 'picocolors';
import { findLab, type LabPaths } from '../../config/lab-paths.ts';
import { LabError } from '../../errors/lab-error.ts';
import type { CommandSpec } from '../define.ts';
import type { Check } from '../doctor/check.ts';
import { checkConfiguration } from '../doctor/config-checks.ts';
import { checkLab } from '../doctor/lab-checks.ts';
import { checkLocks, checkSandbox } from '../doctor/lock-checks.ts';
import { checkMachine } from '../doctor/machine-checks.ts';

/** Checks machine and lab; 1 where something keeps the lab from working. */
export const doctor: CommandSpec = {
  name: 'doctor',
  summary: 'Check what the lab needs on this machine',
  usage: '',
  options: [{ name: 'json', description: 'Print as JSON' }],
  examples: ['lab doctor', 'lab doctor --json'],
  async run(input) {
    const { paths, outside } = locate();
    const known = paths ? checkConfiguration(paths) : null;
    const checks = [
      ...(await checkMachine(paths?.root ?? process.cwd(), known?.config ?? null)),
      ...(outside ? [outside] : []),
      ...(known?.checks ?? []),
      ...(paths ? await checkLab(paths, known?.config ?? null) : []),
      ...(paths ? await checkLocks(paths, known?.config ?? null) : await checkSandbox(null, null)),
    ];
    if (input.flag('json')) process.stdout.write(`${JSON.stringify(checks, null, 2)}\n`);
    else process.stdout.write(checks.map(renderCheck).join(''));
    return checks.some((check) => check.state === 'bad') ? 1 : 0;
  },
};

function locate(): { paths: LabPaths | null; outside: Check | null } {
  try {
    return { paths: findLab(process.cwd()), outside: null };
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    return { paths: null, outside: { name: 'lab', state: 'note', found: error.message, mend: error.hints[0] ?? '' } };
  }
}

function renderCheck(check: Check): string {
  const mark = { ok: pc.green('ok  '), note: pc.yellow('note'), bad: pc.red('BAD ') }[check.state];
  return `${mark} ${check.name.padEnd(9)} ${check.found}${check.mend ? `; mend: ${check.mend}` : ''}\n`;
}
