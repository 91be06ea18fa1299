/** `lab autoresearch intake`: prints the intake packet and nothing else; and the way in which every mode prints it before it acts. */
import { resolve } from 'node:path';
import type { LabPaths } from '../../config/lab-paths.ts';
import { findCheckoutRoot } from '../../config/repository-root.ts';
import type { RatchetMode } from '../../domain/ratchet.ts';
import { type Intake, readIntake } from '../../ratchet/intake/intake.ts';
import { renderIntake } from '../../ratchet/intake/render-intake.ts';
import { modeRules } from '../../ratchet/mode-rules.ts';
import { ensureNoWords } from '../define.ts';
import type { Verb } from '../verbs.ts';

/** What was printed in this process, by mode and place: a request prints the packet, and the mode that it picks does not print it again. */
const printed = new Map<string, Intake>();

const keyOf = (mode: RatchetMode, place: string | LabPaths): string => {
  const folder = resolve(typeof place === 'string' ? place : place.root);
  return `${mode} ${findCheckoutRoot(folder) ?? folder}`;
};

/**
 * Reads the packet for a mode and prints it on stderr, with the rules that the mode keeps; asked again in the same process it prints nothing
 * more. Gives it back, so that a mode that has --json can put it into what it shows. `place` is a folder or a lab; default is the present folder.
 */
export async function printIntake(mode: RatchetMode, place: string | LabPaths = process.cwd()): Promise<Intake> {
  const known = printed.get(keyOf(mode, place));
  if (known !== undefined) return known;
  const packet = await readIntake(place, mode);
  showIntake(packet, mode, place);
  return packet;
}

/** Prints a packet that was read already, as printIntake does. */
export function showIntake(packet: Intake, mode: RatchetMode, place: string | LabPaths = process.cwd()): void {
  printed.set(keyOf(mode, place), packet);
  process.stderr.write(`${renderIntake(packet)}\n${renderModeRules(mode)}\n`);
}

/** The rules that a mode keeps, one a line. */
export function renderModeRules(mode: RatchetMode): string {
  return `${mode} keeps these rules:\n${modeRules[mode].map((rule) => `- ${rule}\n`).join('')}`;
}

/** Prints the packet. */
export const intake: Verb = {
  name: 'intake',
  usage: '',
  summary: 'Show what is here: repository, hardware, sessions, constraints',
  options: [{ name: 'json', description: 'Print as JSON' }],
  async run(input) {
    ensureNoWords('autoresearch intake', input);
    const packet = await readIntake(process.cwd(), null);
    process.stdout.write(input.flag('json') ? `${JSON.stringify(packet, null, 2)}\n` : renderIntake(packet));
    return 0;
  },
};
