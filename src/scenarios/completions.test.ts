/** The completion scripts in the shells that they are for: what a press of the tab key gives. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { labCommand } from './temporary-lab.ts';
import { talkOnTerminal } from './terminal.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nl-tab-'));
  await writeFile(join(folder, 'jobs.jsonl'), '');
  for (const shell of ['bash', 'zsh', 'fish'])
    await writeFile(join(folder, `script.${shell}`), (await execa(...labCall('completions', shell))).stdout);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const labCall = (...args: string[]): [string, string[]] => [labCommand[0], [labCommand[1], ...args]];

const isMissing = async (shell: string): Promise<string | false> =>
  (await execa(shell, ['--version'], { reject: false })).failed && `${shell} is not installed`;

const bashMissing = await isMissing('bash');
const zshMissing = await isMissing('zsh');
const fishMissing = await isMissing('fish');

/** What fish offers after a line, without the descriptions. */
async function askFish(line: string): Promise<string[]> {
  const script = `source script.fish; complete -C '${line}'`;
  const env = { HOME: folder, PATH: process.env.PATH ?? '', LC_ALL: 'C.UTF-8' };
  const { stdout } = await execa('fish', ['--no-config', '-c', script], { cwd: folder, env, extendEnv: false });
  return stdout.split('\n').flatMap((offered) => offered.split('\t')[0] || []);
}

test.skipIf(fishMissing)(`fish: the first word alone is the command ${fishMissing || ''}`, async () => {
  expect(await askFish('lab aud')).toEqual(['audit']);
  expect(await askFish('lab --v')).toEqual(['--version']);
  expect(await askFish('lab add --la')).toEqual(['--label']);
  expect(await askFish('lab group add --')).toEqual(['--json', '--slots']);
  expect(await askFish('lab add --from jo')).toEqual(['jobs.jsonl']);
  expect(await askFish('lab add -- ls --la')).toEqual([]);
});

test.skipIf(zshMissing)(`zsh: commands, options and files are completed ${zshMissing || ''}`, async () => {
  const { screen } = await talkOnTerminal(
    ['zsh', '-f', '-i'],
    [
      // Whatever its first prompt is, what is typed waits for it.
      ['', `autoload -Uz compinit; compinit -u -D; source script.zsh; PS1='go''> '\n`],
      ['go> ', 'lab aud\t'],
      ['lab audit ', '\u0015lab add --la\t'],
      ['--label ', '\u0015lab add --from jo\t'],
      ['jobs.jsonl ', '\u0015lab group add --sl\t'],
      ['--slots ', '\u0015lab add -- ls --la\t'],
      ['ls --la', '\u0015exit\n'],
    ],
    { cwd: folder, env: { HOME: folder, PATH: process.env.PATH ?? '', TERM: 'dumb' } },
  );
  expect(screen).not.toContain('ls --label');
});

test.skipIf(bashMissing)(`bash: commands and options are completed ${bashMissing || ''}`, async () => {
  const ask = async (...words: string[]) => {
    const script = `source script.bash; COMP_WORDS=(lab "$@"); COMP_CWORD=$#; _lab; echo "\${COMPREPLY[*]}"`;
    const { stdout } = await execa('bash', ['--norc', '-c', script, 'bash', ...words], { cwd: folder });
    return stdout;
  };
  expect(await ask('aud')).toBe('audit');
  expect(await ask('add', '--la')).toBe('--label');
  expect(await ask('group', 'add', '--sl')).toBe('--slots');
  expect(await ask('add', '--', 'ls', '--la')).toBe('');
});
