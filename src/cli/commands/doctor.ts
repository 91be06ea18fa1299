/** `lab doctor`: one line per thing that the lab needs, with the command that mends what is missing. */
import pc from 'picocolors';
import type { LabPaths } from '../../config/lab-paths.ts';
import { findQueueLab, ownLabFolder } from '../../config/own-lab.ts';
import { LabError } from '../../errors/lab-error.ts';
import type { CommandSpec } from '../define.ts';
import type { Check } from '../doctor/check.ts';
import { checkConfiguration } from '../doctor/config-checks.ts';
import { checkPreparedData } from '../doctor/data-check.ts';
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
    const { paths, place } = locate();
    const known = paths ? checkConfiguration(paths) : null;
    const checks = [
      ...(await checkMachine(paths?.root ?? process.cwd(), known?.config ?? null)),
      ...(place ? [place] : []),
      ...(known?.checks ?? []),
      ...(paths ? await checkLab(paths, known?.config ?? null) : []),
      ...(paths && known?.config ? checkPreparedData(paths, known.config) : []),
      ...(paths ? await checkLocks(paths, known?.config ?? null) : await checkSandbox(null, null)),
    ].filter(({ name }) => known?.config?.queue.place !== 'here' || !ofResearch.has(name));
    if (input.flag('json')) process.stdout.write(`${JSON.stringify(checks, null, 2)}\n`);
    else process.stdout.write(checks.map(renderCheck).join(''));
    return checks.some((check) => check.state === 'bad') ? 1 : 0;
  },
};

/** What a lab whose jobs run in place and are never scored does without. */
const ofResearch: ReadonlySet<string> = new Set(['charter', 'score', 'metric', 'agent', 'hooks', 'META_MODE']);

/** The lab that jobs queued here go to, and a line where it is not the one around this folder. */
function locate(): { paths: LabPaths | null; place: Check | null } {
  try {
    const paths = findQueueLab(process.cwd());
    if (paths.root !== ownLabFolder()) return { paths, place: null };
    const found = `your own, in ${paths.root}: where jobs go that are queued outside any lab`;
    return { paths, place: { name: 'lab', state: 'ok', found, mend: '' } };
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    return { paths: null, place: { name: 'lab', state: 'note', found: error.message, mend: error.hints[0] ?? '' } };
  }
}

function renderCheck(check: Check): string {
  const mark = { ok: pc.green('ok  '), note: pc.yellow('note'), bad: pc.red('BAD ') }[check.state];
  return `${mark} ${check.name.padEnd(9)} ${check.found}${check.mend ? `; mend: ${check.mend}` : ''}\n`;
}
