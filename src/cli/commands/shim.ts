/** `lab shim pueue`: writes a small `pueue` script that calls lab, on request only. It is deleted by hand. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { packageRoot } from '../../config/package-root.ts';
import { LabError } from '../../errors/lab-error.ts';
import type { CommandSpec } from '../define.ts';
import { shimMark } from '../import/find-pueue.ts';

/** Writes a stand-in for another queue's command. */
export const shim: CommandSpec = {
  name: 'shim',
  summary: "Write a `pueue` script that calls lab, for old habits' sake",
  usage: 'pueue',
  options: [{ name: 'to', value: 'dir', description: 'Folder to write it to (default: ~/.local/bin)' }],
  examples: ['lab shim pueue', 'lab shim pueue --to ~/bin'],
  async run(input) {
    if (input.words.join(' ') !== 'pueue')
      throw new LabError('usage', `lab shim got "${input.words.join(' ')}", expected pueue`);
    const folder = resolve(input.text('to') ?? join(homedir(), '.local', 'bin'));
    const file = join(folder, 'pueue');
    if (existsSync(file) && !readFileSync(file, 'utf8').includes(shimMark)) {
      throw new LabError('refused', `${file} is there and was not written by lab, which overwrites nothing else`, {
        hints: ['`lab shim pueue --to <dir>` writes to another folder'],
      });
    }
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, readFileSync(join(packageRoot(), 'templates', 'pueue-shim.sh')));
    chmodSync(file, 0o755);
    process.stdout.write(`${file}\n`);
    if (!(process.env.PATH ?? '').split(delimiter).includes(folder))
      process.stderr.write(`${folder} is not in PATH, so the shell does not find it yet\n`);
    return 0;
  },
};
